"""Help for expressions written by hand: everything that can stand in one, with the program's own codes."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from activities.rules.fields import at
from activities.rules.vocabulary import Vocabulary


@dataclass(frozen=True, slots=True)
class Variable:
    name: str
    about: Any
    example: str


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    variables: list[Variable]


def variables_of(words: Vocabulary) -> list[Section]:
    """Sections without a variable are left out."""
    found = [
        Section(_("The activity"), list(_activity())),
        Section(_("The member"), list(_member())),
        Section(_("Tiers, labels, attributes, points"), list(_standing(words))),
        Section(_("Signs and functions"), list(_signs())),
    ]
    return [one for one in found if one.variables]


def _activity() -> Iterator[Variable]:
    yield Variable("activity.type", _("the code of its type"), 'activity.type == "purchase"')
    yield Variable("activity.amount", _("the amount; 0 where it has none"), "activity.amount >= 50")
    yield Variable("activity.currency", _("its currency"), 'activity.currency == "EUR"')
    yield Variable("activity.points", _("points the channel sent; 0 where none"), "activity.points > 100")
    yield Variable("activity.channel", _("the code of the channel"), 'activity.channel in ["web", "app"]')
    yield Variable("activity.partner", _("the code of the partner; empty without one"), 'activity.partner == ""')
    yield Variable("activity.location", _("where it happened"), 'activity.location.startsWith("Berlin")')
    yield Variable("activity.attributes", _("further details the channel sent"), 'activity.attributes["nights"] >= 2')
    items = 'activity.items.exists(item, item.category == "shoes" && item.quantity >= 2)'
    yield Variable("activity.items", _("what was bought: sku, category, quantity, amount"), items)
    yield Variable("activity.date", _("its day in the program's time zone"), 'activity.date >= "2026-12-01"')
    yield Variable("activity.weekday", _("Monday is 1, Sunday is 7"), "activity.weekday in [6, 7]")
    yield Variable("activity.month", _("1 to 12; activity.day is the day of the month"), "activity.month == 12")
    yield Variable("activity.hour", _("0 to 23"), "activity.hour < 12")


def _member() -> Iterator[Variable]:
    yield Variable("member.type", _("standard, shared, group, anonymous"), 'member.type != "anonymous"')
    yield Variable("member.is_main", _("whether the person is the main member"), "member.is_main")
    yield Variable("member.days_enrolled", _("days since enrolment"), "member.days_enrolled <= 30")
    yield Variable("member.months_enrolled", _("full months since enrolment"), "member.months_enrolled >= 12")
    yield Variable("member.birthday_today", _("whether it is the birthday"), "member.birthday_today")
    birthday = "member.birth_month == activity.month"
    yield Variable("member.birth_month", _("1 to 12; member.birth_day is the day; 0 where unknown"), birthday)
    yield Variable("member.language", _("the customer's language"), 'member.language == "de"')


def _standing(words: Vocabulary) -> Iterator[Variable]:
    for code, ladder in words.ladders.items():
        first, *_rest = ladder.tiers
        yield Variable(at("tier", code), _("the code of the tier held"), f'{at("tier", code)} == "{first}"')
        ranks = ", ".join(f"{ladder.ranks[tier]} {name}" for tier, name in ladder.tiers.items())
        yield Variable(at("rank", code), _("its rank: %(ranks)s") % {"ranks": ranks}, f"{at('rank', code)} >= 1")
    for label, name in list(words.labels.items())[:1]:
        yield Variable("labels", _("the labels it has, as %(name)s") % {"name": name}, f'"{label}" in labels')
    for code, attribute in words.attributes.items():
        yield Variable(
            at("attributes", code), f"{attribute.name} ({attribute.type.label})", f"has({at('attributes', code)})"
        )
    for code, name in words.point_types.items():
        told = _("%(points)s available before the activity") % {"points": name}
        yield Variable(at("points", code), told, f"{at('points', code)} > 1000")


def _signs() -> Iterator[Variable]:
    yield Variable("&&  ||  !", _("and, or, not"), "activity.amount > 50 && !(activity.weekday == 7)")
    yield Variable("==  !=  <  <=  >  >=", _("compare"), "activity.amount != 0")
    yield Variable("+  -  *  /", _("calculate"), "activity.points * 2")
    yield Variable("in", _("one of a list"), "activity.month in [6, 7, 8]")
    yield Variable("? :", _("if, else"), "activity.amount > 100 ? 500 : 100")
    yield Variable("has()", _("whether there is a value"), "has(activity.attributes.color)")
    yield Variable("contains, startsWith, endsWith, size", _("of texts and lists"), "size(activity.items) >= 3")
