"""Fields that take one JSON type and no look-alike of it."""

import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NoReturn

from django.utils.dateparse import parse_datetime
from rest_framework import serializers

MAX_POINTS = 10**15
MAX_ID = 2**63 - 1
AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,2})?")


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


class AmountField(serializers.DecimalField):
    """Money: a JSON string of digits with at most two decimals, above 0; a float would not be exact."""

    default_error_messages = {"amount": 'Write the amount as a string, for example "12.50"; it is above 0.'}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(max_digits=12, decimal_places=2, min_value=Decimal("0.01"), **kwargs)

    def to_internal_value(self, data: Any) -> Decimal:
        if not isinstance(data, str) or not AMOUNT.fullmatch(data):
            self.fail("amount")
        amount: Decimal = super().to_internal_value(data)
        return amount


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
