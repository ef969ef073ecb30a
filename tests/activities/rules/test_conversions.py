"""What a text, a number or a yes becomes where a rule asks for another kind, held against the library's own CEL."""

import cel
import pytest
from hypothesis import given
from hypothesis import strategies as st

from activities.rules.conversions import text_of
from activities.rules.expressions import exact
from tests.activities.rules.ruling import activity
from tests.activities.rules.test_expressions import computed, failure


@pytest.mark.parametrize("text", ["0", "7", "-12", "+5", "007", "999999999999999"])
def test_a_text_is_a_whole_number_if_it_is_written_as_one(text: str) -> None:
    """As in CEL, by the library itself."""
    assert computed(f'int("{text}")', "number") == cel.compile(f'int("{text}")').execute(cel.Context()) == int(text)


@pytest.mark.parametrize(
    "text",
    ["", " ", "1.200", "1,200", "1.0", "12 ", " 12", "1e3", "0x10", "1_0", "٣", "²", "two", "+", "--1", "nan", "inf"],
)
def test_a_text_that_is_no_whole_number_is_an_error(text: str) -> None:
    """As in CEL, by the library itself."""
    assert failure(f'int("{text}") >= 0') == "not_a_number"
    with pytest.raises(RuntimeError, match="parse error"):
        cel.compile(f'int("{text}")').execute(cel.Context())


@pytest.mark.parametrize("text", ["", "two", "1,2", " 12", "12 ", "0x10", "1_000", "٣", "1f", ".", "e5", "1e", "--1"])
def test_a_text_that_is_no_number_is_an_error(text: str) -> None:
    """As in CEL, by the library itself."""
    assert failure(f'double("{text}") >= 0') == "not_a_number"
    with pytest.raises(RuntimeError, match="parse error"):
        cel.compile(f'double("{text}")').execute(cel.Context())


@pytest.mark.parametrize("text", ["nan", "NaN", "inf", "-inf", "Infinity"])
def test_a_number_without_end_is_none_though_cel_has_it(text: str) -> None:
    assert failure(f'double("{text}") >= 0') == "not_a_number"


@pytest.mark.parametrize("source", ['int("9007199254740993") > 0', f'int("{"9" * 60}") > 0', 'double("1e999") > 0'])
def test_a_text_of_a_number_that_no_double_holds_is_an_error(source: str) -> None:
    assert failure(source) == "too_large"


@pytest.mark.parametrize("text", ["1.200", "12", "-.5", "3.", "1e3", "+2.5E-2", "-0"])
def test_a_text_of_a_number_is_what_cel_takes_it_for(text: str) -> None:
    source = f'double("{text}")'
    assert computed(source, "number") == exact(cel.compile(source).execute(cel.Context()))


def test_values_a_channel_sent_are_converted_by_what_they_are() -> None:
    of = activity(attributes={"count": "12", "price": "1.200", "nights": 2.9, "rush": True})
    for source, value in (
        ("int(activity.attributes.count)", 12),
        ("int(activity.attributes.nights)", 2),
        ("double(activity.attributes.price) * 10", 12),
        ("double(activity.attributes.nights) * 10", 29),
    ):
        assert computed(source, "number", of=of) == value
    for source, text in (
        ("string(activity.attributes.rush)", "true"),
        ("string(activity.attributes.nights)", "2.9"),
        ("string(activity.attributes.price)", "1.200"),
    ):
        assert computed(source, "text", of=of) == text
    assert failure("int(activity.attributes.price) > 0", of=of) == "not_a_number"


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_written_as_the_library_writes_it(number: float) -> None:
    assert text_of(number) == cel.compile("string(n)").execute(cel.Context(variables={"n": number}))
