"""The actions a rule is made of, by their name in a definition."""

from .base import Action
from .giving import AddLabel, GrantBenefit, IssueVoucher, RaiseNotice, RemoveLabel
from .points import Credit, Debit, Multiply
from .standing import AddToAttribute, ChangeTier, SetAttribute

BUILT_IN: dict[str, type[Action]] = {
    one.do: one
    for one in (
        Credit,
        Multiply,
        Debit,
        ChangeTier,
        SetAttribute,
        AddToAttribute,
        GrantBenefit,
        AddLabel,
        RemoveLabel,
        IssueVoucher,
        RaiseNotice,
    )
}

__all__ = [
    "BUILT_IN",
    "Action",
    "AddLabel",
    "AddToAttribute",
    "ChangeTier",
    "Credit",
    "Debit",
    "GrantBenefit",
    "IssueVoucher",
    "Multiply",
    "RaiseNotice",
    "RemoveLabel",
    "SetAttribute",
]
