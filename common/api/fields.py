"""Fields that take one JSON type and no look-alike of it."""

from datetime import UTC, datetime
from typing import Any, NoReturn

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

MAX_POINTS = 10**15
MAX_ID = 2**63 - 1


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer; true, 10.0, "10" and 1e3 are refused."""

    def to_internal_value(self, data: Any) -> int:
        if type(data) is not int:
            self.fail("invalid")
        return data


class PointsField(StrictIntegerField):
    """Points: whole, and bounded so that no sum leaves a bigint."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", -MAX_POINTS)
        kwargs.setdefault("max_value", MAX_POINTS)
        super().__init__(**kwargs)


class IdField(StrictIntegerField):
    """The id of a row."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("min_value", 1)
        kwargs.setdefault("max_value", MAX_ID)
        super().__init__(**kwargs)


class StrictCharField(serializers.CharField):
    """A JSON string; numbers are not made into one."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class StrictBooleanField(serializers.BooleanField):
    """true or false."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            self.fail("invalid", input=data)
        return data


class StrictDateTimeField(serializers.DateTimeField):
    """ISO 8601 with an offset, kept in UTC."""

    default_error_messages = {"offset": "The time needs its offset from UTC, for example +02:00 or Z."}

    def to_internal_value(self, data: Any) -> datetime:
        if not isinstance(data, str):
            self._refuse()
        try:
            parsed = parse_datetime(data)
        except ValueError:
            parsed = None
        if parsed is None:
            self._refuse()
        if parsed.tzinfo is None:
            self.fail("offset")
        try:
            return parsed.astimezone(UTC)
        except OverflowError:
            self._refuse()

    def _refuse(self) -> NoReturn:
        self.fail("invalid", format="YYYY-MM-DDThh:mm[:ss[.uuuuuu]](+HH:MM|-HH:MM|Z)")
