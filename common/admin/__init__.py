"""Base classes of the back office: fast lists, rule-owned fields, history nobody can write back."""

from .base import LoyaltyModelAdmin, PlainModelAdmin, ReadOnlyAdmin, ReadOnlyMixin
from .lists import EstimatedCountPaginator, search

__all__ = [
    "EstimatedCountPaginator",
    "LoyaltyModelAdmin",
    "PlainModelAdmin",
    "ReadOnlyAdmin",
    "ReadOnlyMixin",
    "search",
]
