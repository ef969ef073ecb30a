"""Take a posting back, wholly or in parts that never exceed it (domain 1.6).

Everything is worked out under the locks of all accounts concerned: those of the posting, those its points live on
now, and those a merge brought them to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Max, Sum

from common import clock
from common.actor import Actor
from common.db import in_program, next_ids
from common.errors import NotAllowed
from points.drafts import Account, Posted
from points.errors import NotReversible
from points.expiry import expire_freed
from points.ledger import lock_accounts, post
from points.lineage import drawn_by, left_of, slice_of
from points.models import Entry, Lot, Posting, PostingKind, Reversal, ReversalLine
from points.moves import Cause, Lifetime, Move, Take
from points.redating import RIGHT as EXTEND
from points.redating import extend
from points.reversal_moves import Places, Spent, Taken, debits, give_back, take_back
from points.reversal_shares import shares
from programs.design import Design, design_of
from programs.models import PointKind, PointType, ProgramStatus

LIFETIMES = {
    PostingKind.EARN: Lifetime.EARNED,
    PostingKind.REDEEM: Lifetime.REDEEMED,
    PostingKind.CAPTURE: Lifetime.REDEEMED,
}
# What one side gives back the other must still have.
TWO_SIDED = frozenset({PostingKind.TRANSFER, PostingKind.DONATE, PostingKind.CONVERT})
REVERSIBLE = frozenset(LIFETIMES) | TWO_SIDED | {PostingKind.ADJUST}
WHY_NOT = {
    PostingKind.EXPIRE: "Expired points come back by an adjustment.",
    PostingKind.OPENING: "An opening balance is corrected by an adjustment.",
    PostingKind.REVERSE: "Book the original event again instead.",
    PostingKind.MERGE: "A merge is taken back by its undo.",
    PostingKind.SPLIT: "A split is taken back by its undo.",
    PostingKind.UNDO: "An undo is followed by a new change.",
}


@dataclass(frozen=True, slots=True)
class Part:
    """What to take back: `points` (positive) of one type and the others in proportion, or all that is left."""

    reason_code: str
    note: str = ""
    points: int | None = None
    point_type: str | None = None
    # Points that come back past their time live on until then, with the right points:extend.
    extend_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """Per point type: asked = posted + cut + shortfall, as on ReversalLine."""

    point_type: PointType
    asked: int
    posted: int
    debt: int = 0
    cut: int = 0
    cut_value: Decimal = Decimal(0)
    shortfall: int = 0


@dataclass(frozen=True, slots=True)
class Reversed:
    """`posted` is None where nothing was left to move; `expired` are points that came back past their time."""

    id: int
    part: int
    posted: Posted | None
    expired: tuple[Posted, ...]
    lines: tuple[Line, ...]
    in_full: bool


def is_reversible(kind: str) -> bool:
    return kind in REVERSIBLE


def reverse(posting: Posting, part: Part, *, actor: Actor, landing: Mapping[int, int] | None = None) -> Reversed:
    """Take the part back; the caller holds the memberships' locks.

    `landing` names for each closed account of the posting the one its points live on now.
    Raises NotReversible, PointsSpent, AccountClosed, NotAllowed.
    """
    with in_program(posting.program_id):
        design = design_of(posting.program_id)
        _check(posting, part, design, actor)
        entries = list(Entry.objects.filter(posting=posting).select_related("account").order_by("pk"))
        accounts = _locked(posting, entries, landing or {})
        return _reverse(_Case(posting, part, design, actor, entries), accounts, landing or {})


@dataclass(frozen=True, slots=True)
class _Case:
    posting: Posting
    part: Part
    design: Design
    actor: Actor
    entries: Sequence[Entry]

    def credits(self, type_id: int) -> list[Entry]:
        return [entry for entry in self.entries if entry.account.point_type_id == type_id and entry.amount > 0]

    def debits(self, type_id: int) -> list[Entry]:
        return [entry for entry in self.entries if entry.account.point_type_id == type_id and entry.amount < 0]

    def totals(self) -> dict[int, int]:
        """Points per type; a transfer moves them once, though by two entries."""
        types = sorted({entry.account.point_type_id for entry in self.entries})
        return {
            one: max(sum(e.amount for e in self.credits(one)), -sum(e.amount for e in self.debits(one)))
            for one in types
        }


def _check(posting: Posting, part: Part, design: Design, actor: Actor) -> None:
    if posting.kind not in REVERSIBLE:
        raise NotReversible(
            f"Posting {posting.pk} is of kind {posting.kind}. {WHY_NOT[PostingKind(posting.kind)]}",
            facts={"posting": posting.pk, "kind": posting.kind},
        )
    if design.program.status not in (ProgramStatus.RELEASED, ProgramStatus.LOCKED):
        raise NotReversible(
            f"{design.program.name} is {design.program.get_status_display()}: nothing is posted there any more.",
            facts={"posting": posting.pk, "program_status": design.program.status},
        )
    if part.extend_until is not None and not actor.may(EXTEND, posting.program_id):
        raise NotAllowed("Extending points that come back needs the right points:extend in this program.")


def _locked(posting: Posting, entries: Sequence[Entry], landing: Mapping[int, int]) -> dict[int, Account]:
    """All accounts concerned, locked by ascending id; read again until no merge moved points meanwhile."""
    wanted = {entry.account_id for entry in entries} | set(landing.values())
    credited = [entry.pk for entry in entries if entry.amount > 0]
    while True:
        accounts = lock_accounts(wanted, program_id=posting.program_id)
        now = clock.program_now(design_of(posting.program_id).program)
        found = {left.account_id for left in left_of(credited, now=now) if left.free}
        if found <= wanted:
            return accounts
        wanted |= found


def _reverse(case: _Case, accounts: Mapping[int, Account], landing: Mapping[int, int]) -> Reversed:
    posting, design = case.posting, case.design
    now = clock.program_now(design.program)
    earlier = ReversalLine.objects.filter(reversal__reverses=posting).values("point_type_id")
    before = {row["point_type_id"]: row for row in earlier.annotate(asked=Sum("asked"), shortfall=Sum("shortfall"))}
    taken_so_far = {type_id: row["asked"] for type_id, row in before.items()}
    wanted = _wanted(case, taken_so_far)
    places = Places(accounts, landing, posting.person_id, now)
    lines, moves = [], []
    for type_id, asked in wanted.items():
        forgiven = before[type_id]["shortfall"] if type_id in before else 0
        line, own = _of_type(case, design.point_types[type_id], asked, places, taken_so_far.get(type_id, 0), forgiven)
        lines.append(line)
        moves.extend(own)
    totals = case.totals()
    in_full = all(taken_so_far.get(one, 0) + wanted.get(one, 0) == total for one, total in totals.items())
    return _record(case, places, lines, _debits_first(moves), in_full=in_full)


def _wanted(case: _Case, before: Mapping[int, int]) -> dict[int, int]:
    """Points per type of this part; refuses more than is left."""
    posting, totals, part = case.posting, case.totals(), case.part
    left = {one: total - before.get(one, 0) for one, total in totals.items()}
    if not any(left.values()):
        raise NotReversible(
            f"Posting {posting.pk} was already reversed in full.", facts={"posting": posting.pk, "left": 0}
        )
    type_id = _type_named(case, totals)
    if part.points is not None and part.points > left[type_id]:
        code = case.design.point_types[type_id].code
        raise NotReversible(
            f"{left[type_id]} {code} points of posting {posting.pk} can still be reversed, "
            f"{part.points} were asked for.",
            facts={"posting": posting.pk, "point_type": code, "left": left[type_id], "asked": part.points},
        )
    return shares(totals, before=before, asked=part.points, type_id=type_id)


def _type_named(case: _Case, totals: Mapping[int, int]) -> int:
    """The type that `points` counts: the one named, else the default, else the only one."""
    if case.part.point_type is None and case.design.default and case.design.default.pk in totals:
        return case.design.default.pk
    if case.part.point_type is None and (len(totals) == 1 or case.part.points is None):
        return next(iter(totals))
    named = case.design.point_type(case.part.point_type)
    if named.pk not in totals:
        codes = sorted(case.design.point_types[one].code for one in totals)
        raise NotReversible(
            f"Posting {case.posting.pk} moved no {named.code} points. It moved {', '.join(codes)}.",
            facts={"posting": case.posting.pk, "point_types": codes},
        )
    return named.pk


def _of_type(
    case: _Case, point_type: PointType, asked: int, places: Places, before: int, forgiven: int
) -> tuple[Line, list[Move]]:
    credited, debited = case.credits(point_type.pk), case.debits(point_type.pk)
    lifetime = LIFETIMES.get(PostingKind(case.posting.kind), Lifetime.NONE)
    if not credited:
        drawn = slice_of(drawn_by([entry.pk for entry in debited]), skip=before, points=asked)
        return Line(point_type, asked, asked), _given(drawn, places, lifetime)
    spent = _spent(case, point_type)
    lots = left_of([entry.pk for entry in credited], now=places.now)
    taken = take_back(asked, lots, spent=spent, forgiven=forgiven, point_type=point_type.code)
    moves = debits(taken, credited[0].account_id, places, lifetime=lifetime)
    if debited:
        moves += give_back(taken.parents(), debited[0].account_id, places, lifetime=lifetime)
    return _line(point_type, asked, taken), moves


def _spent(case: _Case, point_type: PointType) -> Spent:
    if case.posting.kind in TWO_SIDED:
        return Spent.ALL
    if point_type.kind == PointKind.QUALIFYING:
        return Spent.STOP
    return Spent(case.design.program.refund_policy)


def _given(drawn: Mapping[int, Sequence[Take]], places: Places, lifetime: Lifetime) -> list[Move]:
    moves = []
    for account_id, takes in drawn.items():
        moves += give_back(takes, account_id, places, lifetime=lifetime)
    return moves


def _line(point_type: PointType, asked: int, taken: Taken) -> Line:
    value = (taken.cut * point_type.money_value).quantize(Decimal("0.01"), ROUND_HALF_UP)
    posted = asked - taken.cut - taken.shortfall
    return Line(point_type, asked, posted, taken.debt, taken.cut, value, taken.shortfall)


def _debits_first(moves: Sequence[Move]) -> list[Move]:
    return sorted(moves, key=lambda move: not hasattr(move, "debt"))


def _record(case: _Case, places: Places, lines: Sequence[Line], moves: Sequence[Move], *, in_full: bool) -> Reversed:
    posting, part, actor = case.posting, case.part, case.actor
    (reversal_id,) = next_ids("points_reversal_id_seq")
    number = (Reversal.objects.filter(reverses=posting).aggregate(last=Max("part"))["last"] or 0) + 1
    posted = None
    if moves:
        posted = post(
            PostingKind.REVERSE,
            program_id=posting.program_id,
            for_set_id=posting.for_set_id,
            person_id=posting.person_id,
            cause=Cause("reversal", reversal_id),
            occurred_at=places.now,
            actor=actor,
            moves=moves,
            reason_code=part.reason_code,
            reverses=posting.pk,
            part=number,
        )
    Reversal.objects.create(
        pk=reversal_id,
        program_id=posting.program_id,
        reverses=posting,
        part=number,
        posting_id=posted and posted.id,
        policy=case.design.program.refund_policy,
        reason_code=part.reason_code,
        note=part.note,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
        recorded_at=posted.recorded_at if posted else places.now,
    )
    ReversalLine.objects.bulk_create(
        ReversalLine(
            reversal_id=reversal_id,
            point_type=line.point_type,
            asked=line.asked,
            posted=line.posted,
            debt=line.debt,
            cut=line.cut,
            cut_value=line.cut_value,
            shortfall=line.shortfall,
        )
        for line in lines
    )
    expired = _outlived(case, places, posted) if posted else ()
    return Reversed(reversal_id, number, posted, expired, tuple(lines), in_full)


def _outlived(case: _Case, places: Places, posted: Posted) -> tuple[Posted, ...]:
    """Points that came back past their time: they live on where the part says so, else they expire at once."""
    back = {take.lot_id: take.points for take in places.given} | {lot.id: lot.new.points for lot in posted.lots}
    lots = list(Lot.objects.filter(pk__in=back, remaining__gt=0).order_by("account_id", "pk"))
    if case.part.extend_until is not None:
        for lot in lots:
            if lot.expires_at is not None and lot.expires_at <= places.now:
                extend(lot.pk, until=case.part.extend_until, reason_code=case.part.reason_code, actor=case.actor)
    expired = []
    for account_id in sorted({lot.account_id for lot in lots}):
        takes = [Take(lot.pk, min(back[lot.pk], lot.remaining)) for lot in lots if lot.account_id == account_id]
        done = expire_freed(account_id, takes, design=case.design, actor=case.actor, now=places.now)
        expired += [done] if done else []
    return tuple(expired)
