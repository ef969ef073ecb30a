"""Ends of memberships, by hand and by the daily run, and the rest of their points afterwards (domain 1.5)."""

from collections.abc import Callable, Collection, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.db.models import QuerySet

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import Busy
from common.history import audit_context
from gateway.events import record_event
from memberships.card_holding import cancel_cards
from memberships.changes.errors import ChangeRefused
from memberships.changes.lapsing import lapse_open_of, locked_open_changes
from memberships.changes.leaving import leave_by_rule
from memberships.changes.record import Record
from memberships.errors import NotAMember, ReasonMissing, SplitFirst, WrongStatus
from memberships.following import record_members
from memberships.locking import locked_memberships
from memberships.models import EndReason, Member, Membership, MembershipStatus
from memberships.organization_pools import lives_on, pool_umbrella, stand_alone
from memberships.registrations import drop, registrations_about
from memberships.types import type_of
from points.errors import HoldTooLarge
from programs.models import Program

# Ends by hand; the others follow from a run or a change.
BY_HAND = frozenset({EndReason.TERMINATED, EndReason.CUSTOMER_CLOSED, EndReason.DECEASED, EndReason.PROGRAM_CLOSED})

# Which of these memberships are to end, asked of them under their locks.
StillDue = Callable[[Sequence[Membership]], Collection[int]]


def terminate(
    membership: Membership,
    *,
    actor: Actor,
    reason: str,
    end_reason: EndReason = EndReason.TERMINATED,
    customer_id: int | None = None,
) -> Membership:
    """End it; `reason` in words, `end_reason` one of BY_HAND. Its points rest for the program's days.

    Who shares a pool leaves it first, by the program's leaving rule, in the same transaction. `customer_id` names the
    one person whose participation is to end: refused in a group, which the person leaves by a split.
    """
    if not reason.strip():
        raise ReasonMissing("A membership is terminated with a reason.")
    if end_reason not in BY_HAND:
        raise WrongStatus(f"“{end_reason}” is no end by hand.", facts={"end_reasons": sorted(BY_HAND)})
    if customer_id is not None:
        _refuse_one_of_several(membership, customer_id)
    return _end(membership, end_reason, actor=actor, reason=reason)


def expire(
    membership: Membership, *, actor: Actor, reason: str = "", end_reason: EndReason = EndReason.TERM_END
) -> Membership:
    """End it by the passing of time."""
    return _end(membership, end_reason, actor=actor, reason=reason or str(end_reason))


def memberships_due(program: Program, today: date) -> QuerySet[Membership]:
    """Those whose last day has passed; an automatically renewed one may still wait for its payment."""
    return (
        Membership.objects.filter(program=program, expires_on__lt=today)
        .exclude(status=MembershipStatus.EXPIRED)
        .order_by("pk")
    )


def is_due(membership: Membership, program: Program, today: date) -> bool:
    """Seasonal ends are final; a term that renews by itself gets the days of grace for it."""
    if membership.expires_on is None or not membership.current:
        return False
    seasonal = program.valid_until is not None and membership.expires_on >= program.valid_until
    grace = program.renewal_grace_days if program.auto_renew and not seasonal else 0
    # Not the other way round: a season may end with the last day there is.
    return today - timedelta(days=grace) > membership.expires_on


def memberships_done_resting(program: Program, *, at: datetime) -> QuerySet[Membership]:
    """Ended memberships whose points have rested long enough; post their expiry, then `finish_resting`."""
    return Membership.objects.filter(
        program=program, status=MembershipStatus.EXPIRED, rests_until__isnull=False, rests_until__lte=at
    ).order_by("pk")


def resting_sets(membership: Membership) -> list[int]:
    """The sets whose points rest with the ended membership: its own, and an organization's pool."""
    pools = [membership.pool_id] if type_of(membership.type).is_umbrella else []
    return [membership.own_set_id, *(one for one in pools if one is not None)]


def finish_resting(membership: Membership, *, actor: Actor, at: datetime) -> Membership:
    """In the transaction that expired its points: it can't come back, its cards end, and no card waits for it."""
    with in_program(membership.program_id), audit_context(actor, "done resting"):
        (row,) = locked_memberships([membership.pk])
        if row.rests_until is None or row.rests_until > at:
            raise WrongStatus(f"{row.number} does not rest, or not long enough.", facts={"membership": row.pk})
        cancel_cards(row, actor=actor, at=at, reason="done resting")
        for registration in lock_rows(registrations_about(row)):
            drop(registration, at=at)
        row.rests_until = None
        row.save()
        return row


def rest_again(membership: Membership, *, actor: Actor, at: datetime) -> None:
    """Points came back to one that was done resting, by a reversal: the next run expires them, nothing else returns."""
    with in_program(membership.program_id), audit_context(actor, "points came back"):
        (row,) = locked_memberships([membership.pk])
        if row.current or row.rests_until is not None:
            return
        row.rests_until = at
        row.save()


def end_if(
    pk: int,
    *,
    program: Program,
    still_due: StillDue,
    end_reason: EndReason,
    at: datetime,
    actor: Actor,
) -> bool:
    """End it by a run if that is due; asked again under the lock, for a renewal may have come first. What a hold or
    another change stands against is left to the next run."""
    try:
        with in_program(program), audit_context(actor, str(end_reason)):
            row = _locked(pk)
            due = row.current and bool(still_due([row]))
            if due:
                row = _on_its_own(row, actor=actor, reason=str(end_reason))
                _close(row, end_reason, actor=actor, at=at)
    except (Busy, HoldTooLarge, ChangeRefused):
        return False
    return due


def _end(membership: Membership, end_reason: EndReason, *, actor: Actor, reason: str) -> Membership:
    with in_program(membership.program_id), audit_context(actor, reason):
        row = _locked(membership.pk)
        if row.status == MembershipStatus.EXPIRED:
            raise WrongStatus(
                f"{row.number} has ended already.", facts={"membership": row.pk, "end_reason": row.end_reason}
            )
        row = _on_its_own(row, actor=actor, reason=reason)
        _close(row, end_reason, actor=actor, at=program_now(row.program))
        return row


def _locked(pk: int) -> Membership:
    """The membership behind its lock, and those it shares a pool with, which its end changes too."""
    # In the order of all verbs: a change before its memberships.
    locked_open_changes([pk])
    seen = Membership.objects.get(pk=pk)
    rows = locked_memberships({pk, *_sharing(seen)}, key_change=True)
    row = next(one for one in rows if one.pk == pk)
    if row.pool_id != seen.pool_id:
        raise Busy(f"{row.number} came into another pool meanwhile. Try again.", facts={"membership": pk})
    return row


def _sharing(membership: Membership) -> list[int]:
    """Who shares its pool with it; the pool of an organization goes on without it as it was."""
    if membership.pool_id is None or type_of(membership.type).is_umbrella or pool_umbrella(membership) is not None:
        return []
    return list(Membership.objects.filter(pool=membership.pool_id, current=True).values_list("pk", flat=True))


def _on_its_own(row: Membership, *, actor: Actor, reason: str) -> Membership:
    """Out of the pool it shares, and of the organization it stands under, if any."""
    if not type_of(row.type).ends_alone:
        leave_by_rule(row, actor=actor, reason=reason)
        (row,) = locked_memberships([row.pk])
    stand_alone(row, at=program_now(row.program), record=Record())
    return row


def _refuse_one_of_several(membership: Membership, customer_id: int) -> None:
    """Only a group has several."""
    members = Member.objects.filter(membership=membership, ended_at__isnull=True)
    customers = set(members.values_list("customer_id", flat=True))
    if customer_id not in customers:
        raise NotAMember(
            f"Customer {customer_id} is no current member of {membership.number}.",
            facts={"membership": membership.pk, "member": customer_id},
        )
    if len(customers) > 1:
        raise SplitFirst(
            f"{membership.number} has {len(customers)} members: propose a split by which customer {customer_id} leaves "
            "it, then end the membership they get.",
            facts={"membership": membership.pk, "member": customer_id, "cure": "split"},
        )


def _close(row: Membership, end_reason: EndReason, *, actor: Actor, at: datetime) -> None:
    lapse_open_of(row.pk, actor=actor, reason="a membership ended")
    # What an organization's people share rests when the last of them has left.
    rests_until = None if lives_on(row) else at + timedelta(days=row.program.rest_days)
    close(row, end_reason, at=at, rests_until=rests_until)
    row.save()
    record_members(row)
    record_event("membership.expired", program_id=row.program_id, subject_id=row.pk, facts=told_expired(row))


def close(row: Membership, end_reason: EndReason, *, at: datetime, rests_until: datetime | None) -> None:
    """Not saved."""
    row.status, row.end_reason, row.ended_at, row.rests_until = MembershipStatus.EXPIRED, end_reason, at, rests_until
    row.version += 1


def told_expired(row: Membership) -> dict[str, Any]:
    """What the event of an end says."""
    rests_until = row.rests_until and row.rests_until.isoformat()
    return {"end_reason": str(row.end_reason), "rests_until": rests_until, "version": row.version}
