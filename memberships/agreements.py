"""Agreements with organizations: made, amended, ended and cancelled, every version kept (domain 1.8).

A change of an agreement reaches nobody who is enrolled under it; see memberships.applying_again.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date

from django.db.models import Q, QuerySet

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import NotFound, Stale
from common.history import audit_context
from customers.affiliations import valid_on
from customers.models import Affiliation
from gateway.events import record_event
from memberships.agreement_terms import AgreementTerms as AgreementTerms
from memberships.agreement_terms import checked, columns_of, kept_terms, terms_of
from memberships.errors import AgreementRefused, AgreementsOverlap, ReasonMissing, WrongStatus
from memberships.models import (
    AgreementBenefit,
    AgreementTier,
    AgreementVersion,
    InheritedAgreement,
    Membership,
    OrganizationAgreement,
)
from memberships.organizations import locked_umbrella, refuse_unless_staff
from programs.models import Tier


def make_agreement(membership: Membership, terms: AgreementTerms, *, actor: Actor) -> OrganizationAgreement:
    """Raises NotAllowed, OrganizationRefused, MembershipEnded, AgreementRefused, AgreementsOverlap."""
    refuse_unless_staff(actor, membership.program_id)
    with in_program(membership.program_id), audit_context(actor, "agreement made"):
        umbrella = locked_umbrella(membership.pk)
        terms, tiers = checked(umbrella, terms)
        _refuse_overlap(umbrella, terms)
        agreement: OrganizationAgreement = OrganizationAgreement.objects.create(
            organization_membership=umbrella, program_id=umbrella.program_id, **columns_of(terms)
        )
        _write_parts(agreement, terms, tiers)
        _keep_version(agreement, terms, tiers, actor=actor)
        _tell(agreement, "made")
        return agreement


def amend_agreement(
    agreement: OrganizationAgreement,
    terms: AgreementTerms,
    *,
    actor: Actor,
    reason: str,
    expected_version: int | None = None,
) -> OrganizationAgreement:
    """A new version for those who enrol from now on; the same terms once more change nothing.

    `expected_version` is the one the caller has seen: Stale where a colleague amended it meanwhile. Raises what
    `make_agreement` does, ReasonMissing, and WrongStatus for a cancelled one.
    """
    with in_program(agreement.program_id), audit_context(actor, reason):
        umbrella, row = _locked(agreement, actor=actor, reason=reason)
        if expected_version is not None and row.version != expected_version:
            raise Stale(
                f"“{row.name}” was amended meanwhile: look at it again.",
                facts={"agreement": row.pk, "version": row.version, "seen": expected_version},
            )
        terms, tiers = checked(umbrella, terms)
        if terms == terms_of(row):
            return row
        _refuse_overlap(umbrella, terms, but=[row.pk])
        return _amended(row, terms, tiers, actor=actor, event="amended")


def end_agreement(
    agreement: OrganizationAgreement, *, last_day: date, actor: Actor, reason: str
) -> OrganizationAgreement:
    """Nobody enrols under it after that day; who did before keeps what was inherited until it runs out."""
    with in_program(agreement.program_id), audit_context(actor, reason):
        _, row = _locked(agreement, actor=actor, reason=reason)
        facts = {"agreement": row.pk, "valid_from": row.valid_from.isoformat(), "last_day": last_day.isoformat()}
        if last_day < row.valid_from:
            raise AgreementRefused(
                f"“{row.name}” begins on {row.valid_from}: cancel it instead, or end it later.", facts=facts
            )
        if row.valid_until is not None and last_day > row.valid_until:
            raise AgreementRefused(
                f"“{row.name}” ends on {row.valid_until} anyway: amend it to prolong it.",
                facts=facts | {"valid_until": row.valid_until.isoformat()},
            )
        if last_day == row.valid_until:
            return row
        terms = replace(terms_of(row), valid_until=last_day)
        return _amended(row, terms, _tiers_of(row), actor=actor, event="ended")


def cancel_agreement(agreement: OrganizationAgreement, *, actor: Actor, reason: str) -> OrganizationAgreement:
    """As if it had never been: only while nobody enrolled under it."""
    with in_program(agreement.program_id), audit_context(actor, reason):
        umbrella, row = _locked(agreement, actor=actor, reason=reason)
        count = InheritedAgreement.objects.filter(agreement=row).count()
        if count:
            raise AgreementRefused(
                f"{count} memberships stand or stood under “{row.name}”: end it instead.",
                facts={"agreement": row.pk, "memberships": count},
            )
        row.cancelled_at = program_now(umbrella.program)
        row.save()
        _tell(row, "cancelled")
        return row


def agreement_for(membership: Membership, *, customer_id: int, day: date) -> OrganizationAgreement | None:
    """The agreement of the umbrella that holds for the person on that day: of their employee group, or of everybody."""
    group_id = group_of(membership, customer_id=customer_id, day=day)
    for_whom = Q(employee_group__isnull=True) | Q(employee_group=group_id)
    found: OrganizationAgreement | None = agreements_on(membership, day).filter(for_whom).first()
    return found


def agreements_on(membership: Membership, day: date) -> QuerySet[OrganizationAgreement]:
    """The umbrella's agreements that hold on that day, whoever they are for."""
    return standing_agreements(membership).filter(_lasting_into(day), valid_from__lte=day)


def standing_agreements(membership: Membership) -> QuerySet[OrganizationAgreement]:
    """Those of the umbrella that were not cancelled, whenever they hold."""
    agreements: QuerySet[OrganizationAgreement] = OrganizationAgreement.objects.filter(
        organization_membership=membership, cancelled_at__isnull=True
    )
    return agreements


def group_of(membership: Membership, *, customer_id: int, day: date) -> int | None:
    """The employee group the person belongs to in the umbrella's organization that day."""
    return groups_of(membership, [customer_id], day).get(customer_id)


def groups_of(membership: Membership, customers: Collection[int], day: date) -> dict[int, int | None]:
    """By customer, for those who belong to the umbrella's organization that day."""
    affiliations = Affiliation.objects.filter(
        valid_on(day), customer__in=customers, organization=membership.organization_id
    )
    return dict(affiliations.values_list("customer_id", "employee_group_id"))


def _locked(agreement: OrganizationAgreement, *, actor: Actor, reason: str) -> tuple[Membership, OrganizationAgreement]:
    """The umbrella, then the agreement, as they are after the wait. Who enrols under it holds the agreement too."""
    refuse_unless_staff(actor, agreement.program_id)
    if not reason.strip():
        raise ReasonMissing("An agreement is changed with a reason.")
    umbrella = locked_umbrella(agreement.organization_membership_id)
    rows: list[OrganizationAgreement] = lock_rows(OrganizationAgreement.objects.filter(pk=agreement.pk))
    if not rows:
        raise NotFound("No such agreement.")
    if rows[0].cancelled_at is not None:
        raise WrongStatus(f"“{rows[0].name}” was cancelled.", facts={"agreement": rows[0].pk})
    return umbrella, rows[0]


def _amended(
    row: OrganizationAgreement, terms: AgreementTerms, tiers: Sequence[Tier], *, actor: Actor, event: str
) -> OrganizationAgreement:
    for name, value in columns_of(terms).items():
        setattr(row, name, value)
    row.version += 1
    row.save()
    _write_parts(row, terms, tiers)
    _keep_version(row, terms, tiers, actor=actor)
    _tell(row, event)
    return row


def _refuse_overlap(umbrella: Membership, terms: AgreementTerms, *, but: Collection[int] = ()) -> None:
    """One for everybody meets every group."""
    others = standing_agreements(umbrella).exclude(pk__in=but).filter(_lasting_into(terms.valid_from))
    if terms.valid_until is not None:
        others = others.filter(valid_from__lte=terms.valid_until)
    if terms.employee_group_id is not None:
        others = others.filter(Q(employee_group__isnull=True) | Q(employee_group=terms.employee_group_id))
    other = others.order_by("valid_from").first()
    if other is not None:
        until = other.valid_until.isoformat() if other.valid_until is not None else None
        raise AgreementsOverlap(
            f"“{other.name}” holds from {other.valid_from} to {until or 'an open end'} for the same people: end it "
            "before, or choose other days or another employee group.",
            facts={"agreement": other.pk, "valid_from": other.valid_from.isoformat(), "valid_until": until},
        )


def _lasting_into(day: date) -> Q:
    return Q(valid_until__isnull=True) | Q(valid_until__gte=day)


def _tiers_of(agreement: OrganizationAgreement) -> list[Tier]:
    return list(Tier.objects.filter(pk__in=terms_of(agreement).tiers).order_by("pk"))


def _write_parts(agreement: OrganizationAgreement, terms: AgreementTerms, tiers: Sequence[Tier]) -> None:
    """The tables of today's tiers and benefits; what is as it was stays."""
    for held in AgreementTier.objects.filter(agreement=agreement).exclude(tier__in=terms.tiers):
        held.delete()
    for tier in tiers:
        AgreementTier.objects.get_or_create(
            agreement=agreement, tier=tier, defaults={"program_id": agreement.program_id, "group_id": tier.group_id}
        )
    for given in AgreementBenefit.objects.filter(agreement=agreement).exclude(benefit__in=terms.benefits):
        given.delete()
    for benefit_id in terms.benefits:
        AgreementBenefit.objects.get_or_create(
            agreement=agreement, benefit_id=benefit_id, defaults={"program_id": agreement.program_id}
        )


def _keep_version(
    agreement: OrganizationAgreement, terms: AgreementTerms, tiers: Sequence[Tier], *, actor: Actor
) -> None:
    AgreementVersion.objects.create(
        agreement=agreement,
        program_id=agreement.program_id,
        version=agreement.version,
        terms=kept_terms(terms, tiers),
        made_at=program_now(agreement.program),
        channel_id=actor.channel_id,
        user_id=actor.user_id,
    )


def _tell(agreement: OrganizationAgreement, event: str) -> None:
    record_event(
        f"agreement.{event}",
        program_id=agreement.program_id,
        subject_id=agreement.pk,
        facts={"membership": agreement.organization_membership_id, "version": agreement.version},
    )
