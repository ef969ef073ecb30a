"""The lines of a liability report: every kind of posting belongs to exactly one (domain 1.13).

opening + earned - redeemed - expired + adjusted = closing. `adjusted` is the sum of everything else, each with a
line of its own; transfers and changes of memberships only move points and add up to nothing.
"""

from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from points.models import PostingKind as Kind

EARNED, REDEEMED, EXPIRED, ADJUSTED = "earned", "redeemed", "expired", "adjusted"
COLUMNS = (EARNED, REDEEMED, EXPIRED, ADJUSTED)
# What these take away is shown as a positive number and subtracted.
SUBTRACTED = frozenset({REDEEMED, EXPIRED})
SPENDING = (Kind.REDEEM, Kind.CAPTURE)


@dataclass(frozen=True, slots=True)
class LineKind:
    """Entries of postings of `kinds`; of reversals, those of postings of the kinds in `reversed`."""

    code: str
    column: str
    label: Any
    meaning: Any
    kinds: tuple[str, ...]
    reversed: tuple[str, ...] = ()

    def takes(self, kind: str, reverses: str) -> bool:
        return kind in self.kinds and (not reverses or reverses in self.reversed)


LINES = (
    LineKind(EARNED, EARNED, _("Earned"), _("credited for activities"), (Kind.EARN,)),
    LineKind(REDEEMED, REDEEMED, _("Redeemed"), _("spent, at once or by capturing a hold"), SPENDING),
    LineKind(EXPIRED, EXPIRED, _("Expired"), _("posted as expired"), (Kind.EXPIRE,)),
    LineKind(
        "adjusted_by_hand", ADJUSTED, _("Adjusted by hand"), _("corrections by staff and channels"), (Kind.ADJUST,)
    ),
    LineKind("earning_reversed", ADJUSTED, _("Earning reversed"), _("taken back again"), (Kind.REVERSE,), (Kind.EARN,)),
    LineKind("spending_reversed", ADJUSTED, _("Redemption reversed"), _("given back again"), (Kind.REVERSE,), SPENDING),
    LineKind(
        "other_reversed",
        ADJUSTED,
        _("Other reversals"),
        _("of transfers, donations, conversions and adjustments"),
        (Kind.REVERSE,),
        (Kind.TRANSFER, Kind.DONATE, Kind.CONVERT, Kind.ADJUST),
    ),
    LineKind("converted", ADJUSTED, _("Converted"), _("into or from another point type"), (Kind.CONVERT,)),
    LineKind("taken_over", ADJUSTED, _("Taken over"), _("opening balances of imports"), (Kind.OPENING,)),
    LineKind(
        "transferred", ADJUSTED, _("Transferred"), _("between members; adds up to 0"), (Kind.TRANSFER, Kind.DONATE)
    ),
    LineKind(
        "changed",
        ADJUSTED,
        _("Moved by changes"),
        _("merges, splits and their undoing; adds up to 0"),
        (Kind.MERGE, Kind.SPLIT, Kind.UNDO),
    ),
)
BY_CODE = {line.code: line for line in LINES}
