"""One posting whole: its entries, the lots it made and drew, what caused it, who acted, what took it back."""

from collections.abc import Sequence
from dataclasses import dataclass

from activities.explanation import Told, told
from memberships.models import Membership
from points.models import Adjustment, Draw, Entry, Hold, Lot, Posting, Reversal, ReversalLine

MOST = 200


@dataclass(frozen=True, slots=True)
class EntryView:
    """`membership` is whose account it is on, None for a pool's."""

    entry: Entry
    membership: Membership | None
    lots: tuple[Lot, ...]
    draws: tuple[Draw, ...]


@dataclass(frozen=True, slots=True)
class PostingView:
    """`reversals` took it back, in parts; `reversal` is what it itself was made by, if it takes something back."""

    posting: Posting
    membership: Membership | None
    entries: tuple[EntryView, ...]
    reversals: tuple[Reversal, ...]
    reversal: Reversal | None
    taken_back: dict[int, int]
    adjustment: Adjustment | None
    hold: Hold | None
    told: Told

    def left(self, point_type_id: int) -> int:
        """Points of the type that can still be taken back: a transfer moves them once, by two entries."""
        of_type = [one.entry.amount for one in self.entries if one.entry.account.point_type_id == point_type_id]
        credited = sum(amount for amount in of_type if amount > 0)
        debited = -sum(amount for amount in of_type if amount < 0)
        return max(credited, debited) - self.taken_back.get(point_type_id, 0)

    @property
    def is_reversed(self) -> bool:
        """In full: nothing of any type is left."""
        types = {one.entry.account.point_type_id for one in self.entries}
        return bool(self.reversals) and not any(self.left(one) > 0 for one in types)


def posting_view(posting: Posting) -> PostingView:
    """One statement a kind of thing, however many entries."""
    own = Entry.objects.filter(posting=posting).order_by("pk")
    entries = list(own.select_related("account__point_type", "account__account_set"))
    homes = _homes({posting.for_set_id} | {entry.account.account_set_id for entry in entries})
    lots = list(Lot.objects.filter(entry__in=entries).order_by("pk")[:MOST])
    draws = list(Draw.objects.filter(posting=posting).select_related("lot").order_by("pk")[:MOST])
    reversals = list(Reversal.objects.filter(reverses=posting).order_by("part"))
    adjustment = Adjustment.objects.filter(posting=posting).first() if posting.cause_kind == "adjustment" else None
    hold = Hold.objects.filter(pk=posting.cause_id).first() if posting.cause_kind == "hold" else None
    return PostingView(
        posting=posting,
        membership=homes.get(posting.for_set_id),
        entries=tuple(_entry(entry, homes, lots, draws) for entry in entries),
        reversals=tuple(reversals),
        reversal=Reversal.objects.filter(posting=posting).first() if posting.reverses_id else None,
        taken_back=_taken_back(reversals),
        adjustment=adjustment,
        hold=hold,
        told=_told(posting, reversals, adjustment),
    )


def _homes(sets: set[int]) -> dict[int, Membership]:
    return {one.own_set_id: one for one in Membership.objects.filter(own_set_id__in=sets)}


def _entry(entry: Entry, homes: dict[int, Membership], lots: Sequence[Lot], draws: Sequence[Draw]) -> EntryView:
    return EntryView(
        entry,
        homes.get(entry.account.account_set_id),
        tuple(lot for lot in lots if lot.entry_id == entry.pk),
        tuple(draw for draw in draws if draw.entry_id == entry.pk),
    )


def _taken_back(reversals: Sequence[Reversal]) -> dict[int, int]:
    found: dict[int, int] = {}
    for line in ReversalLine.objects.filter(reversal__in=reversals):
        found[line.point_type_id] = found.get(line.point_type_id, 0) + line.asked
    return found


def _told(posting: Posting, reversals: Sequence[Reversal], adjustment: Adjustment | None) -> Told:
    asked = [adjustment.requested_by_id, adjustment.decided_by_id] if adjustment else []
    return told(
        people=[posting.person_id],
        users=[posting.user_id, *(one.user_id for one in reversals), *asked],
        channels=[posting.channel_id, *(one.channel_id for one in reversals)],
        postings=[posting.pk, *([posting.reverses_id] if posting.reverses_id else [])],
    )
