"""Base classes of the back office: rights, masks, fast lists, rule-owned fields, history nobody can write back."""

from .base import (
    AT_DESK,
    LoyaltyModelAdmin,
    PlainModelAdmin,
    PlainStackedInline,
    PlainTabularInline,
    ReadOnlyAdmin,
    ReadOnlyInline,
    ReadOnlyMixin,
    ReasonedForm,
)
from .lists import EstimatedCountPaginator, search
from .password_again import AsksPasswordAgain
from .rights import RightsMixin
from .verbs import ReasonForm, VerbPage

__all__ = [
    "AT_DESK",
    "AsksPasswordAgain",
    "EstimatedCountPaginator",
    "LoyaltyModelAdmin",
    "PlainModelAdmin",
    "PlainStackedInline",
    "PlainTabularInline",
    "ReadOnlyAdmin",
    "ReadOnlyInline",
    "ReadOnlyMixin",
    "ReasonForm",
    "ReasonedForm",
    "RightsMixin",
    "VerbPage",
    "search",
]
