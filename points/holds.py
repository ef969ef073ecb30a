"""Points set aside for an open sale: held, then captured, released, or free again after their time (domain 1.6).

A hold past its limit is free at once, by reading; `lapse` only tidies its row. Lots still in a hold do not expire;
what is set free past its time expires in the same transaction.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db.models import F

from common import clock
from common.actor import Actor
from common.db import in_program
from common.errors import NotFound
from gateway.events import record_event
from points.drafts import Posted
from points.errors import CaptureTooLarge, HoldNotOpen, HoldOutOfBounds, InsufficientPoints, NotRedeemable
from points.expiry import ensure_not_rested, expire_freed
from points.freezing import refuse_if_frozen
from points.inactivity import refuse_rested
from points.ledger import lock_accounts, post
from points.models import Hold, HoldLot, HoldStatus, PointAccount, PostingKind
from points.moves import Cause, Debit, Lifetime, Take
from points.reasons import checked_reason
from points.spending import choose_lots
from programs.design import Design, design_of
from programs.models import PointKind, PointType, Program

DEFAULT_SECONDS = 15 * 60
MOST_SECONDS = 30 * 24 * 3600


def place_hold(
    account: PointAccount,
    *,
    points: int,
    for_set_id: int,
    person_id: int | None,
    design: Design,
    actor: Actor,
    expires_in: int = DEFAULT_SECONDS,
    reference: str = "",
) -> Hold:
    """Set named lots aside, in spending order, for `expires_in` seconds by the program's clock.

    Inside the caller's transaction, which holds the membership. Raises NotRedeemable, HoldOutOfBounds,
    InsufficientPoints, AccountRested, SpendingFrozen.
    """
    point_type = design.point_types[account.point_type_id]
    check_holdable(point_type, expires_in=expires_in)
    locked = lock_accounts({account.pk}, program_id=account.program_id)[account.pk]
    now = clock.program_now(design.program)
    refuse_if_frozen(locked, at=now)
    refuse_rested(account.pk, point_type, design=design, at=now, whose="These")
    chosen = choose_lots(account.pk, points=points, keep=locked.debt, at=now, now=now, exempt_until=locked.exempt_until)
    if chosen.covered < points:
        raise InsufficientPoints(available=max(0, chosen.free - locked.debt), asked=points, point_type=point_type.code)
    hold = Hold.objects.create(
        program_id=account.program_id,
        for_set_id=for_set_id,
        account=account,
        person_id=person_id,
        channel_id=actor.channel_id,
        user_id=actor.user_id,
        reference=reference,
        points=points,
        occurred_at=now,
        expires_at=now + timedelta(seconds=expires_in),
    )
    HoldLot.objects.bulk_create(HoldLot(hold=hold, lot_id=take.lot_id, points=take.points) for take in chosen.takes)
    _tell("hold.placed", hold)
    return hold


def check_holdable(point_type: PointType, *, expires_in: int) -> None:
    """Redeemable points, for a second to a month."""
    if point_type.kind != PointKind.REDEEMABLE:
        raise NotRedeemable(
            f"{point_type.name} are earned towards a tier and cannot be held for a sale.",
            facts={"point_type": point_type.code, "kind": point_type.kind},
        )
    if not 1 <= expires_in <= MOST_SECONDS:
        raise HoldOutOfBounds(
            f"A hold lasts from 1 to {MOST_SECONDS} seconds.",
            facts={"expires_in": expires_in, "least": 1, "most": MOST_SECONDS},
        )


def capture(
    hold_id: int,
    *,
    actor: Actor,
    points: int | None = None,
    counts_as_activity: bool = False,
) -> tuple[Hold, Posted]:
    """Spend the held points, or the first `points` of them; the rest is free at once.

    A correction: asks no status. Raises HoldNotOpen where it was captured, released or ran out before.
    """
    with in_program(_program_of(hold_id)):
        hold, design, now = _locked_open(hold_id)
        asked = hold.points if points is None else points
        if not 1 <= asked <= hold.points:
            raise CaptureTooLarge(
                f"{hold.points} points are held; {asked} cannot be captured.",
                facts={"hold": hold.pk, "held": hold.points, "asked": asked},
            )
        taken, rest = divide(_held_lots(hold), asked)
        # What is over ends before the capture counts as activity, which would bring it back to life.
        if counts_as_activity:
            ensure_not_rested(hold.account_id, design=design, actor=actor, at=now)
        expire_freed(hold.account_id, rest, design=design, actor=actor, now=now)
        posted = post(
            PostingKind.CAPTURE,
            program_id=hold.program_id,
            for_set_id=hold.for_set_id,
            person_id=hold.person_id,
            cause=Cause("hold", hold.pk),
            occurred_at=now,
            actor=actor,
            moves=[Debit(hold.account_id, asked, takes=taken, lifetime=Lifetime.REDEEMED)],
            counts_as_activity=counts_as_activity,
        )
        hold.captured, hold.posting_id = asked, posted.id
        _end(hold, HoldStatus.CAPTURED, now=now)
        return hold, posted


def release(hold_id: int, *, actor: Actor, reason_code: str = "") -> tuple[Hold, Posted | None]:
    """Give the points free; the posting is the expiry of those whose time was over, if any.

    Who of staff did it, and why, stands in the event: a release by itself posts nothing.
    """
    by = {"user": actor.user_id, "reason": checked_reason(reason_code)} if reason_code else {}
    with in_program(_program_of(hold_id)):
        hold, design, now = _locked_open(hold_id)
        _end(hold, HoldStatus.RELEASED, now=now, **by)
        return hold, expire_freed(hold.account_id, _held_lots(hold), design=design, actor=actor, now=now)


def lapse(hold_id: int) -> bool:
    """Tidy a hold past its limit; False where it ended before or still runs.

    Its points were free since then and may be spent, so what of them is past its time is left to the run of expiry.
    """
    with in_program(_program_of(hold_id)):
        hold, _, now = _locked(hold_id)
        if hold.status != HoldStatus.OPEN or hold.expires_at > now:
            return False
        _end(hold, HoldStatus.LAPSED, now=now)
        return True


def release_holds(*, progress: Callable[[int], object] = lambda hold_id: None) -> int:
    """Tidy all holds past their limit, each in its own transaction; the number. Twice changes nothing."""
    count = 0
    for program in Program.objects.order_by("pk"):
        now = clock.program_now(program)
        over = Hold.objects.filter(program=program, status=HoldStatus.OPEN, expires_at__lte=now)
        for hold_id in over.order_by("pk").values_list("pk", flat=True):
            if lapse(hold_id):
                progress(hold_id)
                count += 1
    return count


def divide(lots: Sequence[Take], points: int) -> tuple[list[Take], list[Take]]:
    """The first `points` of the lots, and what is left of them."""
    taken, rest = [], []
    for lot in lots:
        part = min(points, lot.points)
        points -= part
        if part:
            taken.append(Take(lot.lot_id, part))
        if part < lot.points:
            rest.append(Take(lot.lot_id, lot.points - part))
    return taken, rest


def _program_of(hold_id: int) -> int:
    program_id = Hold.objects.filter(pk=hold_id).values_list("program_id", flat=True).first()
    if program_id is None:
        raise NotFound("There is no such hold.")
    return program_id


def _locked(hold_id: int) -> tuple[Hold, Design, datetime]:
    """The hold behind its account's lock. A change may move it while we wait: then its new account is locked."""
    hold = Hold.objects.get(pk=hold_id)
    while True:
        account_id = hold.account_id
        lock_accounts({account_id}, program_id=hold.program_id)
        hold = Hold.objects.select_for_update(of=("self",), no_key=True).get(pk=hold_id)
        if hold.account_id == account_id:
            design = design_of(hold.program_id)
            return hold, design, clock.program_now(design.program)


def _locked_open(hold_id: int) -> tuple[Hold, Design, datetime]:
    hold, design, now = _locked(hold_id)
    ended = hold.status_at(now)
    if ended != HoldStatus.OPEN:
        raise HoldNotOpen(
            f"The hold is {ended.label} since {(hold.ended_at or hold.expires_at).isoformat()}. "
            "Redeem the points or place a new hold.",
            facts={"hold": hold.pk, "status": str(ended), "expires_at": hold.expires_at.isoformat()},
        )
    return hold, design, now


def _held_lots(hold: Hold) -> list[Take]:
    order = (F("lot__expires_at").asc(nulls_last=True), "lot__earned_at", "lot_id")
    return [Take(*row) for row in hold.lots.order_by(*order).values_list("lot_id", "points")]


def _end(hold: Hold, status: HoldStatus, *, now: datetime, **more: Any) -> None:
    hold.status, hold.ended_at = status, now
    hold.save(update_fields=["status", "ended_at", "captured", "posting"])
    _tell(f"hold.{status}", hold, **more)


def _tell(kind: str, hold: Hold, **more: Any) -> None:
    record_event(
        kind,
        program_id=hold.program_id,
        subject_id=hold.pk,
        facts={
            "set": hold.for_set_id,
            "account": hold.account_id,
            "points": hold.points,
            "captured": hold.captured,
            "expires_at": hold.expires_at.isoformat(),
            **more,
        },
    )
