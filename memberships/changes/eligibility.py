"""What stands against a change before anybody is asked: each refusal names the rule and the cure (domain 1.9)."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Q

from customers.models import Customer
from memberships.admission import refuse_before_first_day
from memberships.changes.errors import ChangeRefused, DifferentPrograms
from memberships.changes.sides import Sides
from memberships.errors import ProgramNotOpen
from memberships.models import (
    ChangeBasis,
    ChangeKind,
    ChangeStatus,
    EndReason,
    Membership,
    MembershipChange,
    MembershipStatus,
    MembershipType,
)
from memberships.types import type_of
from programs.models import Program, ProgramStatus

# Leaving of one's own will; the end of a membership in a pool is none.
LEFT_BY_WISH = (ChangeBasis.CONSENT, ChangeBasis.LEAVING_RULE)
# Types that never merge, the rule and the cure.
UNFIT = (
    (
        {MembershipType.ANONYMOUS},
        "anonymous",
        "Propose an absorption: the registered one is prime, the anonymous one secondary.",
    ),
    (
        {MembershipType.SHARED, MembershipType.GROUP},
        "form_first",
        "Change the form of one first: the pool into a group, or the group into a pool.",
    ),
)
CURES = {
    MembershipStatus.INACTIVE: "Activate it first.",
    MembershipStatus.SUSPENDED: "Reinstate it first.",
}


def refusal(rule: str, message: str, **facts: Any) -> ChangeRefused:
    """The error to raise; `rule` is what systems go by."""
    return ChangeRefused(message, facts={"rule": rule, **facts})


def refuse_unless_released(program: Program) -> None:
    """Consents may be given in a locked program, but nothing is proposed and nothing carried out."""
    if program.status != ProgramStatus.RELEASED:
        raise ProgramNotOpen(
            f"{program.name} is {program.get_status_display()}; memberships change only while it is released.",
            facts={"program": program.code, "program_status": program.status},
        )


def refuse_two_programs(prime: Membership, secondary: Membership | None) -> None:
    if secondary is None or prime.program_id == secondary.program_id:
        return
    codes = [prime.program.code, secondary.program.code]
    raise DifferentPrograms(
        f"{prime.number} is in {prime.program.name} ({codes[0]}), {secondary.number} in {secondary.program.name} "
        f"({codes[1]}): choose two memberships of one program.",
        facts={"rule": "one_program", "programs": codes, "memberships": [prime.pk, secondary.pk]},
    )


def refuse_same(sides: Sides) -> None:
    """The two sides are two memberships that do not share an account yet."""
    prime, secondary = sides.prime, sides.secondary
    if secondary is None:
        return
    facts = {"memberships": [prime.pk, secondary.pk]}
    if prime.pk == secondary.pk:
        raise refusal(
            "same_membership", f"{prime.number} can't go together with itself: choose another membership.", **facts
        )
    if prime.pool_id is not None and prime.pool_id == secondary.pool_id:
        raise refusal(
            "same_pool",
            f"{prime.number} and {secondary.number} use one pool already. To make its members a group, change the "
            "form: choose one of them and nothing else. To unite two records of one person, split one off first.",
            **facts,
        )


def refuse_inactive(memberships: Iterable[Membership]) -> None:
    for membership in memberships:
        if membership.status == MembershipStatus.ACTIVE:
            continue
        raise refusal(
            "not_active",
            f"{membership.number} is {membership.get_status_display()}{_end_of(membership)}; only active memberships "
            f"go together. {_cure(membership)}",
            membership=membership.pk,
            status=str(membership.status),
            end_reason=str(membership.end_reason),
            superseded_by=membership.superseded_by_id,
        )


def refuse_ended(membership: Membership) -> None:
    """Splits ask no more of a membership than that it lives."""
    if membership.status == MembershipStatus.EXPIRED:
        raise refusal(
            "ended",
            f"{membership.number} has ended{_end_of(membership)}; nobody can leave it. {_cure(membership)}",
            membership=membership.pk,
            end_reason=str(membership.end_reason),
            superseded_by=membership.superseded_by_id,
        )


def refuse_unfit_sides(sides: Sides) -> None:
    """Only active memberships go together, and none with that of an organization."""
    refuse_inactive(sides.both)
    for membership in sides.both:
        if type_of(membership.type).is_umbrella:
            raise refusal(
                "organization",
                f"{membership.number} is the membership of an organization, which goes together with no other: "
                "a person joins it instead.",
                membership=membership.pk,
            )


def refuse_organization_pools(sides: Sides) -> None:
    """Who shares the pool of an organization leaves it before going together with others."""
    for membership in sides.both:
        if sides.is_organizations(membership):
            raise refusal(
                "organization_pool",
                f"{membership.number} uses the pool of an organization: its member leaves that pool first.",
                membership=membership.pk,
                pool=membership.pool_id,
            )


def refuse_individuals(sides: Sides) -> None:
    """What a person has by an organization's agreement is theirs alone, and a group has everything in common."""
    for membership in sides.affected:
        if membership.organization_membership_id is not None:
            raise refusal(
                "organization_member",
                f"{membership.number} stands under the agreement of an organization, which is no matter of a group: "
                "its member leaves the organization first, or they share an account instead.",
                membership=membership.pk,
                organization_membership=membership.organization_membership_id,
            )


def refuse_person_twice(sides: Sides) -> None:
    """Among many people two records of one person would come together unnoticed."""
    if sides.one_person:
        first = sorted(min(sides.one_person, key=sorted))
        raise refusal(
            "one_person_twice",
            "Two records of one person would come together here. Choose the memberships of exactly these two records "
            "first; where one of them is in a group or pool, that one as prime.",
            customers=first,
        )


def is_anonymous(sides: Sides) -> bool:
    """Whether a side has no member: it is absorbed, not merged."""
    return any(type_of(one.type).least_members == 0 for one in sides.both)


def refusal_of_types(sides: Sides) -> ChangeRefused:
    """Why memberships of these types never go together."""
    types = {one.type for one in sides.both}
    rule, cure = next(
        ((rule, cure) for unfit, rule, cure in UNFIT if unfit <= types), ("types", "Choose other memberships.")
    )
    names = " and ".join(f"{one.number} ({one.get_type_display()})" for one in sides.both)
    return refusal(
        rule,
        f"{names} can't be merged as they are. {cure}",
        memberships=[one.pk for one in sides.both],
        types=[str(one.type) for one in sides.both],
    )


def refuse_above_limit(rule: str, program: Program, *, count: int) -> None:
    """`rule` is the policy of the program that limits it."""
    limit = getattr(program, rule)
    if count > limit:
        raise refusal(
            rule,
            f"{count} would take part; {program.name} allows {limit}. Split somebody off first, or have the program's "
            "limit raised.",
            limit=limit,
            count=count,
        )


def refuse_cooling_down(sides: Sides, entering: Iterable[Membership]) -> None:
    """Who left a pool or group waits before entering another one."""
    program = sides.program
    customers = [person.customer_id for one in entering for person in sides.members_of(one)]
    if not program.cool_down_days or not customers:
        return
    # A record merged into this one was the same person.
    leavers = Customer.objects.filter(Q(pk__in=customers) | Q(merged_into__in=customers))
    leavings = MembershipChange.objects.filter(
        program=program,
        kind=ChangeKind.SPLIT,
        status=ChangeStatus.CARRIED_OUT,
        basis__in=LEFT_BY_WISH,
        leaver__in=leavers,
    ).order_by("carried_out_at")
    now = dict(leavers.filter(merged_into__isnull=False).values_list("pk", "merged_into_id"))
    for leaver_id, left_at in leavings.values_list("leaver_id", "carried_out_at"):
        refuse_before_first_day(now.get(leaver_id, leaver_id), left_at, program=program, at=sides.at)


def _end_of(membership: Membership) -> str:
    return f" ({membership.get_end_reason_display()})" if membership.end_reason else ""


def _cure(membership: Membership) -> str:
    successor = membership.superseded_by
    if successor is not None:
        return f"Choose {successor.number} instead, which it leads to."
    if membership.end_reason in (EndReason.MERGED, EndReason.SPLIT_UP, EndReason.UNDONE):
        return "Choose the membership the person has now."
    return CURES.get(MembershipStatus(membership.status), "Reinstate or renew it while its points rest.")
