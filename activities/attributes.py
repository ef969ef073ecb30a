"""What a channel says of an activity besides the figures everybody knows: bounded, for rules read it (domain 1.11)."""

import re
from typing import Any

from django.utils.translation import gettext as _

from common.errors import FieldError, Malformed

MOST, LONGEST = 20, 200
# Names that an expression can write: activity.attributes.cabin, or activity.attributes["cabin-class"].
NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")
# What a double holds exactly.
LARGEST = 2**53


def checked_attributes(given: Any) -> dict[str, Any]:
    """At most 20 names with a text, a number, true or false. Raises Malformed with a pointer to each mistake."""
    if not isinstance(given, dict):
        raise _malformed([_mistake("", _("Attributes are an object of names and values."))])
    mistakes = [one for name, value in given.items() if (one := _checked(name, value)) is not None]
    if len(given) > MOST:
        mistakes.insert(0, _mistake("", _("An activity carries at most %(most)d attributes.") % {"most": MOST}))
    if mistakes:
        raise _malformed(mistakes)
    return dict(given)


def _checked(name: Any, value: Any) -> FieldError | None:
    if not isinstance(name, str) or not NAME.fullmatch(name):
        detail = _("A name has at most 40 letters, digits, hyphens and underscores, and begins with no digit.")
        return _mistake(f"/{str(name)[:40]}", detail)
    if isinstance(value, str):
        if len(value) > LONGEST or "\x00" in value:
            return _mistake(f"/{name}", _("A text has at most %(most)d characters.") % {"most": LONGEST})
    elif isinstance(value, bool):
        return None
    elif not isinstance(value, int | float) or not abs(value) <= LARGEST:
        return _mistake(f"/{name}", _("A value is a text, a number of at most 15 digits, true or false."))
    return None


def _mistake(where: str, detail: str) -> FieldError:
    return FieldError(pointer=f"/attributes{where}", code="invalid", detail=detail)


def _malformed(mistakes: list[FieldError]) -> Malformed:
    return Malformed(mistakes[0]["detail"], errors=mistakes)
