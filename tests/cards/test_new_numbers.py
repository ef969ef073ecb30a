"""A hundred thousand numbers: by the scheme, all different, every symbol equally likely at every place."""

from collections import Counter

import pytest

from cards.numbering import BASE32, DIGITS, new_number, new_numbers, validate
from programs.models import CheckScheme, NumberBody, Program

COUNT = 100_000
# Chi-square for 9 and 31 degrees of freedom: fair symbols exceed it at one place in a hundred million.
BOUNDS = {NumberBody.DIGITS: 56.0, NumberBody.BASE32: 98.0}
SCHEMES = [
    ("97", NumberBody.DIGITS, CheckScheme.LUHN, 12),
    ("", NumberBody.DIGITS, CheckScheme.GS1, 15),
    ("SK", NumberBody.BASE32, CheckScheme.ISO7064, 16),
]


def program(prefix: str, body: str, check: str, length: int) -> Program:
    return Program(
        name="Sky", code="sky", card_prefix=prefix, card_body=body, card_check=check, card_body_length=length
    )


def chi_square(symbols: list[str], alphabet: str) -> float:
    counts, expected = Counter(symbols), len(symbols) / len(alphabet)
    assert set(counts) <= set(alphabet)
    return sum((counts[one] - expected) ** 2 / expected for one in alphabet)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: f"{scheme[1]}-{scheme[2]}")
def test_a_hundred_thousand_numbers_are_different_and_uniform(scheme: tuple[str, str, str, int]) -> None:
    sky = program(*scheme)
    prefix, body, _check, length = scheme
    numbers = new_numbers(sky, count=COUNT)
    assert len(set(numbers)) == len(numbers) == COUNT
    assert all(validate(number, program=sky) for number in numbers[::97])
    alphabet = DIGITS if body == NumberBody.DIGITS else BASE32
    found = {
        place: chi_square([number[len(prefix) + place] for number in numbers], alphabet) for place in range(length)
    }
    assert max(found.values()) < BOUNDS[NumberBody(body)], found


def test_neighbors_do_not_depend_on_each_other() -> None:
    numbers = new_numbers(program(*SCHEMES[0]), count=COUNT)
    pairs = [number[2] + after[2] for number, after in zip(numbers[::2], numbers[1::2], strict=True)]
    expected = len(pairs) / 100
    found = sum((count - expected) ** 2 / expected for count in Counter(pairs).values())
    assert len(set(pairs)) == 100
    # 99 degrees of freedom, one in ten million.
    assert found < 181


def test_the_bound_notices_a_symbol_that_comes_too_often() -> None:
    """The negative control: bytes modulo 10 prefer 0 to 5 by four percent."""
    biased = [DIGITS[one % 10] for one in range(256)] * (COUNT // 256)
    assert chi_square(biased, DIGITS) < BOUNDS[NumberBody.DIGITS] < chi_square(biased + ["0"] * 2000, DIGITS)


@pytest.mark.parametrize("scheme", SCHEMES, ids=lambda scheme: f"{scheme[1]}-{scheme[2]}")
def test_many_at_once_look_like_one_by_one(scheme: tuple[str, str, str, int]) -> None:
    sky = program(*scheme)
    (many,) = new_numbers(sky, count=1)
    one = new_number(sky)
    assert len(many) == len(one) and many.startswith(scheme[0]) and validate(one, program=sky)
    assert new_numbers(sky, count=0) == []
