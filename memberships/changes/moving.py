"""Steps that changes of memberships share; the record notes what undoing needs (domain 1.9)."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from django.db.models import Q

from common.db import lock_rows
from memberships.changes.plan import Work
from memberships.following import record_members
from memberships.models import (
    CardHolding,
    EndReason,
    Member,
    Membership,
    MembershipStatus,
    MembershipTerm,
    MembershipType,
    StandingSource,
    TermsAcceptance,
    TierStanding,
)
from memberships.numbering import with_new_number
from memberships.standings import open_standings
from points.accounts import open_set


def open_membership(
    work: Work, *, status: str, enrolled_at: datetime, activated_at: datetime | None, expires_on: date | None
) -> Membership:
    """A standard membership with a new number and set and no member yet: in a group it becomes one by its members."""
    program = work.plan.design.program

    def make(number: str) -> Membership:
        made: Membership = Membership.objects.create(
            program=program,
            number=number,
            type=MembershipType.STANDARD,
            own_set=open_set(program.pk),
            status=status,
            enrolled_at=enrolled_at,
            activated_at=activated_at,
            expires_on=expires_on,
        )
        return made

    membership = with_new_number(program, make)
    work.record.made(membership)
    return membership


def end_into(
    work: Work, membership: Membership, survivor: Membership, *, end_reason: EndReason = EndReason.MERGED
) -> None:
    """It is over; its number and whatever is sent to it lead on to the survivor. Its points are moved by the caller."""
    work.record.alter(
        membership,
        status=MembershipStatus.EXPIRED,
        end_reason=end_reason,
        ended_at=work.at,
        superseded_by=survivor,
        pool=None,
    )
    membership.refresh_from_db(fields=["current"])
    record_members(membership)


def add_member(work: Work, membership: Membership, customer_id: int, *, suspended_at: datetime | None = None) -> Member:
    """The person takes part from now on; they must have left or ended elsewhere before."""
    member: Member = Member.objects.create(
        membership=membership,
        program_id=membership.program_id,
        customer_id=customer_id,
        joined_at=work.at,
        suspended_at=suspended_at,
    )
    work.record.made(member)
    return member


def end_member(work: Work, member_id: int) -> Member:
    (member,) = lock_rows(Member.objects.filter(pk=member_id))
    work.record.alter(member, ended_at=work.at)
    return member


def open_members(membership: Membership) -> list[Member]:
    return list(Member.objects.filter(membership=membership, ended_at__isnull=True).order_by("pk"))


def move_cards(
    work: Work, source: Membership, target: Membership, *, customer_id: int | None, to_customer_id: int | None = None
) -> list[CardHolding]:
    """The person's cards in hand go along and keep working; `to_customer_id` where the person has another record."""
    whose = Q(customer__isnull=True) if customer_id is None else Q(customer_id=customer_id)
    held = CardHolding.objects.select_related("card").filter(whose, membership=source, held_until__isnull=True)
    made = []
    for holding in lock_rows(held):
        until = max(work.at, holding.held_from)
        work.record.alter(holding, held_until=until)
        successor = CardHolding.objects.create(
            card=holding.card,
            program_id=holding.program_id,
            membership=target,
            customer_id=to_customer_id or customer_id,
            held_from=until,
        )
        work.record.made(successor)
        made.append(successor)
    return made


def stand_highest(work: Work, target: Membership, sources: Iterable[Membership]) -> None:
    """Per ladder the highest tier of all of them, with its dates; nobody is raised above what one of them had."""
    best: dict[int, TierStanding] = {}
    for membership in (target, *sources):
        for standing in open_standings(membership).select_related("tier").order_by("pk"):
            known = best.get(standing.group_id)
            if known is None or _rank(standing) > _rank(known):
                best[standing.group_id] = standing
    for standing in best.values():
        if standing.membership_id != target.pk:
            stand(work, target, standing.tier, since=standing.since, until=standing.until, like=standing)


def stand(
    work: Work,
    membership: Membership,
    tier: Any,
    *,
    since: datetime,
    until: datetime | None = None,
    like: TierStanding | None = None,
) -> None:
    """On that tier by the change; what it stood on in the ladder before ends. `like`: cites the same agreement."""
    for old in open_standings(membership).filter(group_id=tier.group_id):
        work.record.alter(old, ended_at=work.at)
    standing = TierStanding.objects.create(
        membership=membership,
        program_id=membership.program_id,
        group_id=tier.group_id,
        tier=tier,
        since=since,
        until=until,
        source=StandingSource.CHANGE,
        agreement_id=like.agreement_id if like is not None else None,
        agreement_version=like.agreement_version if like is not None else None,
    )
    work.record.made(standing)


def copy_acceptances(
    work: Work, sources: Iterable[Membership], target: Membership, *, customer_id: int | None = None
) -> None:
    """Who accepted which terms when stands at the membership they take part in; of everybody, or of one person."""
    known = set(TermsAcceptance.objects.filter(membership=target).values_list("customer_id", "terms_id"))
    found = TermsAcceptance.objects.filter(membership__in=list(sources)).order_by("pk")
    for accepted in found if customer_id is None else found.filter(customer=customer_id):
        if (accepted.customer_id, accepted.terms_id) in known:
            continue
        known.add((accepted.customer_id, accepted.terms_id))
        copy = TermsAcceptance.objects.create(
            membership=target,
            program_id=target.program_id,
            customer_id=accepted.customer_id,
            terms_id=accepted.terms_id,
            accepted_at=accepted.accepted_at,
            channel_id=accepted.channel_id,
            user_id=accepted.user_id,
        )
        work.record.made(copy)


def keep_later_term(work: Work, target: Membership, sources: Sequence[Membership]) -> None:
    """The latest last day counts, none being the latest; the unused days of the others are noted for a refund."""
    everyone = [target, *sources]
    last = max(everyone, key=lambda one: one.expires_on or date.max)
    work.record.alter(target, expires_on=last.expires_on)
    today = work.at.astimezone(work.plan.design.zone).date()
    unused = []
    for one in everyone:
        for term in MembershipTerm.objects.filter(membership=one, last_day__gte=today).order_by("pk"):
            if one.pk != last.pk:
                days = (term.last_day - max(today, term.first_day)).days + 1
                facts = {"membership": one.pk, "days": days, "fee": str(term.fee), "currency": term.currency}
                unused.append(facts | {"paid": term.paid_at is not None})
            elif one.pk != target.pk:
                copy_term(work, term, target)
    if unused:
        work.record.note(unused_terms=unused)


def copy_term(work: Work, term: MembershipTerm, target: Membership) -> None:
    """A paid period of another membership counts for this one too."""
    copy, fresh = MembershipTerm.objects.get_or_create(
        membership=target,
        first_day=term.first_day,
        defaults={
            "program_id": target.program_id,
            "last_day": term.last_day,
            "fee": term.fee,
            "currency": term.currency,
            "paid_at": term.paid_at,
            "payment_reference": term.payment_reference,
        },
    )
    if fresh:
        work.record.made(copy)


def _rank(standing: TierStanding) -> tuple[int, float, float]:
    """The higher rung, then the longer kept, then the older."""
    until = standing.until.timestamp() if standing.until is not None else 0.0
    return (standing.tier.rank, until, -standing.since.timestamp())
