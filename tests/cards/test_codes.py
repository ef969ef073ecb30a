"""The code under the scratch field: eight symbols by the secret of the batch, never stored."""

import hmac

import pytest

from cards.codes import code_matches, code_of
from cards.models import Card, CardBatch
from cards.numbering import BASE32

KEY = bytes(range(32))


def batch(key: bytes = KEY) -> CardBatch:
    return CardBatch(name="fair", code_key=key)


def test_a_code_is_the_start_of_the_hmac_in_crockfords_symbols() -> None:
    digest = int.from_bytes(hmac.new(KEY, b"4711000000000018", "sha256").digest()[:5], "big")
    expected = "".join(BASE32[(digest >> shift) & 31] for shift in range(35, -1, -5))
    assert code_of(batch(), "4711000000000018") == expected
    assert len(expected) == 8


def test_numbers_and_batches_have_codes_of_their_own() -> None:
    numbers = [f"{number:016d}" for number in range(1000)]
    codes = {code_of(one, number) for number in numbers for one in (batch(), batch(bytes(32)))}
    assert len(codes) == 2000
    assert set("".join(codes)) == set(BASE32)


@pytest.mark.parametrize(
    ("written", "matches"),
    [
        ("{code}", True),
        ("{code:.4}-{rest}", True),
        (" {lower} ", True),
        ("{code}0", False),
        ("{code:.7}", False),
        ("", False),
        ("ÄÖÜ✓", False),
    ],
)
def test_a_code_is_compared_as_people_write_it(written: str, matches: bool) -> None:
    card = Card(number_id="4711000000000018", batch=batch())
    code = code_of(batch(), "4711000000000018")
    assert code_matches(card, written.format(code=code, rest=code[4:], lower=code.lower())) is matches


def test_letters_read_for_digits_count_as_those() -> None:
    number = next(one for one in map(str, range(10**15, 10**16)) if {"0", "1"} <= set(code_of(batch(), one)))
    code = code_of(batch(), number)
    card = Card(number_id=number, batch=batch())
    assert code_matches(card, code.replace("0", "O").replace("1", "l"))
    assert code_matches(card, code.replace("0", "o").replace("1", "I"))


def test_a_card_of_another_batch_or_of_none_has_not_that_code() -> None:
    code = code_of(batch(), "4711000000000018")
    assert not code_matches(Card(number_id="4711000000000018", batch=batch(bytes(32))), code)
    assert not code_matches(Card(number_id="4711000000000026", batch=batch()), code)
    assert not code_matches(Card(number_id="4711000000000018", batch=None), code)
