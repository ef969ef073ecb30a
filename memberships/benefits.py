"""The benefits of a membership: by the tiers it stands on, by agreement, rule or change, and by hand (domain 1.1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import NotAllowed
from common.history import audit_context, create_with_history
from gateway.events import record_event, record_events
from memberships.benefits_held import BY_TIER as BY_TIER
from memberships.benefits_held import ELSEWHERE as ELSEWHERE
from memberships.benefits_held import HeldBenefit as HeldBenefit
from memberships.benefits_held import benefits_of as benefits_of
from memberships.benefits_held import has_benefit as has_benefit
from memberships.errors import BenefitRefused, NotAMember, ReasonMissing
from memberships.locking import locked_memberships
from memberships.models import BenefitSource, Member, Membership, MembershipBenefit
from programs.design import Design
from programs.models import Benefit

MANAGE = "memberships:manage"
# What staff take back by hand; a tier's and an agreement's benefits end with them.
ENDED_BY_HAND = (BenefitSource.MANUAL, BenefitSource.RULE, BenefitSource.CHANGE)


def grant_benefit(
    membership: Membership,
    *,
    benefit: Benefit,
    reason: str,
    actor: Actor,
    until: datetime | None = None,
    customer_id: int | None = None,
) -> MembershipBenefit:
    """By hand, with a reason; `customer_id` names the member whose alone it is.

    Raises NotAllowed, ReasonMissing, BenefitRefused, NotAMember.
    """
    _refuse_unless_allowed(membership, actor=actor, reason=reason)
    with in_program(membership.program_id), audit_context(actor, reason):
        (membership,) = locked_memberships([membership.pk])
        at = program_now(membership.program)
        _refuse_unfit(membership, benefit, at=at, until=until)
        member = None if customer_id is None else _member(membership, customer_id)
        _refuse_twice(membership, benefit, member, at=at)
        given: MembershipBenefit = MembershipBenefit.objects.create(
            membership=membership,
            program_id=membership.program_id,
            member=member,
            benefit=benefit,
            source=BenefitSource.MANUAL,
            since=at,
            until=until,
            reason=reason,
        )
        _tell(given, "granted")
        return given


@dataclass(frozen=True, slots=True)
class RuleGrant:
    """A benefit a rule gives the membership as a whole; `benefit` is a code."""

    membership_id: int
    benefit: str
    until: datetime | None = None
    reason: str = ""


def grant_many(grants: Sequence[RuleGrant], *, design: Design, at: datetime, actor: Actor) -> list[RuleGrant]:
    """Give what rules grant to memberships locked by the caller; those that gave something, or for longer.

    A membership has a benefit by rule once: again it lasts until the later end. One that is over by now, of an event
    told late, gives nothing. Raises BenefitRefused.
    """
    grants = [one for one in grants if one.until is None or one.until > at]
    benefits = {one.benefit: benefit_of(design, one.benefit) for one in grants}
    rows = MembershipBenefit.objects.filter(
        membership__in=sorted({one.membership_id for one in grants}), source=BenefitSource.RULE, ended_at__isnull=True
    )
    had = {(row.membership_id, row.benefit_id): row for row in rows.filter(member__isnull=True)}
    made, done = [], []
    with in_program(design.program), audit_context(actor):
        for one in grants:
            benefit = benefits[one.benefit]
            key = (one.membership_id, benefit.pk)
            given = _lasting(had.get(key), at=at)
            if given is None:
                had[key] = _by_rule(one, benefit, design, at=at)
                made.append(had[key])
            elif given.until is None or (one.until is not None and one.until <= given.until):
                continue
            else:
                given.until = one.until
                if given.pk is not None:
                    given.save()
            done.append(one)
        _tell_many(create_with_history(made), design)
    return done


def benefit_of(design: Design, code: str) -> Benefit:
    """Kept with the design's version. Raises BenefitRefused."""
    found = design.derived.get("benefits")
    if not isinstance(found, dict):
        found = {one.code: one for one in Benefit.objects.filter(program_id=design.program.pk)}
        design.derived["benefits"] = found
    if code not in found:
        raise BenefitRefused(f"{design.program.name} has no benefit “{code}”.", facts={"benefits": sorted(found)})
    benefit: Benefit = found[code]
    return benefit


def _lasting(given: MembershipBenefit | None, *, at: datetime) -> MembershipBenefit | None:
    """One that has run out is closed and makes room."""
    if given is None or given.pk is None or given.until is None or given.until > at:
        return given
    given.ended_at = given.until
    given.save()
    return None


def _by_rule(grant: RuleGrant, benefit: Benefit, design: Design, *, at: datetime) -> MembershipBenefit:
    return MembershipBenefit(
        membership_id=grant.membership_id,
        program_id=design.program.pk,
        benefit=benefit,
        source=BenefitSource.RULE,
        since=at,
        until=grant.until,
        reason=grant.reason[:120],
    )


def end_benefit(given: MembershipBenefit, *, actor: Actor, reason: str) -> MembershipBenefit:
    """Take back what was not given by an agreement. Raises NotAllowed, ReasonMissing, BenefitRefused."""
    _refuse_unless_allowed(given.membership, actor=actor, reason=reason)
    with in_program(given.program_id), audit_context(actor, reason):
        (membership,) = locked_memberships([given.membership_id])
        (row,) = lock_rows(MembershipBenefit.objects.select_related("benefit").filter(pk=given.pk))
        if row.ended_at is not None or row.source not in ENDED_BY_HAND:
            cause = "it has ended already" if row.ended_at is not None else "it ends with the agreement it comes from"
            raise BenefitRefused(
                f"{row.benefit} of {membership.number} can't be taken back: {cause}.",
                facts={"membership": membership.pk, "benefit": row.benefit.code, "source": str(row.source)},
            )
        row.ended_at = max(program_now(membership.program), row.since)
        row.save()
        _tell(row, "ended")
        return row


def _refuse_unless_allowed(membership: Membership, *, actor: Actor, reason: str) -> None:
    if actor.kind == "channel" or not actor.may(MANAGE, membership.program_id):
        raise NotAllowed("Staff with the right to manage memberships give benefits.", facts={"action": MANAGE})
    if not reason.strip():
        raise ReasonMissing("A benefit is given and taken back with a reason.")


def _refuse_unfit(membership: Membership, benefit: Benefit, *, at: datetime, until: datetime | None) -> None:
    facts = {"membership": membership.pk, "benefit": benefit.code}
    if not membership.current:
        raise BenefitRefused(f"{membership.number} has ended.", facts=facts)
    if benefit.program_id != membership.program_id:
        raise BenefitRefused("The benefit belongs to another program.", facts=facts)
    if until is not None and until <= at:
        raise BenefitRefused("The end of the benefit must lie ahead.", facts=facts | {"until": until.isoformat()})


def _refuse_twice(membership: Membership, benefit: Benefit, member: Member | None, *, at: datetime) -> None:
    """One that has run out makes room."""
    given = MembershipBenefit.objects.filter(
        membership=membership, benefit=benefit, member=member, source=BenefitSource.MANUAL, ended_at__isnull=True
    ).first()
    if given is None:
        return
    if given.until is not None and given.until <= at:
        given.ended_at = given.until
        given.save()
        return
    raise BenefitRefused(
        f"{membership.number} has {benefit} by hand already: end that first.",
        facts={"membership": membership.pk, "benefit": benefit.code, "given": given.pk},
    )


def _member(membership: Membership, customer_id: int) -> Member:
    member: Member | None = Member.objects.filter(
        membership=membership, customer=customer_id, ended_at__isnull=True
    ).first()
    if member is None:
        raise NotAMember(
            f"Customer {customer_id} is no current member of {membership.number}.",
            facts={"membership": membership.pk, "member": customer_id},
        )
    return member


def _tell_many(given: Sequence[MembershipBenefit], design: Design) -> None:
    """One event per benefit given: a membership may have got several."""
    by_benefit: dict[int, dict[int, dict[str, Any]]] = {}
    for one in given:
        facts = {"benefit": one.benefit.code, "source": str(one.source), "given": one.pk}
        by_benefit.setdefault(one.benefit_id, {})[one.membership_id] = facts
    for facts_by_membership in by_benefit.values():
        record_events("benefit.granted", program_id=design.program.pk, facts=facts_by_membership)


def _tell(given: MembershipBenefit, event: str) -> None:
    record_event(
        f"benefit.{event}",
        program_id=given.program_id,
        subject_id=given.membership_id,
        facts={"benefit": given.benefit.code, "source": str(given.source), "given": given.pk},
    )
