"""Take a posting back, wholly or in parts that never exceed it (domain 1.6).

Everything is worked out under the locks of all accounts concerned: those of the posting, those its points live on
now, and those a merge brought them to.
"""

from collections.abc import Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import Max, Sum

from common import clock
from common.actor import Actor
from common.db import in_program, next_ids
from points.drafts import Account, Posted
from points.expiry import expire_freed
from points.ledger import lock_accounts, post
from points.lineage import drawn_by, left_of, slice_of
from points.models import Entry, Lot, Posting, PostingKind, Reversal, ReversalLine
from points.moves import Cause, Lifetime, Move, Take
from points.redating import extend
from points.reversal_moves import Places, Spent, Taken, debits, give_back, take_back
from points.reversal_parts import LIFETIMES, TWO_SIDED, Case, Line, Part, Reversed, check, wanted_points
from programs.design import design_of
from programs.models import PointKind, PointType


def reverse(posting: Posting, part: Part, *, actor: Actor, landing: Mapping[int, int] | None = None) -> Reversed:
    """Take the part back; the caller holds the memberships' locks.

    `landing` names for each closed account of the posting the one its points live on now.
    Raises NotReversible, PointsSpent, AccountClosed, NotAllowed.
    """
    with in_program(posting.program_id):
        design = design_of(posting.program_id)
        check(posting, part, design=design, actor=actor)
        entries = list(Entry.objects.filter(posting=posting).select_related("account").order_by("pk"))
        accounts = _locked(posting, entries, landing or {})
        return _reverse(Case(posting, part, design, actor, entries), accounts, landing or {})


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


def _reverse(case: Case, accounts: Mapping[int, Account], landing: Mapping[int, int]) -> Reversed:
    posting, design = case.posting, case.design
    now = clock.program_now(design.program)
    earlier = ReversalLine.objects.filter(reversal__reverses=posting).values("point_type_id")
    before = {row["point_type_id"]: row for row in earlier.annotate(asked=Sum("asked"), shortfall=Sum("shortfall"))}
    taken_so_far = {type_id: row["asked"] for type_id, row in before.items()}
    wanted = wanted_points(case, taken_so_far)
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


def _of_type(
    case: Case, point_type: PointType, asked: int, places: Places, before: int, forgiven: int
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


def _spent(case: Case, point_type: PointType) -> Spent:
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


def _record(case: Case, places: Places, lines: Sequence[Line], moves: Sequence[Move], *, in_full: bool) -> Reversed:
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
        posting_id=posted.id if posted else None,
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


def _outlived(case: Case, places: Places, posted: Posted) -> tuple[Posted, ...]:
    """Points that came back past their time: they live on where the part says so, else they expire at once."""
    back = {take.lot_id: take.points for take in places.given} | {lot.id: lot.new.points for lot in posted.lots}
    lots = list(Lot.objects.filter(pk__in=back, remaining__gt=0).order_by("account_id", "pk"))
    if case.part.extend_until is not None:
        for lot in lots:
            if lot.expires_at is not None and lot.expires_at <= places.now:
                extend(lot.pk, last_day=case.part.extend_until, reason_code=case.part.reason_code, actor=case.actor)
    expired = []
    for account_id in sorted({lot.account_id for lot in lots}):
        takes = [Take(lot.pk, min(back[lot.pk], lot.remaining)) for lot in lots if lot.account_id == account_id]
        done = expire_freed(account_id, takes, design=case.design, actor=case.actor, now=places.now)
        expired += [done] if done else []
    return tuple(expired)
