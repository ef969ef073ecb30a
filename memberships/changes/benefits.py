"""Advantages go along with their person when memberships change (domain 1.7, 1.9)."""

from collections.abc import Mapping

from memberships.changes.moving import open_members
from memberships.changes.plan import Work
from memberships.models import InheritedAgreement, Member, Membership, MembershipBenefit, MembershipType
from memberships.organization_pools import stand_alone


def carry_benefits(work: Work, source: Membership, homes: Mapping[int, Membership]) -> None:
    """The source ends: what it has goes where each of its customers takes part now, what it has in common to all.

    In a group it is that person's alone from then on, and goes along when they leave.
    """
    for given in _open(source):
        theirs = homes.keys() if given.member is None else homes.keys() & {given.member.customer_id}
        for customer_id in sorted(theirs):
            _give(work, given, homes[customer_id], customer_id)
        work.record.alter(given, ended_at=max(work.at, given.since))


def carry_personal(work: Work, source: Membership, target: Membership, *, customer_id: int) -> None:
    """One leaves the source, which goes on: only what is that person's alone goes along."""
    for given in _open(source):
        if given.member is not None and given.member.customer_id == customer_id:
            _give(work, given, target, customer_id)
            work.record.alter(given, ended_at=max(work.at, given.since))


def carry_agreement(work: Work, source: Membership, target: Membership) -> None:
    """Two memberships of one person become one: it stands under the organization that one of them stood under. Where
    both did, the target's counts."""
    inherited = InheritedAgreement.objects.filter(membership=source, ended_at__isnull=True).first()
    if inherited is None or target.organization_membership_id is not None:
        stand_alone(source, at=work.at, record=work.record)
        return
    work.record.alter(inherited, ended_at=max(work.at, inherited.since))
    goes_on = InheritedAgreement.objects.create(
        membership=target,
        program_id=target.program_id,
        agreement_id=inherited.agreement_id,
        version=inherited.version,
        form=inherited.form,
        source=inherited.source,
        since=max(work.at, inherited.since),
    )
    work.record.made(goes_on)
    work.record.alter(target, organization_membership_id=source.organization_membership_id)
    work.record.alter(source, organization_membership_id=None)


def _open(membership: Membership) -> list[MembershipBenefit]:
    found = MembershipBenefit.objects.filter(membership=membership, ended_at__isnull=True)
    return list(found.select_related("member").order_by("pk"))


def _give(work: Work, given: MembershipBenefit, target: Membership, customer_id: int) -> None:
    """The one that lasts longer where the person has it there already."""
    member = _member(target, customer_id)
    known = MembershipBenefit.objects.filter(
        membership=target, member=member, benefit=given.benefit_id, source=given.source, ended_at__isnull=True
    ).first()
    if known is not None:
        longer = known.until is not None and (given.until is None or given.until > known.until)
        work.record.alter(known, until=given.until if longer else known.until)
        return
    carried = MembershipBenefit.objects.create(
        membership=target,
        program_id=target.program_id,
        member=member,
        benefit_id=given.benefit_id,
        source=given.source,
        agreement_id=given.agreement_id,
        agreement_version=given.agreement_version,
        since=given.since,
        until=given.until,
        reason=given.reason,
    )
    work.record.made(carried)


def _member(target: Membership, customer_id: int) -> Member | None:
    """In a membership of one person everything is that person's anyway."""
    members = open_members(target)
    if target.type != MembershipType.GROUP:
        return None
    return next((one for one in members if one.customer_id == customer_id), None)
