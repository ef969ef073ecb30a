"""The inheritance step for many new memberships under one organization, in a few statements (domain 1.8)."""

from collections.abc import Collection, Sequence
from datetime import date, datetime

from common.errors import Busy
from common.history import create_with_history
from gateway.events import record_events
from memberships.agreements import agreements_on, groups_of
from memberships.inheritance import agreement_benefit, agreement_standing, told_inherited
from memberships.locking import shared_membership
from memberships.models import AgreementForm, InheritedAgreement, Membership, MembershipStatus, OrganizationAgreement
from memberships.organizations import umbrella_of
from memberships.standings import refresh_pool_exemption
from memberships.umbrellas import Inheritance, inheritance_of, locked_agreement, room_in
from points.models import PointAccount
from programs.models import PointKind, Program

# A new membership, what it stands under, and when it was made.
Inheriting = tuple[Membership, Inheritance, datetime]


def find_many(
    program: Program, customers: Collection[int], *, organization_id: int, day: date
) -> dict[int, Inheritance]:
    """By customer, umbrella and agreements locked as `find_inheritance` locks them; without those it would refuse."""
    umbrella = umbrella_of(program.pk, organization_id)
    if umbrella is None:
        return {}
    umbrella = shared_membership(umbrella.pk)
    if umbrella.status != MembershipStatus.ACTIVE:
        return {}
    groups = groups_of(umbrella, customers, day)
    found: dict[int, Inheritance] = {}
    for agreement in agreements_on(umbrella, day).order_by("pk"):
        wanted = [pk for pk in customers if agreement.employee_group_id in (None, groups.get(pk))]
        held = _held(agreement, day) if wanted else None
        if held is not None:
            room = room_in(held)
            inheritance = inheritance_of(umbrella, held, program=program)
            found |= dict.fromkeys(wanted if room is None else wanted[: max(room, 0)], inheritance)
    return found


def inherit_many(inheriting: Sequence[Inheriting]) -> None:
    """New memberships that were made in their place, with nothing in their accounts and no such tier yet."""
    if not inheriting:
        return
    inherited = create_with_history(
        InheritedAgreement(
            membership=membership,
            program_id=membership.program_id,
            agreement=found.agreement,
            version=found.version,
            form=found.terms.form,
            source=InheritedAgreement.Source.ENROLMENT,
            since=at,
        )
        for membership, found, at in inheriting
    )
    create_with_history(
        agreement_standing(membership, tier, found, at=at)
        for membership, found, at in inheriting
        for tier in found.tiers
    )
    create_with_history(
        agreement_benefit(membership, pk, found, at=at)
        for membership, found, at in inheriting
        for pk in found.terms.benefits
    )
    _share_pools([membership for membership, found, _ in inheriting if found.terms.form == AgreementForm.SHARED])
    facts = {row.membership_id: told_inherited(row, one[1]) for row, one in zip(inherited, inheriting, strict=True)}
    record_events("membership.inherited", program_id=inheriting[0][0].program_id, facts=facts)


def _held(agreement: OrganizationAgreement, day: date) -> OrganizationAgreement | None:
    try:
        return locked_agreement(agreement, day)
    except Busy:
        return None


def _share_pools(memberships: Sequence[Membership]) -> None:
    """Their own redeemable accounts take no credits; none of them is exempt from expiry, so neither is the pool."""
    own = PointAccount.objects.filter(account_set__in=[one.own_set_id for one in memberships])
    own.filter(point_type__kind=PointKind.REDEEMABLE).update(closed=True)
    for pool_id in sorted({one.pool_id for one in memberships if one.pool_id is not None}):
        refresh_pool_exemption(pool_id, one_is_not=True)
