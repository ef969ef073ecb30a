"""Rows that a change altered get their values back, rows that it made are over (domain 1.9).

Generic: the change wrote down both. A value that somebody changed since stays as it is.
"""

from typing import Any

from django.apps import apps
from django.db import models

from memberships.changes.attributes import forget_made
from memberships.changes.carriers import carriers
from memberships.changes.errors import NotUndoable
from memberships.changes.plan import Work
from memberships.changes.record import altered_in_order, made_ids
from memberships.following import record_members
from memberships.models import (
    EndReason,
    InheritedAgreement,
    Member,
    Membership,
    MembershipBenefit,
    MembershipChange,
    MembershipLabel,
    MembershipStatus,
    MembershipTerm,
    TierStanding,
)

MEMBERSHIP = "memberships.Membership"
STANDING = "memberships.TierStanding"
# Rows that say since when until when something is so of a membership.
BROUGHT: tuple[type[models.Model], ...] = (
    Member,
    TierStanding,
    MembershipBenefit,
    MembershipLabel,
    InheritedAgreement,
)
# Accounts follow their points; a card was held by two one after the other, and that stays so.
APART = frozenset({"points.PointAccount", "memberships.CardHolding"})


def close_made(work: Work, original: MembershipChange) -> None:
    """Memberships that the change made expire and lead to its prime; members, tiers, benefits and agreements it
    brought elsewhere end."""
    made = made_ids(original.outcome, MEMBERSHIP)
    for membership in Membership.objects.filter(pk__in=made).order_by("pk"):
        work.record.alter(
            membership,
            status=MembershipStatus.EXPIRED,
            end_reason=EndReason.UNDONE,
            ended_at=work.at,
            superseded_by_id=original.prime_id,
            pool_id=None,
        )
        membership.refresh_from_db(fields=["current"])
        record_members(membership)
    for model in BROUGHT:
        rows = model._default_manager.filter(
            pk__in=made_ids(original.outcome, model._meta.label), ended_at__isnull=True
        )
        for row in rows.exclude(membership__in=made).order_by("pk"):
            work.record.alter(row, ended_at=work.at)
    forget_made(original, made)
    for carrier in carriers():
        carrier.end_made(work, original, made)
    _return_terms(work, original, made)


def restore_rows(work: Work, original: MembershipChange) -> None:
    """The values before, the last change first."""
    for label, pk, before, after in reversed(altered_in_order(original.outcome)):
        if label in APART or pk in made_ids(original.outcome, label):
            continue
        row = apps.get_model(label)._default_manager.filter(pk=pk).first()
        if row is None:
            # A value that was taken away since.
            continue
        values = {name: value for name, value in before.items() if getattr(row, name) == after[name]}
        if label == STANDING and _stands_elsewhere(row):
            continue
        work.record.alter(row, **values)
        if label == MEMBERSHIP and "status" in values:
            row.refresh_from_db(fields=["current"])
            record_members(row)
    _refuse_without_main(original)


def carry_suspensions(work: Work, original: MembershipChange) -> None:
    """A member suspended apart is so in the membership the person is in again, and one reinstated is not.

    Whose whole membership was suspended had been suspended apart before, and is so again.
    """
    whole = [pk for _, pk, before, _ in work.record.altered if before.get("status") == MembershipStatus.SUSPENDED]
    made = Member.objects.filter(pk__in=made_ids(original.outcome, "memberships.Member"))
    for left in made.exclude(membership__in=whole).order_by("pk"):
        again = Member.objects.filter(
            program_id=left.program_id, customer_id=left.customer_id, current=True, ended_at__isnull=True
        )
        for member in again:
            work.record.alter(member, suspended_at=left.suspended_at)


def _stands_elsewhere(standing: TierStanding) -> bool:
    """Another tier was given in the ladder since: that stays."""
    others = TierStanding.objects.filter(
        membership_id=standing.membership_id, group_id=standing.group_id, ended_at__isnull=True
    )
    return others.exclude(pk=standing.pk).exists()


def _refuse_without_main(original: MembershipChange) -> None:
    """A group that goes on is led by one who stays in it."""
    left = Member.objects.filter(pk__in=made_ids(original.outcome, "memberships.Member"), ended_at__isnull=False)
    for group in Membership.objects.filter(main_member__in=left, current=True):
        raise NotUndoable(
            f"The main member of {group.number} came with this change: name another one first.",
            facts={"change": original.pk, "rule": "main", "membership": group.pk},
        )


def _return_terms(work: Work, original: MembershipChange, made: list[int]) -> None:
    """Paid terms were copied to the membership that went on: what was paid there since is paid where they came from."""
    copies = MembershipTerm.objects.filter(pk__in=made_ids(original.outcome, "memberships.MembershipTerm"))
    for term in copies.exclude(membership__in=made).order_by("pk"):
        sources = MembershipTerm.objects.filter(
            membership__superseded_by_id=term.membership_id, first_day=term.first_day, last_day=term.last_day
        )
        for source in sources:
            paid: dict[str, Any] = {"paid_at": term.paid_at, "payment_reference": term.payment_reference}
            work.record.alter(source, **paid)
        term.delete()
