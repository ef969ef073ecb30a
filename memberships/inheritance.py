"""The inheritance step: what an individual membership takes over from the organization it stands under (domain 1.8).

Enrolment, joining and applying again call it; it writes on a Record, so that a change that joined can be undone.
"""

from datetime import datetime
from typing import Any

from common.actor import Actor
from common.db import in_program
from common.history import audit_context, create_with_history
from gateway.events import record_event
from memberships.changes.record import Record
from memberships.models import (
    AgreementForm,
    BenefitSource,
    InheritedAgreement,
    Membership,
    MembershipBenefit,
    MembershipType,
    StandingSource,
    TierStanding,
)
from memberships.standings import open_standings, refresh_exemption
from memberships.umbrellas import Inheritance as Inheritance
from memberships.umbrellas import find_inheritance as find_inheritance
from points.models import PointAccount
from programs.models import PointKind, Tier


def place_under(found: Inheritance, *, form: str) -> dict[str, Any]:
    """The fields of a membership that stands under the umbrella in that form."""
    values: dict[str, Any] = {"organization_membership": found.umbrella}
    if form == AgreementForm.SHARED:
        values |= {"type": MembershipType.SHARED, "pool": found.umbrella.pool}
    return values


def inherit(
    membership: Membership,
    found: Inheritance,
    *,
    source: str,
    form: str,
    at: datetime,
    actor: Actor,
    record: Record,
) -> InheritedAgreement:
    """Take over agreement, tiers where they are higher, benefits and form; own points were moved by the caller.

    The membership is locked and found is, too. `source` is an InheritedAgreement.Source, `form` an AgreementForm.
    """
    with in_program(membership.program_id), audit_context(actor):
        record.alter(membership, **place_under(found, form=form))
        inherited: InheritedAgreement = InheritedAgreement.objects.create(
            membership=membership,
            program_id=membership.program_id,
            agreement=found.agreement,
            version=found.version,
            form=form,
            source=source,
            since=at,
        )
        record.made(inherited)
        if form == AgreementForm.SHARED:
            _close_own(membership, record)
        exempts = inherit_tiers(membership, found, at=at, record=record)
        inherit_benefits(membership, found, at=at, record=record)
        if exempts or membership.pool_id is not None:
            refresh_exemption(membership)
        record_event(
            "membership.inherited",
            program_id=membership.program_id,
            subject_id=membership.pk,
            facts=told_inherited(inherited, found),
        )
        return inherited


def end_inheritance(membership: Membership, *, at: datetime, record: Record) -> InheritedAgreement | None:
    """It stands under no organization from `at` on: agreement benefits end, tiers last until the next review.

    Its form and points are left to the caller. What ended, or None where it stood under none.
    """
    ended = None
    for inherited in InheritedAgreement.objects.filter(membership=membership, ended_at__isnull=True):
        record.alter(inherited, ended_at=max(at, inherited.since))
        ended = inherited
    for given in open_agreement_benefits(membership):
        record.alter(given, ended_at=max(at, given.since))
    lifted = [one for one in open_standings(membership).filter(agreement__isnull=False) if is_kept(one, at)]
    for standing in lifted:
        record.alter(standing, until=max(at, standing.since))
    record.alter(membership, organization_membership=None)
    if lifted:
        refresh_exemption(membership)
    return ended


def open_agreement_benefits(membership: Membership) -> list[MembershipBenefit]:
    given = MembershipBenefit.objects.filter(
        membership=membership, source=BenefitSource.AGREEMENT, ended_at__isnull=True
    )
    return list(given.order_by("pk"))


def inherit_tiers(membership: Membership, found: Inheritance, *, at: datetime, record: Record) -> bool:
    """The agreement's tiers, where they are higher than what the membership stands on, or kept for longer.

    Whether that may change for how long its points are exempt from expiry.
    """
    if not found.tiers:
        return False
    standing_on = {one.group_id: one for one in open_standings(membership).select_related("tier")}
    made, moved = [], []
    for tier in found.tiers:
        present = standing_on.get(tier.group_id)
        if present is not None and not is_better(tier, found.until, present):
            continue
        if present is not None:
            record.alter(present, ended_at=max(at, present.since))
            moved.append(present.tier)
        moved.append(tier)
        made.append(agreement_standing(membership, tier, found, at=at))
    for standing in create_with_history(made):
        record.made(standing)
    return any(tier.exempt_from_expiry for tier in moved)


def inherit_benefits(
    membership: Membership, found: Inheritance, *, at: datetime, record: Record
) -> list[MembershipBenefit]:
    """The agreement's benefits that it does not have by the agreement yet."""
    if not found.terms.benefits:
        return []
    had = {one.benefit_id for one in open_agreement_benefits(membership)}
    made = [agreement_benefit(membership, pk, found, at=at) for pk in found.terms.benefits if pk not in had]
    for given in create_with_history(made):
        record.made(given)
    return made


def agreement_standing(membership: Membership, tier: Tier, found: Inheritance, *, at: datetime) -> TierStanding:
    """Not saved."""
    return TierStanding(
        membership=membership,
        program_id=membership.program_id,
        group_id=tier.group_id,
        tier=tier,
        since=at,
        until=found.until,
        source=StandingSource.AGREEMENT,
        agreement=found.agreement,
        agreement_version=found.version,
    )


def agreement_benefit(
    membership: Membership, benefit_id: int, found: Inheritance, *, at: datetime
) -> MembershipBenefit:
    """Not saved."""
    return MembershipBenefit(
        membership=membership,
        program_id=membership.program_id,
        benefit_id=benefit_id,
        source=BenefitSource.AGREEMENT,
        agreement=found.agreement,
        agreement_version=found.version,
        since=at,
        until=found.until,
    )


def is_better(tier: Tier, until: datetime | None, present: TierStanding) -> bool:
    """A higher rung; or the same rung, kept for longer than now."""
    if tier.rank != present.tier.rank:
        return tier.rank > present.tier.rank
    if present.until is None:
        return present.agreement_id is None
    return until is None or until > present.until


def is_kept(standing: TierStanding, at: datetime) -> bool:
    """Whether an agreement's standing is not lowered at that time."""
    return standing.until is None or standing.until > at


def _close_own(membership: Membership, record: Record) -> None:
    """Own redeemable accounts take no credits while the points live in the pool."""
    own = PointAccount.objects.filter(
        account_set=membership.own_set_id, point_type__kind=PointKind.REDEEMABLE, closed=False
    )
    for account in own.order_by("pk"):
        record.alter(account, closed=True)


def told_inherited(inherited: InheritedAgreement, found: Inheritance) -> dict[str, Any]:
    """What the event says."""
    return {
        "organization_membership": found.umbrella.pk,
        "agreement": inherited.agreement_id,
        "version": inherited.version,
        "form": str(inherited.form),
        "source": str(inherited.source),
    }
