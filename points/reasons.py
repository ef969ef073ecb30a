"""Reason codes of corrections. The ledger keeps the code; what a person writes stands in an erasable note beside it."""

import re

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
CODE = re.compile(r"[a-z0-9][a-z0-9_-]{0,39}\Z")
OTHER = "other"


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
