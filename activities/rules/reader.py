"""Reads a definition out of JSON, collecting every mistake with its pointer instead of stopping at the first."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Any

from activities.rules.errors import RuleRefused
from activities.rules.expressions import Compiled, Expects, compile_checked
from activities.rules.names import Names
from common.errors import FieldError

NUMBER_OF_TEXT = 30


@dataclass
class Mistakes:
    """What was found so far; `at` the character of those in expressions."""

    found: list[FieldError] = field(default_factory=list)
    at: dict[str, int] = field(default_factory=dict)

    def add(self, pointer: str, code: str, detail: str) -> None:
        self.found.append({"pointer": pointer, "code": code, "detail": detail})

    def refuse(self) -> None:
        if self.found:
            raise RuleRefused(self.found, at=self.at)


class Fields:
    """The fields of one JSON object. Each method takes one field, answers None where it is missing or wrong; `end`
    finds those nobody took."""

    def __init__(self, raw: Any, pointer: str, names: Names, mistakes: Mistakes) -> None:
        self.pointer = pointer
        self.names = names
        self.mistakes = mistakes
        self._raw: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
        self._taken: set[str] = set()
        if not isinstance(raw, Mapping):
            mistakes.add(pointer, "invalid", "An object is needed here.")

    def has(self, name: str) -> bool:
        return self._raw.get(name) is not None

    def wrong(self, name: str, code: str, detail: str) -> None:
        self.mistakes.add(f"{self.pointer}/{name}" if name else self.pointer, code, detail)

    def raw(self, name: str, *, required: bool = False) -> Any:
        self._taken.add(name)
        value = self._raw.get(name)
        if value is None and required:
            self.wrong(name, "required", f"“{name}” is missing.")
        return value

    def integer(self, name: str, least: int, most: int, *, required: bool = False) -> int | None:
        value = self.raw(name, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            self.wrong(name, "invalid", "A whole number is needed here.")
        elif not least <= value <= most:
            self.wrong(name, "out_of_range", f"From {least:,} to {most:,}, not {value:,}.")
        else:
            return value
        return None

    def decimal(self, name: str, least: str, most: str, *, places: int, required: bool = False) -> Decimal | None:
        """A number written as text, as amounts of money are: "1.50"."""
        value = self.raw(name, required=required)
        if value is None:
            return None
        number = _decimal(value)
        if number is None:
            self.wrong(name, "invalid", "A number written as text is needed here: “1.50”.")
        elif not Decimal(least) <= number <= Decimal(most):
            self.wrong(name, "out_of_range", f"From {least} to {most}, not {value}.")
        elif number != round(number, places):
            self.wrong(name, "invalid", f"At most {places} decimal places.")
        else:
            return number
        return None

    def flag(self, name: str, *, default: bool) -> bool:
        value = self.raw(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.wrong(name, "invalid", "true or false is needed here.")
        return value is True

    def code(self, name: str, known: Collection[str], what: str, *, required: bool = True) -> str | None:
        value = self.raw(name, required=required)
        if value is None:
            return None
        if not isinstance(value, str) or value not in known:
            offered = ", ".join(sorted(known)) or "none"
            self.wrong(name, "unknown_code", f"There is no {what} “{str(value)[:40]}”; there are: {offered}.")
            return None
        return value

    def texts(self, name: str, most: int) -> frozenset[str] | None:
        value = self.raw(name)
        if value is None:
            return None
        if not isinstance(value, list) or not value or not all(isinstance(one, str) and one for one in value):
            self.wrong(name, "invalid", "A list of texts is needed here.")
        elif len(value) > most or any(len(one) > 60 for one in value):
            self.wrong(name, "too_many", f"At most {most} texts of at most 60 characters.")
        else:
            return frozenset(value)
        return None

    def expression(self, name: str, expects: Expects, *, required: bool = False) -> Compiled | None:
        value = self.raw(name, required=required)
        if value is None:
            return None
        pointer = f"{self.pointer}/{name}"
        if not isinstance(value, str):
            self.wrong(name, "invalid", "An expression is a text.")
            return None
        try:
            return compile_checked(value, expects=expects, names=self.names, pointer=pointer)
        except RuleRefused as refused:
            self.mistakes.found += refused.errors
            self.mistakes.at |= refused.facts["at"]
        return None

    def one_of(self, *names: str) -> str | None:
        """Which of these fields is given: exactly one must be."""
        given = [name for name in names if self.has(name)]
        if len(given) == 1:
            return given[0]
        for name in names:
            self.raw(name)
        self.wrong("", "one_of", f"Give exactly one of: {', '.join(names)}.")
        return None

    def point_type(self) -> str | None:
        """The code given, else that of the program's default type."""
        if self.has("point_type"):
            return self.code("point_type", self.names.point_types, "point type")
        self.raw("point_type")
        if self.names.default_point_type is None:
            self.wrong("point_type", "required", "The program has no default point type: name one.")
        return self.names.default_point_type

    def end(self) -> None:
        for name in self._raw.keys() - self._taken:
            self.wrong(str(name), "unknown_field", f"“{name}” is not known here.")


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, str | int) or len(str(value)) > NUMBER_OF_TEXT:
        return None
    try:
        number = Decimal(value)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def elements(value: Any, pointer: str, mistakes: Mistakes, *, least: int, most: int) -> Sequence[Any]:
    """The elements of a JSON list of bounded length; none where it is no list."""
    if not isinstance(value, list):
        mistakes.add(pointer, "invalid", "A list is needed here.")
        return []
    if not least <= len(value) <= most:
        mistakes.add(pointer, "out_of_range", f"From {least} to {most} elements, not {len(value)}.")
        return []
    return value
