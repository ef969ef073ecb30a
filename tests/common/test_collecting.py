"""The collector of cycles is asked to look seldom, and as often as before afterwards."""

import gc

import pytest

from common.collecting import OFTEN, SELDOM, collected_seldom


def test_it_looks_seldom_within_the_block_and_as_before_behind_it_even_after_an_error() -> None:
    before = gc.get_threshold()
    with pytest.raises(ZeroDivisionError), collected_seldom():
        assert gc.get_threshold() == (OFTEN, SELDOM, SELDOM) != before
        raise ZeroDivisionError
    assert gc.get_threshold() == before


def test_of_blocks_that_overlap_in_threads_the_last_one_sets_it_back() -> None:
    before = gc.get_threshold()
    first, second = collected_seldom(), collected_seldom()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert gc.get_threshold() == (OFTEN, SELDOM, SELDOM)
    second.__exit__(None, None, None)
    assert gc.get_threshold() == before
