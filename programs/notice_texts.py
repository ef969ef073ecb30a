"""What the texts of notices may name, and how a text becomes what one customer reads (domain 1.13).

A text is no template: names in double braces are replaced by values once, nothing else happens. So no text can read
what it was not given, and no value can name another.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils import formats, translation
from django.utils.translation import gettext, gettext_noop

from common.errors import FieldError


@dataclass(frozen=True, slots=True)
class InMonth:
    """A day told as its month only."""

    day: date


Value = str | int | Decimal | date | datetime | InMonth | None

NAME = re.compile(r"\{\{\s*(\w*)\s*\}\}")
BRACES = re.compile(r"\{\{|\}\}")
LONGEST = 5_000
DEFAULT_DAYS = 30
EVERYWHERE = ("customer", "program", "membership")
TIER_CHANGED, POINTS_EXPIRE, MEMBERSHIP_EXPIRES, STATEMENT = (
    "tier_changed",
    "points_expire",
    "membership_expires",
    "statement",
)
# What the system tells by itself, and what its texts may name besides.
SYSTEM: dict[str, tuple[str, ...]] = {
    TIER_CHANGED: ("group", "tier", "former_tier", "reason", "until"),
    POINTS_EXPIRE: ("points", "point_type", "date", "days"),
    MEMBERSHIP_EXPIRES: ("date", "days", "fee", "currency"),
    STATEMENT: ("month", "point_type", "opening", "earned", "redeemed", "expired", "other", "closing"),
}
# What people call them.
WORDS = {
    TIER_CHANGED: gettext_noop("tier changed"),
    POINTS_EXPIRE: gettext_noop("points end soon"),
    MEMBERSHIP_EXPIRES: gettext_noop("membership ends"),
    STATEMENT: gettext_noop("monthly statement"),
}
# What a rule's notice may name: the activity it speaks of and what that brought.
OF_RULES = ("activity", "rule", "points", "point_type", "amount", "currency", "date")
# Ahead of time; days_before of the text says how long.
AHEAD = frozenset({POINTS_EXPIRE, MEMBERSHIP_EXPIRES})


@dataclass(frozen=True, slots=True)
class Text:
    """A text in one language, as designed or built in."""

    subject: str
    body: str
    language: str


BUILT_IN: dict[str, tuple[str, str]] = {
    TIER_CHANGED: (
        gettext_noop("{{ program }}: you are now {{ tier }}"),
        gettext_noop("your status in {{ group }} is now {{ tier }}.\n\n{{ reason }}"),
    ),
    POINTS_EXPIRE: (
        gettext_noop("{{ program }}: {{ points }} {{ point_type }} end soon"),
        gettext_noop(
            "{{ points }} {{ point_type }} of yours end soon, the first of them on {{ date }}. Spend them before."
        ),
    ),
    MEMBERSHIP_EXPIRES: (
        gettext_noop("{{ program }}: your membership ends on {{ date }}"),
        gettext_noop("the last day of your membership is {{ date }}. It does not renew by itself."),
    ),
    STATEMENT: (
        gettext_noop("{{ program }}: your {{ point_type }} in {{ month }}"),
        gettext_noop(
            "your {{ point_type }} in {{ month }}:\n\nAt the beginning: {{ opening }}\nEarned: {{ earned }}\n"
            "Redeemed: {{ redeemed }}\nExpired: {{ expired }}\nOther: {{ other }}\nAt the end: {{ closing }}"
        ),
    ),
}


def words_of(code: str) -> str:
    """What people call the notice; a rule's by its own code."""
    return WORDS.get(code, code)


def notice_in_words(code: str) -> str:
    """As a heading: a system's notice in words, a rule's by its own code."""
    return gettext(words_of(code)).capitalize() if code in SYSTEM else code


def language_in_words(code: str) -> str:
    """“es” is Spanish; what Django does not know stays as it is written."""
    try:
        return str(translation.get_language_info(code)["name_translated"])
    except KeyError:
        return code


def names_of(code: str) -> tuple[str, ...]:
    """What a text of that notice may name."""
    return EVERYWHERE + SYSTEM.get(code, OF_RULES)


def mistakes(code: str, subject: str, body: str) -> list[FieldError]:
    """What is wrong with a text, field by field; nothing if it can be sent."""
    found = [*_mistakes_in("subject", subject, code), *_mistakes_in("body", body, code)]
    if len(body) > LONGEST:
        detail = gettext("The text is longer than %(most)s characters.") % {"most": LONGEST}
        found.append(FieldError(pointer="/body", code="too_long", detail=detail))
    return found


def _mistakes_in(field: str, text: str, code: str) -> list[FieldError]:
    known = names_of(code)
    unknown = [name for name in NAME.findall(text) if name not in known]
    if unknown:
        detail = gettext("“%(name)s” is not known here. A text of this notice may name %(names)s.")
        given = {"name": unknown[0], "names": ", ".join(known)}
        return [FieldError(pointer=f"/{field}", code="unknown_name", detail=detail % given)]
    if BRACES.search(NAME.sub("", text)):
        detail = gettext("Double braces hold one name, as in {{ customer }}.")
        return [FieldError(pointer=f"/{field}", code="braces", detail=detail)]
    return []


def built_in(code: str, language: str) -> Text | None:
    """The text of the system itself, in that language as far as it is translated."""
    if code not in BUILT_IN:
        return None
    subject, body = BUILT_IN[code]
    with translation.override(language):
        return Text(gettext(subject), gettext(body), language)


def filled(text: Text, facts: Mapping[str, Value]) -> Text:
    """With its values in the text's language; a name without a value leaves nothing behind."""
    with translation.override(text.language):
        shown = {name: written(value) for name, value in facts.items()}

    def of(found: re.Match[str]) -> str:
        return shown.get(found[1], "")

    # A subject is one line.
    subject = " ".join(NAME.sub(of, text.subject).split())
    return Text(subject, NAME.sub(of, text.body).strip(), text.language)


def written(value: Value) -> str:
    """A value as people of the active language write it."""
    if value is None:
        return ""
    if isinstance(value, InMonth):
        return str(formats.date_format(value.day, "F Y"))
    if isinstance(value, datetime):
        return str(formats.date_format(value, "DATETIME_FORMAT"))
    if isinstance(value, date):
        return str(formats.date_format(value, "DATE_FORMAT"))
    if isinstance(value, int | Decimal):
        return str(formats.number_format(value, use_l10n=True, force_grouping=True))
    return value


SAMPLES: dict[str, Any] = {
    "customer": "Emma Moore",
    "membership": "20417786",
    "group": "World Flyer Plus",
    "tier": "Gold",
    "former_tier": "Silver",
    "reason": "1,020 of 1,000 Tier Miles in 2026",
    "until": date(2027, 12, 31),
    "points": 1450,
    "point_type": "Miles",
    "date": date(2026, 12, 31),
    "days": 30,
    "fee": Decimal("49.00"),
    "amount": Decimal("120.00"),
    "currency": "EUR",
    "month": InMonth(date(2026, 11, 1)),
    "opening": 1200,
    "earned": 400,
    "redeemed": -100,
    "expired": -50,
    "other": 0,
    "closing": 1450,
    "activity": "purchase",
    "rule": "Double points",
}
