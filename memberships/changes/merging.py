"""Merges: into a pool, into a group, of one person's two memberships (domain 1.9)."""

from collections.abc import Callable, Sequence

from memberships.changes.accounts import flows, later_clock, open_pool, own_pool, unite_accounts
from memberships.changes.attributes import carry_attributes
from memberships.changes.benefits import carry_agreement, carry_benefits
from memberships.changes.moving import (
    add_member,
    copy_acceptances,
    end_into,
    keep_later_term,
    move_cards,
    open_members,
    open_membership,
    stand_highest,
)
from memberships.changes.plan import Work
from memberships.models import Membership, MembershipStatus, MembershipType
from memberships.standings import refresh_exemption, refresh_pool_exemption
from memberships.types import type_of
from points.models import PointAccountSet, PostingKind
from points.uniting import Flow, sum_lifetimes
from programs.models import PointKind, PointType


def merge_into_pool(work: Work) -> None:
    """Everyone keeps membership, tier and qualifying points; the redeemable ones stand in one pool."""
    plan = work.plan
    pool = _pool_of_either(work)
    joining = [one for one in plan.parties if one.pool_id != pool.pk]
    ending = sorted({one.pool_id for one in joining if one.pool_id is not None})
    moving: list[Flow] = []
    for membership in joining:
        if membership.pool_id is None:
            (person,) = plan.members_of(membership)
            moving += flows(work, membership.own_set_id, redeemable_to(pool), contributor_id=person.customer_id)
    for pool_id in ending:
        moving += flows(work, pool_id, redeemable_to(pool), contributor_id=None)
    for membership in joining:
        work.record.alter(membership, type=MembershipType.SHARED, pool=pool)
    unite_accounts(work, moving, kind=PostingKind.MERGE)
    own_pool(work, pool, plan.owner_id)
    later_clock(work, [*(one.own_set_id for one in joining), *ending], pool)
    refresh_pool_exemption(pool.pk)
    work.change.result = plan.prime


def merge_into_group(work: Work) -> None:
    """One membership for all: the group there is, else a new one with a new number. Both kinds of points unite."""
    plan = work.plan
    group = type_of(MembershipType.GROUP).code
    found = [one for one in (plan.prime, plan.secondary) if one is not None and one.type == group]
    target = found[0] if found else new_group(work)
    bring_into_group(work, target, [one for one in plan.parties if one.pk != target.pk])
    work.change.result = target


def new_group(work: Work) -> Membership:
    """Its members come with `bring_into_group`, which makes it a group."""
    plan = work.plan
    return open_membership(
        work,
        status=MembershipStatus.ACTIVE,
        enrolled_at=min(one.enrolled_at for one in plan.parties),
        activated_at=work.at,
        expires_on=plan.prime.expires_on,
    )


def bring_into_group(work: Work, target: Membership, sources: Sequence[Membership], also: Sequence[Flow] = ()) -> None:
    """The sources' members, cards, tiers, terms and points go into the target, the sources are over; `also` are
    accounts of pools that end with them."""
    plan = work.plan
    moving = list(also)
    for source in sources:
        people = plan.members_of(source)
        # A group's lots keep their contributors; another membership's came through its one member.
        contributor = people[0].customer_id if len(people) == 1 else None
        moving += flows(work, source.own_set_id, lambda _: target.own_set_id, contributor_id=contributor)
    members = [(source, member) for source in sources for member in open_members(source)]
    customers = {source.pk: [person.customer_id for person in plan.members_of(source)] for source in sources}
    for source in sources:
        end_into(work, source, target)
    for source, member in members:
        add_member(work, target, member.customer_id, suspended_at=member.suspended_at)
        move_cards(work, source, target, customer_id=member.customer_id)
    be_group(work, target)
    for source in sources:
        carry_benefits(work, source, dict.fromkeys(customers[source.pk], target))
    _take_over(work, target, sources)
    unite_accounts(work, moving, kind=PostingKind.MERGE)
    later_clock(work, [one.own_set_id for one in sources], target.own_set)


def be_group(work: Work, membership: Membership) -> None:
    """Its open members make it a group, with the plan's main member."""
    main = next(member for member in open_members(membership) if member.customer_id == work.plan.main_id)
    work.record.alter(membership, type=MembershipType.GROUP, main_member=main)


def merge_one_person(work: Work) -> None:
    """Two records of one person had a membership each: the prime survives, in its pool or group where it is in one."""
    target, source, person_id = work.plan.prime, work.plan.secondary, work.plan.receiver_id
    assert source is not None  # noqa: S101 - a row with two sides
    moving = into_home(work, source, target, contributor_id=person_id)
    end_into(work, source, target)
    for member in open_members(source):
        move_cards(work, source, target, customer_id=member.customer_id, to_customer_id=person_id)
    carry_agreement(work, source, target)
    carry_benefits(work, source, {person_id: target} if person_id is not None else {})
    _take_over(work, target, [source])
    unite_accounts(work, moving, kind=PostingKind.MERGE)
    sum_lifetimes(moving)
    later_clock(work, [source.own_set_id], target.own_set)
    work.change.result = target


def into_home(work: Work, source: Membership, target: Membership, *, contributor_id: int | None) -> list[Flow]:
    """Each account of the source's own set to where the target's points of the type live."""
    home = type_of(target.type)
    return flows(
        work, source.own_set_id, lambda kind: home.account_set_for(target, kind), contributor_id=contributor_id
    )


def _take_over(work: Work, target: Membership, sources: Sequence[Membership]) -> None:
    """The highest tiers, attributes and labels, the accepted terms, the later end, the earliest enrolment."""
    stand_highest(work, target, sources)
    carry_attributes(work, target, sources)
    copy_acceptances(work, sources, target)
    keep_later_term(work, target, sources)
    work.record.alter(target, enrolled_at=min(one.enrolled_at for one in (target, *sources)))
    refresh_exemption(target)


def _pool_of_either(work: Work) -> PointAccountSet:
    """The prime's pool, else the secondary's, else a new one."""
    sides = (work.plan.prime, work.plan.secondary)
    pools = [one.pool for one in sides if one is not None and one.pool is not None]
    return pools[0] if pools else open_pool(work, owner_id=work.plan.owner_id)


def redeemable_to(pool: PointAccountSet) -> Callable[[PointType], int | None]:
    """Where the points of a type go, as `flows` asks: what can be spent into the pool."""
    return lambda point_type: pool.pk if point_type.kind == PointKind.REDEEMABLE else None
