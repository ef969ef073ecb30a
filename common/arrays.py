"""Columns of rows as the text PostgreSQL reads arrays from: the driver takes twenty times as long for thousands."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from types import NoneType
from typing import Any

# Of one event: to look at their types takes longer than to write them.
FEW = 12
WHOLE, MIXED = frozenset({int, NoneType}), frozenset({object})


def array(values: Iterable[Any]) -> str:
    """Of numbers, truths, times, codes or None; never of free text."""
    cells = list(values)
    kinds = set(map(type, cells)) if len(cells) > FEW else MIXED
    if kinds <= WHOLE:
        text = str(cells)[1:-1]
    elif datetime in kinds:
        # To write a time takes long, and the rows of one event share it.
        written = {id(one): str(one) for one in {id(one): one for one in cells}.values()}
        text = ",".join([written[id(one)] for one in cells])
    else:
        text = ",".join(map(str, cells))
    # No value contains the word: codes are small letters.
    return "{" + text.replace("None", "NULL") + "}"


def texts(values: Iterable[str | None]) -> str:
    """Of any text, JSON too."""
    return "{" + ",".join(["NULL" if value is None else f'"{_escaped(value)}"' for value in values]) + "}"


def columns(prefix: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """A parameter `prefix_name` per column, of values that `array` takes."""
    filled = list(zip(*rows, strict=True))
    return {f"{prefix}_{name}": array(filled[i]) if filled else "{}" for i, name in enumerate(names)}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
