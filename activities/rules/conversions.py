"""`int`, `double` and `string` of what is no plain number: by CEL's rules, but for numbers without end.

A text is a whole number only if it is written as one: “1.200” is twelve hundred to some and one and a fifth to others,
and CEL takes neither. What makes no number is an error, never a guess.
"""

import math
import re
from decimal import Decimal
from typing import Any

WHOLE = re.compile(r"[+-]?[0-9]+\Z")
DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?\Z")
# Doubles hold every whole number up to here.
EXACT_UP_TO = 2**53
MOST_DIGITS = 40


class NotWhole(ValueError):
    """A text that is no whole number. Told by this name: the library keeps no exception of ours, only its text."""


class NotANumber(ValueError):
    """A text that is no number."""


def whole_of(value: Any) -> float:
    """Of a text that is a whole number; of a number what stands before its point."""
    if not isinstance(value, str):
        return float(math.trunc(_number(value)))
    if not WHOLE.match(value):
        raise NotWhole
    if len(value) > MOST_DIGITS or abs(int(value)) > EXACT_UP_TO:
        raise OverflowError
    return float(int(value))


def number_of(value: Any) -> float:
    if not isinstance(value, str):
        return _number(value)
    if len(value) > MOST_DIGITS or not DECIMAL.match(value):
        raise NotANumber
    number = float(value)
    if not math.isfinite(number):
        raise OverflowError
    return number


def text_of(value: Any) -> str:
    """As the library writes numbers; yes and no as CEL does, which it can't."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return format(Decimal(repr(_number(value))).normalize(), "f")


def _number(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError
    return float(value)
