"""Base classes of the back office: rights, masks, fast lists, rule-owned fields, history nobody can write back."""

from .base import (
    LoyaltyModelAdmin,
    PlainModelAdmin,
    PlainStackedInline,
    PlainTabularInline,
    ReadOnlyAdmin,
    ReadOnlyMixin,
)
from .lists import EstimatedCountPaginator, search
from .password_again import AsksPasswordAgain
from .rights import RightsMixin

__all__ = [
    "AsksPasswordAgain",
    "EstimatedCountPaginator",
    "LoyaltyModelAdmin",
    "PlainModelAdmin",
    "PlainStackedInline",
    "PlainTabularInline",
    "ReadOnlyAdmin",
    "ReadOnlyMixin",
    "RightsMixin",
    "search",
]
