"""A refusal, and that it changed nothing."""

from collections.abc import Callable

import pytest

from common.errors import LoyaltyError

from .moving_world import balances, counted


def refused(code: str, do: Callable[[], object]) -> LoyaltyError:
    """What `do` is refused with; no ledger row and no balance may have changed."""
    before = counted(), balances()
    with pytest.raises(LoyaltyError) as caught:
        do()
    assert caught.value.code == code
    assert (counted(), balances()) == before
    return caught.value
