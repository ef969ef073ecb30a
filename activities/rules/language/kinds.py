"""The kinds of values, and what each name of an expression stands for."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from activities.rules.names import Names
from programs.models import AttributeType


@dataclass(frozen=True, slots=True)
class Kind:
    """`known` are the only texts that make sense, `fields` what can stand after a point."""

    name: str
    of: "Kind | None" = None
    known: frozenset[str] | None = field(default=None, compare=False)
    fields: "Mapping[str, Kind] | None" = field(default=None, compare=False)


NUMBER = Kind("a number")
TEXT = Kind("a text")
FLAG = Kind("yes or no")
ANY = Kind("a value")
# What an activity carries besides: its names are the channel's, so they are known only when it is there.
CARRIED = Kind("the activity's attributes")
NOTHING = Kind("an element")


def listing(of: Kind) -> Kind:
    return Kind("a list", of)


def record(name: str, fields: Mapping[str, Kind]) -> Kind:
    return Kind(name, fields=fields)


def coded(codes: frozenset[str]) -> Kind:
    return Kind(TEXT.name, known=codes)


ITEM = record("an item", {"sku": TEXT, "category": TEXT, "quantity": NUMBER, "amount": NUMBER})
ACTIVITY = {
    "points": NUMBER,
    "amount": NUMBER,
    "currency": TEXT,
    "channel": TEXT,
    "partner": TEXT,
    "location": TEXT,
    "attributes": CARRIED,
    "items": listing(ITEM),
    "date": TEXT,
    "month": NUMBER,
    "day": NUMBER,
    "weekday": NUMBER,
    "hour": NUMBER,
}
MEMBER = {
    "type": TEXT,
    "is_main": FLAG,
    "days_enrolled": NUMBER,
    "months_enrolled": NUMBER,
    "birth_month": NUMBER,
    "birth_day": NUMBER,
    "birthday_today": FLAG,
    "language": TEXT,
}
OF_ATTRIBUTE = {
    AttributeType.NUMBER: NUMBER,
    AttributeType.TEXT: TEXT,
    AttributeType.FLAG: FLAG,
    AttributeType.DATE: TEXT,
}


def roots(names: Names) -> dict[str, Kind]:
    """What an expression of the program can begin with."""
    attributes = {
        code: coded(one.choices) if one.type == AttributeType.CHOICE else OF_ATTRIBUTE[AttributeType(one.type)]
        for code, one in names.attributes.items()
    }
    return {
        "activity": record("activity", {**ACTIVITY, "type": coded(names.activity_types)}),
        "member": record("member", MEMBER),
        "tier": record("tier", {group: coded(frozenset(tiers)) for group, tiers in names.tiers.items()}),
        "rank": record("rank", dict.fromkeys(names.tiers, NUMBER)),
        "attributes": record("attributes", attributes),
        "labels": listing(coded(names.labels)),
        "points": record("points", dict.fromkeys(names.point_types, NUMBER)),
    }
