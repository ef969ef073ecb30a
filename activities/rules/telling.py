"""An effect in a sentence: "Double points, version 3, gave 50 Style Points because ..."."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from django.utils.translation import get_language, gettext

from activities.models import RuleEffect
from activities.rules.deciding import Effect

Because = Mapping[str, Any]


def _(text: str) -> str:
    return _translated(text, get_language())


@lru_cache(maxsize=1024)
def _translated(text: str, language: str | None) -> str:
    """A till is told a dozen such parts a sale; the catalogs take as long for each as a rule takes to decide."""
    return gettext(text)


@dataclass(frozen=True, slots=True)
class Told:
    """What a sentence is made of; `unit` is the name of the point type, `condition` that of the rule in CEL."""

    rule: str
    version: int
    action: str
    because: Because
    points: int | None = None
    unit: str = ""
    condition: str = ""


def told_of_decided(effect: Effect, *, unit: str = "") -> Told:
    """Of an effect just decided, with the condition of its rule in CEL; `unit` is the name of its point type."""
    definition = effect.rule.definition
    condition = definition.condition.source if definition and definition.condition else ""
    return Told(
        effect.rule.name,
        effect.rule.version,
        effect.action,
        effect.because,
        effect.points,
        unit or effect.point_type or "",
        condition,
    )


def told_of(row: RuleEffect) -> Told:
    """Of one that was written, with the condition of its rule in CEL; with `rule_version` and `point_type` read."""
    version = row.rule_version
    definition = version.definition if isinstance(version.definition, dict) else {}
    return Told(
        version.name,
        version.version,
        row.action,
        row.because if isinstance(row.because, dict) else {},
        row.points,
        row.point_type.name if row.point_type else "",
        str(definition.get("condition") or ""),
    )


def sentence(told: Told) -> str:
    parts = {"rule": told.rule, "version": told.version, "what": what(told), "why": why(told)}
    if parts["why"]:
        return _("%(rule)s, version %(version)s, %(what)s because %(why)s.") % parts
    return _("%(rule)s, version %(version)s, %(what)s.") % parts


def what(told: Told) -> str:
    """What it did: "gave 50 Style Points"."""
    known = WHAT.get(told.action)
    return known(told) if known else _("did “%(action)s”") % {"action": told.action}


def _points(told: Told) -> str:
    return f"{abs(told.points or 0):,} {told.unit or _('points')}"


def _tier(told: Told) -> str:
    because = told.because
    if because.get("former"):
        return _("changed the tier from %(former)s to %(tier)s") % because
    return _("gave the tier %(tier)s") % because


def _attribute(told: Told) -> str:
    because = {"former": None, **told.because}
    if "value" not in because:
        return _("set %(attribute)s") % because
    if because["former"] is None:
        return _("set %(attribute)s to %(value)s") % because
    return _("changed %(attribute)s from %(former)s to %(value)s") % because


WHAT: dict[str, Callable[[Told], str]] = {
    "credit": lambda told: _("gave %(points)s") % {"points": _points(told)},
    "multiply": lambda told: _("gave %(points)s more") % {"points": _points(told)},
    "debit": lambda told: _("took %(points)s") % {"points": _points(told)},
    "change_tier": _tier,
    "set_attribute": _attribute,
    "add_to_attribute": _attribute,
    "grant_benefit": lambda told: _("granted the benefit %(benefit)s") % told.because,
    "add_label": lambda told: _("added the label %(label)s") % told.because,
    "remove_label": lambda told: _("removed the label %(label)s") % told.because,
    "issue_voucher": lambda told: _("issued the voucher %(reward)s") % told.because,
    "raise_notice": lambda told: _("sent the notice %(notice)s") % told.because,
}


# Where the figures say enough, the condition is left out.
FIGURES = frozenset({"amount", "factor", "expression"})


def why(told: Told) -> str:
    """The figures behind it, else the rule's condition; '' where it has none of these."""
    found = [text for ask in (_amount, _multiple, _formula, _added, _cut, _own) if (text := ask(told.because))]
    if told.condition and not told.because.keys() & FIGURES:
        found.insert(0, told.condition)
    return "; ".join(found)


def _amount(because: Because) -> str:
    if "points_per" not in because:
        return ""
    of = because.get("of") and ", ".join([*because.get("categories", ()), *because.get("skus", ())])
    figures = {**because, "amount": _grouped(because["amount"]), "of": of}
    if of:
        return _("%(amount)s were paid for %(of)s, %(points_per)s for each %(per)s") % figures
    return _("%(amount)s were paid, %(points_per)s for each %(per)s") % figures


def _multiple(because: Because) -> str:
    if "factor" not in because:
        return ""
    figures = {**because, "of_points": _grouped(because["of_points"])}
    return _("%(factor)s times the %(of_points)s given before") % figures


def _formula(because: Because) -> str:
    return _("the formula is %(expression)s") % because if "expression" in because else ""


def _added(because: Because) -> str:
    if "added" not in because:
        return ""
    was = str(because["added"]) == "1"
    return (_("%(added)s was added") if was else _("%(added)s were added")) % because


def _cut(because: Because) -> str:
    if "asked" not in because:
        return ""
    limits = {
        "day": _("the most of a day"),
        "member": _("the most of a membership"),
        "program": _("the most of the rule"),
        "budget": _("the budget of the campaign"),
    }
    limit = limits.get(str(because.get("limit")))
    figures = {"asked": _grouped(because["asked"]), "left": _grouped(because["left"]), "limit": limit}
    if limit is None:
        return _("of %(asked)s only %(left)s were there") % figures
    return _("of %(asked)s only %(left)s were left by %(limit)s") % figures


def _grouped(figure: Any) -> str:
    """40000.00 -> 40,000.00; whatever is no figure as it stands."""
    try:
        return f"{Decimal(str(figure)):,}"
    except InvalidOperation:
        return str(figure)


def _own(because: Because) -> str:
    return _("the own action %(own)s says so") % because if "own" in because else ""
