"""Conditions put together from rows, as an expression and back.

Who designs rules picks a field, a comparison and values; what is kept is the expression alone. It is written in one
canonical form, so that it can be read back into the same rows. An expression somebody wrote by hand is no rows,
unless it happens to be written exactly so.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from activities.rules.comparisons import COMPARISONS, Comparison, Literal
from activities.rules.fields import Field

ALL, ANY = " && ", " || "
# A placeholder of the patterns that may hold anything, as the values do.
NAME = r"(?P<name>\"(?:[^\"\\]|\\.)*\")"
VALUE = r"(?P<value>.+)"


@dataclass(frozen=True, slots=True)
class Row:
    """`values` as they are typed; a comparison that takes none has none. `name` only of a field that asks for one."""

    field: str
    comparison: str
    values: tuple[str, ...] = ()
    name: str = ""


@dataclass(frozen=True, slots=True)
class Rows:
    """`any_of_them`: one that holds is enough."""

    rows: tuple[Row, ...] = ()
    any_of_them: bool = False


def expression_of(rows: Rows, fields: Mapping[str, Field]) -> str:
    """The condition of these rows; nothing for none, which always holds."""
    return (ANY if rows.any_of_them else ALL).join(_written(row, fields[row.field]) for row in rows.rows)


def rows_of(expression: str, fields: Mapping[str, Field]) -> Rows | None:
    """The rows an expression was written from; None where it was not."""
    if not expression.strip():
        return Rows()
    for glue in (ALL, ANY):
        read = [_read(part, fields) for part in _parts(expression, glue)]
        if all(read):
            found = Rows(tuple(row for row in read if row), glue == ANY and len(read) > 1)
            if expression_of(found, fields) == expression:
                return found
    return None


def comparison_of(row: Row, fields: Mapping[str, Field]) -> Comparison:
    return COMPARISONS[fields[row.field].kind][row.comparison]


def _written(row: Row, field: Field) -> str:
    comparison = COMPARISONS[field.kind][row.comparison]
    values = [_literal(value, comparison.literal) for value in row.values]
    value = f"[{', '.join(values)}]" if comparison.several else "".join(values)
    name = json.dumps(row.name, ensure_ascii=False)
    return comparison.template.replace("NAME", name).replace("SOURCE", field.source).replace("VALUE", value)


def _literal(value: str, literal: Literal) -> str:
    if literal is Literal.WHOLE:
        return str(int(value))
    if literal is Literal.NUMBER:
        plain = format(Decimal(value).normalize(), "f")
        return plain if "." in plain else f"{plain}.0"
    return json.dumps(value, ensure_ascii=False)


def _parts(expression: str, glue: str) -> list[str]:
    """Cut where the glue stands outside of brackets and texts."""
    parts, depth, start, at, in_text = [], 0, 0, 0, False
    while at < len(expression):
        letter = expression[at]
        if in_text:
            at += letter == "\\"
            in_text = letter != '"'
        elif letter == '"':
            in_text = True
        elif letter in "([":
            depth += 1
        elif letter in ")]":
            depth -= 1
        elif depth == 0 and expression.startswith(glue, at):
            parts.append(expression[start:at])
            at += len(glue) - 1
            start = at + 1
        at += 1
    return [*parts, expression[start:]]


def _read(part: str, fields: Mapping[str, Field]) -> Row | None:
    return next((row for field in fields.values() for row in _readings(part, field)), None)


def _readings(part: str, field: Field) -> Iterator[Row]:
    for key, comparison in COMPARISONS[field.kind].items():
        found = _pattern(comparison, field).fullmatch(part)
        if found is None:
            continue
        given = found.groupdict()
        values = _values(given.get("value"), comparison)
        name = json.loads(given["name"]) if given.get("name") else ""
        if values is not None:
            row = Row(field.key, key, values, name)
            if _written(row, field) == part:
                yield row


def _pattern(comparison: Comparison, field: Field) -> re.Pattern[str]:
    pattern = re.escape(comparison.template).replace("NAME", NAME, 1).replace("NAME", "(?P=name)")
    return re.compile(pattern.replace("SOURCE", re.escape(field.source)).replace("VALUE", VALUE, 1))


def _values(text: str | None, comparison: Comparison) -> tuple[str, ...] | None:
    """As they are typed; None for what is none of ours."""
    if text is None:
        return ()
    try:
        read = json.loads(text, parse_float=Decimal)
    except ValueError:
        return None
    values: Sequence[Any] = read if comparison.several and isinstance(read, list) else [read]
    if not values or not all(_fits(value, comparison.literal) for value in values):
        return None
    return tuple(_typed(value) for value in values)


def _fits(value: Any, literal: Literal) -> bool:
    wanted = {Literal.TEXT: str, Literal.WHOLE: int, Literal.NUMBER: Decimal}[literal]
    return isinstance(value, wanted) and not isinstance(value, bool)


def _typed(value: Any) -> str:
    if isinstance(value, Decimal):
        plain = format(value.normalize(), "f")
        return plain.removesuffix(".0")
    return str(value)
