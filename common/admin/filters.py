"""Filters by choices, folded into fields of one form."""

from typing import Any

from unfold.contrib.filters.admin import BooleanRadioFilter, ChoicesDropdownFilter, RelatedDropdownFilter

Filter = tuple[str, Any]


def by_choice(name: str) -> Filter:
    return name, ChoicesDropdownFilter


def by_row(name: str) -> Filter:
    """Only for small tables: every row is offered."""
    return name, RelatedDropdownFilter


def by_flag(name: str) -> Filter:
    return name, BooleanRadioFilter
