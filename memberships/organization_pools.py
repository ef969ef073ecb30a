"""Memberships under an organization: whose pool they use, and how they come to stand alone again (domain 1.8)."""

from collections.abc import Iterable
from datetime import datetime

from gateway.events import record_event
from memberships.changes.record import Record
from memberships.inheritance import end_inheritance
from memberships.models import AgreementVersion, InheritedAgreement, Membership, MembershipType
from memberships.types import type_of


def pool_umbrella(membership: Membership) -> Membership | None:
    """The organization membership whose pool it uses; none where it has points of its own, or shares with friends."""
    return next(iter(pool_umbrellas([membership]).values()), None)


def pool_umbrellas(memberships: Iterable[Membership]) -> dict[int, Membership]:
    """By pool the organization membership it belongs to, of those pools of the memberships that belong to one.

    Who stands under an organization in the standard form may share a pool with others: that is not the organization's.
    """
    individuals = [one for one in memberships if one.pool_id is not None and not type_of(one.type).is_umbrella]
    pools = {one.pool_id for one in individuals}
    wanted = {one.organization_membership_id for one in individuals if one.organization_membership_id is not None}
    if not wanted:
        return {}
    found = Membership.objects.filter(pk__in=wanted, pool__in=pools)
    return {one.pool_id: one for one in found if one.pool_id is not None}


def lives_on(membership: Membership) -> bool:
    """Whether it is an organization's whose pool somebody shares: its points rest when the last one has left."""
    if not type_of(membership.type).is_umbrella or membership.pool_id is None:
        return False
    return Membership.objects.filter(pool=membership.pool_id, current=True, type=MembershipType.SHARED).exists()


def accepted_rule(membership: Membership) -> str:
    """What becomes of its points when its person leaves the organization's pool: as the version of the agreement says
    that was accepted, whatever the agreement says today."""
    inherited = InheritedAgreement.objects.filter(membership=membership, ended_at__isnull=True).first()
    if inherited is None:
        return str(membership.program.leaving_rule)
    version = AgreementVersion.objects.get(agreement=inherited.agreement_id, version=inherited.version)
    return str(version.terms["leaving_rule"])


def stand_alone(membership: Membership, *, at: datetime, record: Record) -> None:
    """It stands under no organization from now on; its form and points are the caller's matter."""
    umbrella_id = membership.organization_membership_id
    if umbrella_id is None:
        return
    ended = end_inheritance(membership, at=at, record=record)
    facts = {"organization_membership": umbrella_id}
    if ended is not None:
        facts |= {"agreement": ended.agreement_id, "version": ended.version}
    record_event(
        "membership.left_organization", program_id=membership.program_id, subject_id=membership.pk, facts=facts
    )
