"""The field of an activity's own attributes."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from activities.attributes import LONGEST, MOST, checked_attributes
from common.errors import Malformed


@extend_schema_field(
    {
        "type": "object",
        "maxProperties": MOST,
        "additionalProperties": {
            "oneOf": [{"type": "string", "maxLength": LONGEST}, {"type": "number"}, {"type": "boolean"}]
        },
        "example": {"cabin": "business", "checked_bags": 2},
    }
)
class AttributesField(serializers.Field):
    """At most 20 names with a text, a number, true or false."""

    def to_internal_value(self, data: Any) -> dict[str, Any]:
        try:
            return checked_attributes(data)
        except Malformed as error:
            found: dict[str, list[str]] = {}
            for one in error.errors:
                name = one["pointer"].removeprefix("/attributes").removeprefix("/")
                found.setdefault(name or "non_field_errors", []).append(one["detail"])
            raise serializers.ValidationError(found) from error

    def to_representation(self, value: Any) -> Any:
        return value
