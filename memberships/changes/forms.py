"""Changes of form: a pool becomes a group, a group becomes a pool (domain 1.9)."""

from collections.abc import Iterable

from memberships.changes.accounts import close_accounts, flows, later_clock, open_pool
from memberships.changes.attributes import bring_back, carry_attributes
from memberships.changes.benefits import carry_benefits
from memberships.changes.merging import bring_into_group, new_group
from memberships.changes.moving import end_into
from memberships.changes.own_again import brought_by, lead_numbers, open_own, settle, stand_on_own
from memberships.changes.parting import leavings, records_of
from memberships.changes.plan import Work
from memberships.changes.splitting import continue_clock, place_holds_for, post_division
from memberships.models import EndReason, Membership, MembershipType
from memberships.standings import refresh_exemption
from points.dividing import Dividing
from points.models import Hold, PointAccount, PointAccountSet, PostingKind
from programs.models import PointKind


def pool_to_group(work: Work) -> None:
    """A merge of all who share the pool into a new group; the pool ends with them."""
    pool = work.plan.prime.pool
    assert pool is not None  # noqa: S101 - a row of pools
    group = new_group(work)
    pooled = flows(work, pool.pk, lambda _: group.own_set_id, contributor_id=None)
    bring_into_group(work, group, work.plan.parties, also=pooled)
    later_clock(work, [pool.pk], group.own_set)
    work.change.result = group


def group_to_pool(work: Work) -> None:
    """Everyone gets a shared membership with their part of the qualifying points; the redeemable ones stay together
    in a new pool, each lot with its contributor. The group is split up and leads to the main member."""
    plan, group = work.plan, work.plan.prime
    main_id = next(person.customer_id for person in plan.people if person.member_id == group.main_member_id)
    records = records_of(person.customer_id for person in plan.people)
    brought = {customer_id: brought_by(known, program_id=group.program_id) for customer_id, known in records.items()}
    pool = open_pool(work, owner_id=plan.owner_id)
    own = {
        person.customer_id: open_own(work, group, person, brought=brought[person.customer_id]) for person in plan.people
    }
    end_into(work, group, own[main_id], end_reason=EndReason.SPLIT_UP)
    for customer_id, membership in own.items():
        settle(work, group, membership, customer_id)
    carry_benefits(work, group, own)
    carry_attributes(work, own[main_id], [group])
    _divide(work, group, pool, own)
    continue_clock(work, group.own_set, [pool, *(membership.own_set for membership in own.values())])
    for customer_id, membership in own.items():
        _share(work, membership, pool)
        if customer_id != main_id:
            bring_back(work, membership, brought[customer_id])
        stand_on_own(work, membership, brought=brought[customer_id])
        lead_numbers(work, records[customer_id], membership)
        refresh_exemption(membership)
    work.change.result = own[main_id]


def _divide(work: Work, group: Membership, pool: PointAccountSet, own: dict[int, Membership]) -> None:
    """One after the other takes their share of the qualifying points, the last one what is left."""
    plan = work.plan
    receivers = [pool.pk, *(membership.own_set_id for membership in own.values())]
    dividing = Dividing(group.own_set_id, receivers, design=plan.design, at=work.at)
    waiting = records_of(own)
    for customer_id, membership in own.items():
        terms = leavings(plan, waiting, customer_id, kinds=[PointKind.QUALIFYING])
        dividing.give(membership.own_set_id, person_id=customer_id, leavings=terms)
        del waiting[customer_id]
    types = plan.design.point_types
    dividing.give_rest(pool.pk, type_ids=[pk for pk, one in types.items() if one.kind == PointKind.REDEEMABLE])
    post_division(work, dividing, group, kind=PostingKind.MERGE, person_id=None)
    close_accounts(work, [account.id for account in dividing.shared.values()])
    _place_holds(work, dividing.followers.get(pool.pk, ()), own)


def _place_holds(work: Work, hold_ids: Iterable[int], own: dict[int, Membership]) -> None:
    """With who placed them; the main member where nobody was named."""
    leading = own[next(iter(own))] if work.plan.owner_id is None else own[work.plan.owner_id]
    for hold_id, person_id in Hold.objects.filter(pk__in=list(hold_ids)).values_list("pk", "person_id"):
        place_holds_for(work, [hold_id], own.get(person_id or 0, leading))


def _share(work: Work, membership: Membership, pool: PointAccountSet) -> None:
    work.record.alter(membership, type=MembershipType.SHARED, pool=pool)
    own = PointAccount.objects.filter(account_set=membership.own_set_id, point_type__kind=PointKind.REDEEMABLE)
    close_accounts(work, own.values_list("pk", flat=True))
