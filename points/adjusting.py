"""Correct a balance by hand: at once below the program's limits, by a second person above them (domain 1.6).

The limits bound what one person does alone: only adjustments posted without approval count towards a day.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time

from django.db import connection
from django.db.models import Q, Sum
from django.db.models.functions import Abs

from common import clock
from common.actor import Actor
from common.db import in_program, next_ids
from common.errors import NotAllowed
from customers.models import StaffCustomer
from gateway.events import record_event
from points.drafts import Posted
from points.errors import AdjustmentDecided, InsufficientPoints, LedgerError, OwnPoints
from points.inactivity import refuse_rested
from points.ledger import lock_accounts, post
from points.models import Adjustment, AdjustmentStatus, PointAccount, PostingKind
from points.moves import Cause, Credit, Debit, Move, NewLot
from points.reasons import checked_reason
from points.spending import choose_lots
from programs.design import Design, design_of

APPROVE = "points:approve"
# First half of the advisory lock that makes one requester's adjustments of a program wait for each other.
REQUESTER_LOCK = 0x61646A


@dataclass(frozen=True, slots=True)
class Correction:
    """`points` is signed; `person_id` the member it is for, `members` all who share the account."""

    account: PointAccount
    for_set_id: int
    person_id: int | None
    members: frozenset[int]
    points: int
    reason_code: str
    note: str = ""
    # (usable from, usable before) of the points given.
    dates: tuple[datetime | None, datetime | None] = (None, None)


@dataclass(frozen=True, slots=True)
class Adjusted:
    """`posted` is None while it waits for a second person."""

    adjustment: Adjustment
    posted: Posted | None


def queue_requester(actor: Actor, *, program_id: int) -> None:
    """Let one requester's adjustments of a program come one after the other, before any row is locked."""
    who = f"{program_id}/{'user' if actor.user_id else 'channel'}/{actor.user_id or actor.channel_id}"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s, hashtext(%s))", [REQUESTER_LOCK, who])


def adjust(correction: Correction, *, actor: Actor) -> Adjusted:
    """Post the correction, or let it wait where it is above a limit.

    The caller called `queue_requester`, holds the membership and has asked whether it may.
    Raises ReasonNotACode, OwnPoints, InsufficientPoints, AccountRested.
    """
    account = correction.account
    checked_reason(correction.reason_code)
    if not correction.points:
        raise LedgerError("An adjustment adds or takes at least one point.", facts={"points": 0})
    refuse_own(actor, correction.members)
    with in_program(account.program_id):
        design = design_of(account.program_id)
        lock_accounts({account.pk}, program_id=account.program_id)
        now = clock.program_now(design.program)
        _refuse_uncovered(correction, design=design, now=now)
        waits = is_above_limit(correction, actor=actor, design=design, now=now)
        adjustment = Adjustment(
            program_id=account.program_id,
            for_set_id=correction.for_set_id,
            account=account,
            person_id=correction.person_id,
            points=correction.points,
            reason_code=correction.reason_code,
            note=correction.note,
            occurred_at=now,
            requested_at=now,
            requested_by_id=actor.user_id,
            requested_channel_id=actor.channel_id,
            needs_approval=waits,
        )
        if waits:
            adjustment.save()
            record_event(
                "adjustment.requested",
                program_id=account.program_id,
                subject_id=adjustment.pk,
                facts={"account": account.pk, "points": correction.points},
            )
            return Adjusted(adjustment, None)
        return Adjusted(adjustment, _post(adjustment, correction, actor=actor, now=now))


@dataclass(frozen=True, slots=True)
class Listed:
    """Who asked for a whole list of adjustments, and who approved it where it needed that."""

    requested_by_id: int
    requested_at: datetime
    needs_approval: bool
    decided_by_id: int | None = None
    decided_at: datetime | None = None


def adjust_listed(correction: Correction, listed: Listed, *, actor: Actor) -> Posted:
    """Post one line of a list that was decided about as a whole; the caller holds the membership and has asked whether
    it may. Raises AccountRested."""
    account = correction.account
    design = design_of(account.program_id)
    lock_accounts({account.pk}, program_id=account.program_id)
    now = clock.program_now(design.program)
    _refuse_uncovered(correction, design=design, now=now)
    adjustment = Adjustment(
        program_id=account.program_id,
        for_set_id=correction.for_set_id,
        account=account,
        person_id=correction.person_id,
        points=correction.points,
        reason_code=correction.reason_code,
        occurred_at=now,
        requested_at=listed.requested_at,
        requested_by_id=listed.requested_by_id,
        requested_channel_id=actor.channel_id,
        needs_approval=listed.needs_approval,
        decided_by_id=listed.decided_by_id,
        decided_at=listed.decided_at,
    )
    return _post(adjustment, correction, actor=actor, now=now)


def is_above_limit(correction: Correction, *, actor: Actor, design: Design, now: datetime) -> bool:
    """Whether it takes a second person: by itself, with the membership's day, or with the requester's day."""
    program, points = design.program, abs(correction.points)
    if points > program.adjustment_limit:
        return True
    requester = (
        Q(requested_by_id=actor.user_id)
        if actor.user_id is not None
        else Q(requested_by_id__isnull=True, requested_channel_id=actor.channel_id)
    )
    start = datetime.combine(now.astimezone(design.zone).date(), time.min, tzinfo=design.zone)
    alone = Adjustment.objects.filter(
        program_id=program.pk,
        status=AdjustmentStatus.POSTED,
        needs_approval=False,
        requested_at__gte=start,
    )
    return any(
        (alone.filter(side).aggregate(sum=Sum(Abs("points")))["sum"] or 0) + points > program.adjustment_day_limit
        for side in (Q(for_set_id=correction.for_set_id), requester)
    )


def approve(adjustment: Adjustment, correction: Correction, *, actor: Actor, note: str = "") -> Posted:
    """Post a waiting adjustment; the caller holds its row by `locked_adjustment` and the membership.

    Raises NotAllowed, OwnPoints, AdjustmentDecided, InsufficientPoints, AccountRested.
    """
    check_decider(adjustment, correction.members, actor=actor)
    design = design_of(adjustment.program_id)
    lock_accounts({adjustment.account_id}, program_id=adjustment.program_id)
    now = clock.program_now(design.program)
    _refuse_uncovered(correction, design=design, now=now)
    adjustment.decided_at, adjustment.decided_by_id, adjustment.decision_note = now, actor.user_id, note
    return _post(adjustment, correction, actor=actor, now=now)


def refuse(adjustment: Adjustment, members: Iterable[int], *, actor: Actor, note: str = "") -> Adjustment:
    """Turn a waiting adjustment down; the caller holds its row. Raises NotAllowed, OwnPoints, AdjustmentDecided."""
    check_decider(adjustment, members, actor=actor)
    adjustment.decided_at = clock.program_now(design_of(adjustment.program_id).program)
    adjustment.decided_by_id, adjustment.decision_note = actor.user_id, note
    adjustment.status = AdjustmentStatus.REFUSED
    adjustment.save()
    record_event(
        "adjustment.refused",
        program_id=adjustment.program_id,
        subject_id=adjustment.pk,
        facts={"account": adjustment.account_id, "points": adjustment.points},
    )
    return adjustment


def locked_adjustment(adjustment_id: int) -> Adjustment:
    """The row as it is once nobody else decides about it."""
    return Adjustment.objects.select_for_update(no_key=True, of=("self",)).get(pk=adjustment_id)


def check_decider(adjustment: Adjustment, members: Iterable[int], *, actor: Actor) -> None:
    """A second person decides: staff with the right, not the requester, nobody linked to a member."""
    if not actor.is_staff or not actor.may(APPROVE, adjustment.program_id):
        raise NotAllowed("Deciding about adjustments needs staff with the right points:approve in this program.")
    if adjustment.status != AdjustmentStatus.WAITING:
        raise AdjustmentDecided(
            f"Adjustment {adjustment.pk} was {adjustment.get_status_display()} already.",
            facts={"adjustment": adjustment.pk, "status": adjustment.status, "posting": adjustment.posting_id},
        )
    if adjustment.requested_by_id is not None and adjustment.requested_by_id == actor.user_id:
        raise NotAllowed("Whoever asked for an adjustment does not decide about it: ask a second person.")
    refuse_own(actor, members)


def refuse_own(actor: Actor, members: Iterable[int]) -> None:
    """Raise OwnPoints where the member of staff is one of the members, or linked to one."""
    if actor.user_id is None:
        return
    if StaffCustomer.objects.filter(user_id=actor.user_id, customer_id__in=list(members)).exists():
        raise OwnPoints("These points are your own, or of somebody linked to you. A colleague corrects them.")


def _refuse_uncovered(correction: Correction, *, design: Design, now: datetime) -> None:
    """Nothing goes into or out of points that ended by inactivity, nor more out than is available."""
    account = correction.account
    point_type = design.point_types[account.point_type_id]
    refuse_rested(account.pk, point_type, design=design, at=now, whose="These")
    if correction.points > 0:
        return
    locked = lock_accounts({account.pk}, program_id=account.program_id)[account.pk]
    asked = -correction.points
    chosen = choose_lots(account.pk, points=asked, keep=locked.debt, at=now, now=now, exempt_until=locked.exempt_until)
    if chosen.covered < asked:
        raise InsufficientPoints(available=max(0, chosen.free - locked.debt), asked=asked, point_type=point_type.code)


def _post(adjustment: Adjustment, correction: Correction, *, actor: Actor, now: datetime) -> Posted:
    is_new = adjustment.pk is None
    if is_new:
        (adjustment.pk,) = next_ids("points_adjustment_id_seq")
    posted = post(
        PostingKind.ADJUST,
        program_id=adjustment.program_id,
        for_set_id=adjustment.for_set_id,
        person_id=adjustment.person_id,
        cause=Cause("adjustment", adjustment.pk),
        occurred_at=now,
        actor=actor,
        moves=[_move(correction, now=now)],
        reason_code=adjustment.reason_code,
    )
    adjustment.status, adjustment.posting_id = AdjustmentStatus.POSTED, posted.id
    adjustment.save(force_insert=is_new)
    return posted


def _move(correction: Correction, *, now: datetime) -> Move:
    if correction.points < 0:
        return Debit(correction.account.pk, -correction.points)
    available_at, expires_at = correction.dates
    lot = NewLot(
        correction.points,
        earned_at=now,
        available_at=available_at,
        expires_at=expires_at,
        earner_id=correction.person_id,
        contributor_id=correction.person_id,
    )
    return Credit(correction.account.pk, [lot])
