"""Amounts of money in input: exact, bounded, with the code of their currency."""

import re
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from common.api.fields import StrictCharField

FIGURE = re.compile(r"-?[0-9]{1,12}(\.[0-9]{1,3})?")
CURRENCY = r"^[A-Z]{3}$"


class FigureField(serializers.DecimalField):
    """A decimal as a JSON string, or as a number; no exponent, no look-alike digits, not true."""

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, str | int | float) or not FIGURE.fullmatch(str(data)):
            self.fail("invalid")
        value: Decimal = super().to_internal_value(data)
        return value


class AmountField(FigureField):
    """Money, never below zero."""

    def __init__(self, **kwargs: Any) -> None:
        defaults: dict[str, Any] = {"max_digits": 14, "decimal_places": 2, "min_value": Decimal(0)}
        super().__init__(**(defaults | kwargs))


class CurrencyField(StrictCharField):
    """ISO 4217, as EUR."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**({"max_length": 3, "min_length": 3} | kwargs))

    def to_internal_value(self, data: Any) -> str:
        text = super().to_internal_value(data)
        if not re.fullmatch(CURRENCY, text):
            raise serializers.ValidationError("Three capital letters, as EUR.", code="invalid")
        return text
