"""Columns of rows as the text PostgreSQL reads arrays from: the driver takes twenty times as long for thousands."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any


def columns(prefix: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, str]:
    """A parameter `prefix_name` per column. The values are numbers, truths, times, codes or None, never free text."""
    filled = list(zip(*rows, strict=True))
    return {f"{prefix}_{name}": _array(filled[i]) if filled else "{}" for i, name in enumerate(names)}


def _array(values: Sequence[Any]) -> str:
    return "{" + ",".join([_text(value) for value in values]) + "}"


def _text(value: Any) -> str:
    if value is None:
        return "NULL"
    return value.isoformat() if isinstance(value, datetime) else str(value)
