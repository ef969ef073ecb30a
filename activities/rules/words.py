"""A rule in words, as its author reads it back: “Purchase: 2 Miles for every 1.00 EUR, at most 500 points a day”.

Reads the definition as it is kept (see activities.rules.definition), so that what was released long ago, or names
what is gone by now, is told as well: by its codes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from activities.rules.comparisons import FieldKind
from activities.rules.fields import Field, fields_of
from activities.rules.rows import Row, comparison_of, rows_of
from activities.rules.vocabulary import Names, Vocabulary

Definition = Mapping[str, Any]
Action = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class RuleWords:
    """`by_hand` is the condition where it is not made of rows, which are in `conditions` otherwise."""

    when: str
    conditions: tuple[str, ...]
    any_of_them: bool
    by_hand: str
    actions: tuple[str, ...]
    caps: tuple[str, ...]

    @property
    def condition(self) -> str:
        """In one line; empty where the rule always applies."""
        glue = _(" or ") if self.any_of_them else _(" and ")
        return self.by_hand or glue.join(self.conditions)

    @property
    def sentence(self) -> str:
        """The whole rule in one line."""
        what = "; ".join(self.actions)
        said = _("%(when)s: %(what)s") % {"when": self.when, "what": what} if self.when else what
        if self.condition:
            said = _("%(said)s, if %(condition)s") % {"said": said, "condition": self.condition}
        return ", ".join([said, *self.caps])


def words_of(definition: Definition, words: Vocabulary) -> RuleWords:
    fields = fields_of(words)
    expression = definition.get("condition") or ""
    rows = rows_of(expression, fields)
    types = [words.activity_types.get(code, code) for code in definition.get("activity_types", ())]
    return RuleWords(
        when=_listed(types, _(" or ")),
        conditions=tuple(row_told(row, fields) for row in rows.rows) if rows else (),
        any_of_them=bool(rows and rows.any_of_them),
        by_hand="" if rows else expression,
        actions=tuple(action_told(one, words) for one in definition.get("actions", ())),
        caps=tuple(told for one in definition.get("caps", ()) for told in _cap_told(one)),
    )


def row_told(row: Row, fields: Mapping[str, Field]) -> str:
    """The Amount is at least 50 EUR."""
    field = fields[row.field]
    comparison = comparison_of(row, fields)
    if comparison.bare:
        return str(field.label) if row.comparison == "yes" else _("not: %(what)s") % {"what": field.label}
    values = _listed([_value_told(value, field) for value in row.values], _(" or "))
    label = f"“{row.name}”" if field.kind is FieldKind.DETAIL else field.label
    compared = comparison.label_of_one if len(row.values) == 1 and comparison.label_of_one else comparison.label
    return f"{label} {compared} {values}"


def action_told(action: Action, words: Vocabulary) -> str:
    """What one action does; an action nobody knows any more by its name."""
    teller = TELLERS.get(str(action.get("do")))
    return teller(action, words) if teller else str(action.get("do"))


def points_told(points: Any, point_type: str) -> str:
    return f"{_figure(points)} {point_type}".strip()


def _value_told(value: str, field: Field) -> str:
    if field.choices:
        return str(field.choices.get(value, value))
    if field.kind in (FieldKind.TEXT, FieldKind.ITEMS, FieldKind.DETAIL):
        return f"“{value}”"
    return f"{value} {field.unit}".strip()


def _credit(action: Action, words: Vocabulary) -> str:
    name = words.point_name(action.get("point_type"))
    if "expression" in action:
        said = _("%(points)s as worked out by “%(expression)s”") % {"points": name, "expression": action["expression"]}
    elif "per" in action:
        said = _per(action, words, name)
    else:
        said = points_told(action.get("points"), name)
    days = action.get("expires_days")
    if days is None:
        return said
    return said + ngettext(" (usable for %(n)s day)", " (usable for %(n)s days)", int(days)) % {"n": days}


def _per(action: Action, words: Vocabulary, name: str) -> str:
    given = {"points": points_told(action.get("points"), name), "per": action["per"], "currency": words.currency}
    if action.get("of") == "items":
        said = _("%(points)s for every %(per)s %(currency)s of the items") % given
        wanted = [*action.get("categories", ()), *action.get("skus", ())]
        if wanted:
            said += _(" in %(wanted)s") % {"wanted": _listed([f"“{one}”" for one in wanted], _(" or "))}
    else:
        said = _("%(points)s for every %(per)s %(currency)s") % given
    rounding = {"half_up": _("rounded to the nearest"), "up": _("rounded up")}.get(action.get("rounding", ""))
    return f"{said}, {rounding}" if rounding else said


def _multiply(action: Action, words: Vocabulary) -> str:
    name = words.point_name(action.get("point_type"))
    return _("%(factor)s times the %(points)s of the rules before it") % {"factor": action["factor"], "points": name}


def _debit(action: Action, words: Vocabulary) -> str:
    name = words.point_name(action.get("point_type"))
    if "expression" in action:
        said = _("takes %(points)s as worked out by “%(expression)s”") % {
            "points": name,
            "expression": action["expression"],
        }
    else:
        said = _("takes %(points)s") % {"points": points_told(action.get("points"), name)}
    if action.get("if_short") == "all":
        return _("%(said)s, or all there are") % {"said": said}
    return _("%(said)s, none where there are fewer") % {"said": said}


def _change_tier(action: Action, words: Vocabulary) -> str:
    ladder = words.ladders.get(str(action.get("group")))
    tier = str(action.get("tier"))
    names = {
        "tier": ladder.tiers.get(tier, tier) if ladder else tier,
        "ladder": ladder.name if ladder else action.get("group"),
    }
    said = _("tier %(tier)s in %(ladder)s") % names
    if action.get("only_up", True):
        said = _("%(said)s, unless higher already") % {"said": said}
    return said + _for_days(action.get("until_days"))


def _set_attribute(action: Action, words: Vocabulary) -> str:
    given = {"name": _attribute(action, words), "value": _worked_out(action, "value")}
    return _("%(name)s becomes %(value)s") % given


def _add_to_attribute(action: Action, words: Vocabulary) -> str:
    given = {"name": _attribute(action, words), "value": _worked_out(action, "amount")}
    return _("%(name)s grows by %(value)s") % given


def _grant_benefit(action: Action, words: Vocabulary) -> str:
    said = _("benefit %(name)s") % {"name": _named(words.benefits, action.get("benefit"))}
    return said + _for_days(action.get("days"))


def _add_label(action: Action, words: Vocabulary) -> str:
    return _("label %(name)s") % {"name": _named(words.labels, action.get("label"))}


def _remove_label(action: Action, words: Vocabulary) -> str:
    return _("no longer label %(name)s") % {"name": _named(words.labels, action.get("label"))}


def _issue_voucher(action: Action, words: Vocabulary) -> str:
    return _("voucher %(name)s") % {"name": _named(words.rewards, action.get("reward"))}


def _raise_notice(action: Action, words: Vocabulary) -> str:
    return _("notice “%(name)s” to the member") % {"name": _named(words.notices, action.get("notice"))}


def _own(action: Action, words: Vocabulary) -> str:
    given = ", ".join(f"{name} {value}" for name, value in (action.get("parameters") or {}).items())
    return _("own action %(name)s") % {"name": action.get("name")} + (f" ({given})" if given else "")


TELLERS: Mapping[str, Callable[[Action, Vocabulary], str]] = {
    "credit": _credit,
    "multiply": _multiply,
    "debit": _debit,
    "change_tier": _change_tier,
    "set_attribute": _set_attribute,
    "add_to_attribute": _add_to_attribute,
    "grant_benefit": _grant_benefit,
    "add_label": _add_label,
    "remove_label": _remove_label,
    "issue_voucher": _issue_voucher,
    "raise_notice": _raise_notice,
    "own": _own,
}


def _cap_told(cap: Mapping[str, Any]) -> list[str]:
    """At most 500 points a day; at most once a member."""
    scope = {
        "day": _("a day and membership"),
        "member": _("a membership"),
        "program": _("in the whole program"),
    }.get(str(cap.get("scope")), str(cap.get("scope")))
    said = []
    if cap.get("times") is not None:
        times = ngettext("at most once %(scope)s", "at most %(n)s times %(scope)s", int(cap["times"]))
        said.append(times % {"n": _figure(cap["times"]), "scope": scope})
    if cap.get("points") is not None:
        said.append(_("at most %(n)s points %(scope)s") % {"n": _figure(cap["points"]), "scope": scope})
    return said


def _worked_out(action: Action, key: str) -> str:
    if "expression" in action:
        return f"“{action['expression']}”"
    value = action.get(key)
    return (_("yes") if value else _("no")) if isinstance(value, bool) else str(value)


def _attribute(action: Action, words: Vocabulary) -> str:
    code = str(action.get("attribute"))
    return words.attributes[code].name if code in words.attributes else code


def _named(names: Names, code: Any) -> str:
    return names.get(str(code), str(code))


def _for_days(days: Any) -> str:
    return "" if days is None else ngettext(" for %(n)s day", " for %(n)s days", int(days)) % {"n": days}


def _figure(value: Any) -> str:
    """1450 -> 1,450."""
    return number_format(value, 0, force_grouping=True) if isinstance(value, (int, Decimal)) else str(value)


def _listed(values: Sequence[str], last: str) -> str:
    """a, b or c."""
    return last.join([", ".join(values[:-1]), values[-1]] if len(values) > 1 else values)
