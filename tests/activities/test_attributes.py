"""What an activity may carry besides its figures."""

from typing import Any

import pytest
from rest_framework.serializers import ValidationError

from activities.api.attributes import AttributesField
from activities.attributes import checked_attributes
from common.errors import Malformed


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"cabin": "business", "checked-bags": 2, "price_2": 2.5, "vip": True, "guest": False},
        {f"a{n}": n for n in range(20)},
        {"note": "x" * 200, "far": 2**53, "low": -(2**53)},
    ],
)
def test_names_with_a_text_a_number_or_a_yes_or_no_are_taken(given: dict[str, Any]) -> None:
    assert checked_attributes(given) == given


@pytest.mark.parametrize(
    ("given", "pointer"),
    [
        ([], "/attributes"),
        ("cabin", "/attributes"),
        (None, "/attributes"),
        ({f"a{n}": n for n in range(21)}, "/attributes"),
        ({"2nd": 1}, "/attributes/2nd"),
        ({"a b": 1}, "/attributes/a b"),
        ({"": 1}, "/attributes/"),
        ({"a" * 41: 1}, f"/attributes/{'a' * 40}"),
        ({"cabin": "x" * 201}, "/attributes/cabin"),
        ({"cabin": "a\x00b"}, "/attributes/cabin"),
        ({"cabin": None}, "/attributes/cabin"),
        ({"cabin": ["x"]}, "/attributes/cabin"),
        ({"cabin": {"x": 1}}, "/attributes/cabin"),
        ({"far": 2**53 + 1}, "/attributes/far"),
        ({"far": float("nan")}, "/attributes/far"),
        ({"far": float("inf")}, "/attributes/far"),
    ],
)
def test_anything_else_is_refused_and_pointed_at(given: Any, pointer: str) -> None:
    with pytest.raises(Malformed) as error:
        checked_attributes(given)
    assert [one["pointer"] for one in error.value.errors] == [pointer]


def test_the_field_tells_every_mistake_under_its_name() -> None:
    with pytest.raises(ValidationError) as error:
        AttributesField().run_validation({"2nd": 1, "cabin": None, "vip": True})
    detail: Any = error.value.detail
    assert set(detail) == {"2nd", "cabin"}
