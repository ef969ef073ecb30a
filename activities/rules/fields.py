"""What a row of a condition can ask about: the activity, the member, where the membership stands."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.utils.dates import MONTHS, WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.rules.comparisons import FieldKind
from activities.rules.vocabulary import Vocabulary
from memberships.models import MembershipType
from programs.models import AttributeType

ACTIVITY = gettext_lazy("The activity")
TIME = gettext_lazy("When it happened")
MEMBER = gettext_lazy("The member")
STANDING = gettext_lazy("Tiers and labels")
ATTRIBUTES = gettext_lazy("Attributes of the membership")
POINTS = gettext_lazy("Points it has")

# Words of the language.
RESERVED = frozenset(
    "as break const continue else false for function if import in let loop package namespace null return true var void "
    "while".split()
)
KIND_OF_ATTRIBUTE = {
    AttributeType.NUMBER: FieldKind.NUMBER,
    AttributeType.TEXT: FieldKind.TEXT,
    AttributeType.FLAG: FieldKind.FLAG,
    AttributeType.DATE: FieldKind.DATE,
    AttributeType.CHOICE: FieldKind.CHOICE,
}


@dataclass(frozen=True, slots=True)
class Field:
    """`source` is what the expression says of it. `choices`: values with their words."""

    key: str
    label: Any
    section: Any
    kind: FieldKind
    source: str
    choices: Mapping[str, Any] = field(default_factory=dict)
    unit: str = ""
    help: Any = ""


def fields_of(words: Vocabulary) -> dict[str, Field]:
    """By key, in the order in which they are offered."""
    every = (*_activity(words), *_time(), *_member(), *_standing(words), *_attributes(words), *_points(words))
    return {one.key: one for one in every}


def at(source: str, code: str) -> str:
    """A member of a map: by a dot where the language takes its code for a name, else in brackets."""
    is_name = code.isidentifier() and code.isascii() and code not in RESERVED
    return f"{source}.{code}" if is_name else f'{source}["{code}"]'


def _activity(words: Vocabulary) -> Iterator[Field]:
    example = gettext_lazy("Several with commas between them.")
    yield Field("amount", _("Amount"), ACTIVITY, FieldKind.NUMBER, "activity.amount", unit=words.currency)
    if words.partners:
        yield Field("partner", _("Partner"), ACTIVITY, FieldKind.CHOICE, "activity.partner", words.partners)
    yield Field("channel", _("Channel"), ACTIVITY, FieldKind.TEXT, "activity.channel", help=example)
    yield Field("location", _("Location"), ACTIVITY, FieldKind.TEXT, "activity.location", help=example)
    yield Field("currency", _("Currency"), ACTIVITY, FieldKind.TEXT, "activity.currency", help=example)
    yield Field("category", _("Categories bought"), ACTIVITY, FieldKind.ITEMS, "item.category", help=example)
    yield Field("sku", _("Articles bought"), ACTIVITY, FieldKind.ITEMS, "item.sku", help=example)
    told = _("Its name as the channel sends it, then the value. An activity without it does not match.")
    yield Field("detail", _("Another detail"), ACTIVITY, FieldKind.DETAIL, "activity.attributes", help=told)


def _time() -> Iterator[Field]:
    days = {str(number + 1): name for number, name in WEEKDAYS.items()}
    months = {str(number): name for number, name in MONTHS.items()}
    yield Field("weekday", _("Day of the week"), TIME, FieldKind.PERIOD, "activity.weekday", days)
    yield Field(
        "hour", _("Hour of the day"), TIME, FieldKind.WHOLE, "activity.hour", help=_("0 to 23; 17 is 17:00 to 17:59.")
    )
    yield Field("date", _("Day"), TIME, FieldKind.DATE, "activity.date")
    yield Field("day", _("Day of the month"), TIME, FieldKind.WHOLE, "activity.day")
    yield Field("month", _("Month"), TIME, FieldKind.PERIOD, "activity.month", months)


def _member() -> Iterator[Field]:
    types = {str(value): label for value, label in MembershipType.choices}
    month = "member.birth_month == activity.month"
    yield Field("birthday", _("It is the member's birthday"), MEMBER, FieldKind.FLAG, "member.birthday_today")
    yield Field("birth_month", _("It is the month of the birthday"), MEMBER, FieldKind.FLAG, month)
    yield Field("days_enrolled", _("Days since enrolment"), MEMBER, FieldKind.WHOLE, "member.days_enrolled")
    yield Field("months_enrolled", _("Months since enrolment"), MEMBER, FieldKind.WHOLE, "member.months_enrolled")
    yield Field("type", _("Type of membership"), MEMBER, FieldKind.CHOICE, "member.type", types)
    yield Field("main", _("Is the main member"), MEMBER, FieldKind.FLAG, "member.is_main")
    yield Field("language", _("Language"), MEMBER, FieldKind.TEXT, "member.language", help=_("As de, en, fr."))


def _standing(words: Vocabulary) -> Iterator[Field]:
    for code, ladder in words.ladders.items():
        named = {"ladder": ladder.name}
        rungs = {str(ladder.ranks[tier]): name for tier, name in ladder.tiers.items()}
        reached = _("Tier reached (%(ladder)s)") % named
        yield Field(f"rank-{code}", reached, STANDING, FieldKind.RUNG, at("rank", code), rungs)
        exact = _("Tier (%(ladder)s)") % named
        yield Field(f"tier-{code}", exact, STANDING, FieldKind.CHOICE, at("tier", code), ladder.tiers)
    if words.labels:
        yield Field("labels", _("Labels"), STANDING, FieldKind.LABELS, "labels", words.labels)


def _attributes(words: Vocabulary) -> Iterator[Field]:
    for code, one in words.attributes.items():
        choices = {choice: choice for choice in one.choices}
        kind = KIND_OF_ATTRIBUTE[one.type]
        yield Field(f"attribute-{code}", one.name, ATTRIBUTES, kind, at("attributes", code), choices)


def _points(words: Vocabulary) -> Iterator[Field]:
    for code, name in words.point_types.items():
        label = _("%(points)s available") % {"points": name}
        yield Field(f"points-{code}", label, POINTS, FieldKind.WHOLE, at("points", code))
