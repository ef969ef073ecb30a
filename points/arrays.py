"""Columns of rows as the text PostgreSQL reads arrays from: the driver takes twenty times as long for thousands."""

from collections.abc import Iterable, Sequence
from typing import Any


def columns(prefix: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """A parameter `prefix_name` per column. The values are numbers, truths, times, codes or None, never free text."""
    filled = list(zip(*rows, strict=True))
    return {f"{prefix}_{name}": _array(filled[i]) if filled else "{}" for i, name in enumerate(names)}


def _array(values: Sequence[Any]) -> str:
    # No value contains the word: codes are small letters.
    return "{" + ",".join(map(str, values)).replace("None", "NULL") + "}"
