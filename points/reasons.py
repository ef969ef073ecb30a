"""Reason codes of corrections. The ledger keeps the code; what a person writes stands in an erasable note beside it."""

import re

from django.utils.translation import gettext, gettext_noop

from points.errors import ReasonNotACode

# Those a new program starts with; a program may use others of its own.
REASONS: dict[str, str] = {
    "goodwill": "Goodwill",
    "complaint": "Complaint settled",
    "missing-points": "Points were missing",
    "booked-wrongly": "Booked wrongly",
    "booked-twice": "Booked twice",
    "returned": "Purchase returned",
    "cancelled": "Sale cancelled",
    "abuse": "Abuse",
    "customer-wish": "At the customer's wish",
    "other": "Other, see the note",
}
# Those the system gives by itself, and those of stock.
GIVEN: dict[str, str] = {
    "date": gettext_noop("Its time was over"),
    "inactivity": gettext_noop("Nothing happened for too long"),
    "membership_ended": gettext_noop("The membership ended"),
    "import": gettext_noop("Taken over"),
    "opening": gettext_noop("At the beginning"),
    "order-cancelled": gettext_noop("Order cancelled"),
    "delivered": gettext_noop("Delivered"),
    "counted": gettext_noop("Counted"),
    "damaged": gettext_noop("Damaged or lost"),
    "on-demand": gettext_noop("Made on demand from now on"),
}
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")
OTHER = "other"


def reason_in_words(code: str) -> str:
    """What people read; a program's own code stays as it is."""
    words = REASONS.get(code) or GIVEN.get(code)
    return gettext(words) if words else code


def checked_reason(code: str) -> str:
    """The code, if it has the form of one: whatever looks like a sentence belongs into the note."""
    if not CODE.match(code):
        raise ReasonNotACode(
            "A reason code has 1 to 40 small letters, digits, - and _. Write sentences into the note.",
            facts={"known": sorted(REASONS)},
        )
    return code


def code_and_note(reason: str, note: str = "") -> tuple[str, str]:
    """A reason given as a code, or as a sentence, which becomes a note under the code `other`."""
    if CODE.match(reason):
        return reason, note
    return OTHER, "\n".join(one for one in (reason.strip(), note) if one)
