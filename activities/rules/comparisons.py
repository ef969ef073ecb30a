"""How a field of each kind can be compared, as an expression and in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.translation import gettext_lazy as _


class Literal(Enum):
    TEXT = "text"
    WHOLE = "whole"
    NUMBER = "number"


class FieldKind(Enum):
    NUMBER = "number"
    WHOLE = "whole"
    # One of a known list, or any text; the second is also asked in parts.
    CHOICE = "choice"
    TEXT = "text"
    # One of a known list of whole numbers: months, days of the week.
    PERIOD = "period"
    FLAG = "flag"
    DATE = "date"
    # A rung of a ladder, compared by its rank.
    RUNG = "rung"
    # Words on the membership; categories and articles of what was bought.
    LABELS = "labels"
    ITEMS = "items"
    # What a channel tells about an activity under a name of its own.
    DETAIL = "detail"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`template` of the expression: SOURCE is the field, VALUE what is typed, NAME the name of a detail.

    `several`: a list of values; `bare`: none.
    """

    label: Any
    template: str
    literal: Literal = Literal.TEXT
    several: bool = False
    bare: bool = False
    # The label in a sentence that names one value only; empty: the same.
    label_of_one: Any = ""


def _ordered(literal: Literal) -> dict[str, Comparison]:
    return {
        "at_least": Comparison(_("is at least"), "SOURCE >= VALUE", literal),
        "at_most": Comparison(_("is at most"), "SOURCE <= VALUE", literal),
        "above": Comparison(_("is more than"), "SOURCE > VALUE", literal),
        "below": Comparison(_("is less than"), "SOURCE < VALUE", literal),
        "equals": Comparison(_("is exactly"), "SOURCE == VALUE", literal),
    }


def _listed(literal: Literal = Literal.TEXT) -> dict[str, Comparison]:
    return {
        "any_of": Comparison(_("is one of"), "SOURCE in VALUE", literal, several=True, label_of_one=_("is")),
        "none_of": Comparison(_("is none of"), "!(SOURCE in VALUE)", literal, several=True, label_of_one=_("is not")),
    }


COMPARISONS: Mapping[FieldKind, Mapping[str, Comparison]] = {
    FieldKind.NUMBER: _ordered(Literal.NUMBER),
    FieldKind.WHOLE: _ordered(Literal.WHOLE),
    FieldKind.CHOICE: _listed(),
    FieldKind.PERIOD: _listed(Literal.WHOLE),
    FieldKind.TEXT: {
        **_listed(),
        "contains": Comparison(_("contains"), "SOURCE.contains(VALUE)"),
        "begins": Comparison(_("begins with"), "SOURCE.startsWith(VALUE)"),
    },
    FieldKind.FLAG: {
        "yes": Comparison(_("yes"), "SOURCE", bare=True),
        "no": Comparison(_("no"), "!(SOURCE)", bare=True),
    },
    FieldKind.DATE: {
        "from": Comparison(_("is on or after"), "SOURCE >= VALUE"),
        "until": Comparison(_("is on or before"), "SOURCE <= VALUE"),
        "on": Comparison(_("is on"), "SOURCE == VALUE"),
    },
    FieldKind.RUNG: {
        "at_least": Comparison(_("is at least"), "SOURCE >= VALUE", Literal.WHOLE),
        "at_most": Comparison(_("is at most"), "SOURCE <= VALUE", Literal.WHOLE),
    },
    FieldKind.LABELS: {
        "any_of": Comparison(
            _("include one of"), "SOURCE.exists(one, one in VALUE)", several=True, label_of_one=_("include")
        ),
        "none_of": Comparison(
            _("include none of"), "!(SOURCE.exists(one, one in VALUE))", several=True, label_of_one=_("do not include")
        ),
    },
    FieldKind.ITEMS: {
        "any_of": Comparison(
            _("include one of"), "activity.items.exists(item, SOURCE in VALUE)", several=True, label_of_one=_("include")
        ),
        "none_of": Comparison(
            _("include none of"),
            "!(activity.items.exists(item, SOURCE in VALUE))",
            several=True,
            label_of_one=_("do not include"),
        ),
    },
    FieldKind.DETAIL: {
        "any_of": Comparison(
            _("is one of"), "(NAME in SOURCE && SOURCE[NAME] in VALUE)", several=True, label_of_one=_("is")
        ),
        "at_least": Comparison(_("is at least"), "(NAME in SOURCE && SOURCE[NAME] >= VALUE)", Literal.NUMBER),
        "at_most": Comparison(_("is at most"), "(NAME in SOURCE && SOURCE[NAME] <= VALUE)", Literal.NUMBER),
    },
}
