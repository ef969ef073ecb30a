"""Whether a change can be undone, and whether somebody acted since (domain 1.9)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.db import connection
from django.db.models import Q

from cards.models import Card
from customers.models import CustomerStatus
from memberships.changes.errors import NotUndoable
from memberships.changes.record import altered_rows, made_ids
from memberships.changes.states import is_overdue
from memberships.models import (
    DONE,
    CardHolding,
    ChangeKind,
    ChangeParty,
    ChangeStatus,
    InheritedAgreement,
    Member,
    Membership,
    MembershipChange,
    MembershipStatus,
    TierStanding,
)
from memberships.umbrellas import refuse_full
from points.models import Hold

UNDOABLE = (ChangeKind.MERGE, ChangeKind.SPLIT, ChangeKind.ABSORB, ChangeKind.JOIN)
# Postings behind the change's own. Points that ran out are nobody's act.
ACTED = """
SELECT EXISTS (
    SELECT 1 FROM points_pointaccount a
    CROSS JOIN LATERAL (
        SELECT max(x.number) AS number FROM points_entry x WHERE x.account_id = a.id AND x.posting_id = %(posting)s
    ) moved
    JOIN points_entry e ON e.account_id = a.id JOIN points_posting p ON p.id = e.posting_id
    WHERE a.account_set_id = ANY(%(sets)s) AND p.kind <> 'expire'
        AND CASE WHEN moved.number IS NULL THEN p.recorded_at > %(since)s ELSE e.number > moved.number END
)
"""


def involved_ids(change: MembershipChange) -> list[int]:
    """The memberships that a carried-out change affected or made."""
    parties = ChangeParty.objects.filter(change=change).values_list("membership_id", flat=True)
    return sorted({*parties, *made_ids(change.outcome, "memberships.Membership")})


def undo_until(change: MembershipChange) -> datetime:
    """The end of the window that everyone consented to."""
    days = change.terms.get("undo_days", change.program.undo_window_days)
    carried_out_at: datetime = change.carried_out_at or change.proposed_at
    return carried_out_at + timedelta(days=days)


def refuse_undo(change: MembershipChange, *, at: datetime, by: MembershipChange | None = None) -> None:
    """Raise NotUndoable with the reason; `by` is the change of kind undo that is to do it, once there is one."""
    if change.status != ChangeStatus.CARRIED_OUT:
        raise _refusal(
            change, "status", f"It is {change.get_status_display()}; only what was carried out can be undone."
        )
    if change.kind not in UNDOABLE:
        raise _refusal(change, "kind", f"“{change.get_kind_display()}” is not undone: propose a new change instead.")
    until = undo_until(change)
    if at >= until:
        last = until.astimezone(change.program.zone)
        message = f"It could be undone before {last:%Y-%m-%d %H:%M}. Propose a new change instead."
        raise _refusal(change, "window", message, until=until.isoformat())
    ids = involved_ids(change)
    _refuse_later(change, ids, by, at)
    _refuse_lives(change, ids)
    _refuse_people(change, ids)
    _refuse_organization(change)


def acted_since(change: MembershipChange) -> bool:
    """Somebody earned, spent or held points, or had anything changed of what the change brought about."""
    ids = involved_ids(change)
    sets = set(made_ids(change.outcome, "points.PointAccountSet"))
    for own_set_id, pool_id in Membership.objects.filter(pk__in=ids).values_list("own_set_id", "pool_id"):
        sets |= {own_set_id} if pool_id is None else {own_set_id, pool_id}
    asked = {"sets": sorted(sets), "posting": change.posting_id, "since": change.carried_out_at}
    with connection.cursor() as cursor:
        cursor.execute(ACTED, asked)
        (posted,) = cursor.fetchone()
    held = Hold.objects.filter(account__account_set__in=sets, occurred_at__gt=change.carried_out_at)
    return posted or held.exists() or _changed_since(change, ids)


def _refusal(change: MembershipChange, rule: str, message: str, **facts: Any) -> NotUndoable:
    return NotUndoable(message, facts={"change": change.pk, "rule": rule, "status": str(change.status), **facts})


def _refuse_later(change: MembershipChange, ids: Sequence[int], by: MembershipChange | None, at: datetime) -> None:
    """What came after stands in the way, were it undone itself: points went on from there."""
    after = Q(change__carried_out_at__gt=change.carried_out_at)
    after |= Q(change__carried_out_at=change.carried_out_at, change__gt=change.pk)
    others = ChangeParty.objects.filter(membership__in=ids).exclude(change__in=[change.pk, by.pk if by else None])
    later = others.filter(Q(is_open=True) | Q(after, change__status__in=DONE)).select_related("change", "membership")
    for party in later.order_by("change_id"):
        other = party.change
        if not is_overdue(other, at):
            raise _refusal(
                change,
                "later_change",
                f"{party.membership.number} is in change {other.pk} ({other.get_kind_display()}, "
                f"{other.get_status_display()}) since: what came later is not undone with it.",
                other=other.pk,
                membership=party.membership_id,
            )


def _refuse_lives(change: MembershipChange, ids: Sequence[int]) -> None:
    """What it brought about still lives as it was left: nobody's suspension or end is taken back by an undo."""
    ended = {
        pk
        for pk, _, after in altered_rows(change.outcome, "memberships.Membership")
        if after.get("ended_at") is not None
    }
    made = set(made_ids(change.outcome, "memberships.Membership"))
    for membership in Membership.objects.filter(pk__in=ids).order_by("pk"):
        gone = membership.pk not in ended and not membership.current
        if gone or (membership.pk in made and _was_stopped(membership)):
            raise _refusal(
                change,
                "not_active",
                f"{membership.number} is {membership.get_status_display()} since. "
                f"{'Reinstate it first.' if membership.current else 'Propose a new change instead.'}",
                membership=membership.pk,
                membership_status=str(membership.status),
            )


def _refuse_organization(change: MembershipChange) -> None:
    """Who joined stands as they came; who left finds the organization as they left it, and a place under it."""
    if change.kind == ChangeKind.JOIN:
        row = change.prime
        if (row.organization_membership_id, row.type) != (change.secondary_id, change.result_type):
            raise _refusal(
                change,
                "left_since",
                f"{row.number} left the organization since, or stands under it otherwise: there is nothing to undo.",
                membership=row.pk,
            )
    for inherited in InheritedAgreement.objects.filter(pk__in=agreements_left(change)).order_by("pk"):
        _refuse_return(change, inherited)


def agreements_left(change: MembershipChange) -> list[int]:
    """The inherited agreements that ended because somebody left by the change."""
    if change.kind != ChangeKind.SPLIT:
        return []
    return [pk for pk, _, _ in altered_rows(change.outcome, "memberships.InheritedAgreement")]


def _refuse_return(change: MembershipChange, inherited: InheritedAgreement) -> None:
    """Another one may have taken the place meanwhile; two who come back wait for each other at the agreement."""
    agreement = inherited.agreement
    umbrella = agreement.organization_membership
    if not umbrella.current:
        raise _refusal(
            change,
            "organization_ended",
            f"{umbrella.number}, which the person left, has ended since.",
            organization_membership=umbrella.pk,
        )
    refuse_full(agreement)


def _was_stopped(membership: Membership) -> bool:
    """Suspended, paused or ended since it was made. Who left while suspended has one suspended from the start."""
    if membership.status == MembershipStatus.ACTIVE:
        return False
    first = Membership.history.filter(id=membership.pk).order_by("history_id").first()
    return first is None or first.status != membership.status


def _refuse_people(change: MembershipChange, ids: Sequence[int]) -> None:
    """Nobody comes back into a membership whose record is gone: erased, or merged into that of the same person."""
    gone = Q(customer__merged_into__isnull=False) | Q(customer__status=CustomerStatus.ERASED)
    for member in Member.objects.filter(gone, membership__in=ids).select_related("customer", "membership"):
        raise _refusal(
            change,
            "record_gone",
            f"The record of a member of {member.membership.number} was merged into another one or erased since: its "
            "membership can't come back.",
            membership=member.membership_id,
            customer=member.customer_id,
        )


def _changed_since(change: MembershipChange, ids: Sequence[int]) -> bool:
    """A status, member, tier or card of theirs has a younger history than the change."""
    done = change.history.filter(status=ChangeStatus.CARRIED_OUT).order_by("history_id").first()
    if done is None:
        return True
    since = {"history_date__gt": done.history_date}
    cards = CardHolding.objects.filter(membership__in=ids).values("card_id")
    return bool(
        Membership.history.filter(id__in=ids, **since).exists()
        or any(model.history.filter(membership_id__in=ids, **since).exists() for model in (Member, TierStanding))
        or CardHolding.history.filter(membership_id__in=ids, **since).exists()
        or Card.history.filter(id__in=cards, **since).exists()
    )
