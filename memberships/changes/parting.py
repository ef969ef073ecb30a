"""On which terms people who shared points part: the program's words as the figures of `points.shares` (domain 1.9)."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from customers.models import Customer
from memberships.changes.plan import Plan
from memberships.models import Member, Membership, MembershipType
from memberships.persons import surviving_id
from points.dividing import Reach, debtors_of
from points.shares import Leaving
from programs.models import PointKind, PointType, SplitPolicy

# A customer with all records that were found to be the same person.
Records = Mapping[int, frozenset[int]]


def records_of(customer_ids: Iterable[int]) -> dict[int, frozenset[int]]:
    """Per customer the own record and those merged into it: lots may still name one of them."""
    found = {customer_id: {customer_id} for customer_id in customer_ids}
    merged = Customer.objects.filter(merged_into__in=list(found)).values_list("merged_into_id", "pk")
    for survivor_id, duplicate_id in merged:
        found[survivor_id].add(duplicate_id)
    return {customer_id: frozenset(records) for customer_id, records in found.items()}


# Where only what is the leaver's, or nobody's, is looked at.
BY_OWNER = frozenset({SplitPolicy.BY_CONTRIBUTION, SplitPolicy.LEAVE_BEHIND})


@dataclass(frozen=True, slots=True)
class Company:
    """Who parts from whom: those of `records`, and so many `others` who are not told apart; of those who owe, `gone`
    are people who take part no more. `reach` is what the leaver touches of what they share; None: all of it."""

    records: Records
    others: int = 0
    gone: frozenset[int] | None = None
    reach: Reach | None = None


def leavings(plan: Plan, company: Company | Records, leaver_id: int, *, kinds: Collection[str]) -> dict[int, Leaving]:
    """Per point type of the kinds how the leaver parts from the others."""
    company = company if isinstance(company, Company) else Company(company)
    records = company.records
    everyone = frozenset().union(*records.values())
    change = plan.change
    return {
        type_id: Leaving(
            _policy(plan, point_type),
            len(records) + company.others,
            records[leaver_id],
            everyone,
            percent=change.leaver_share or Decimal(0),
            figure=change.manual_shares.get(point_type.code, 0),
            point_type=point_type.code,
            gone_ids=company.gone,
        )
        for type_id, point_type in plan.design.point_types.items()
        if point_type.kind in kinds
    }


def company_of(plan: Plan, own: Membership, pool_id: int, leaver_id: int) -> Company:
    """Whom the leaver, whose own membership that is, parts from. The pool of an organization has thousands of members:
    they are counted."""
    if plan.umbrella is None or plan.umbrella.pool_id != pool_id:
        return Company(records_of(person.customer_id for person in plan.people))
    policy = plan.change.policy
    staying = Member.objects.filter(
        membership__pool=pool_id, membership__type=MembershipType.SHARED, current=True, ended_at__isnull=True
    ).exclude(customer=leaver_id)
    records = records_of([leaver_id])
    gone = _gone(debtors_of(pool_id) - records[leaver_id], staying)
    reach = None
    if policy in BY_OWNER:
        nobodys = policy == SplitPolicy.BY_CONTRIBUTION
        reach = Reach(own.own_set_id, records[leaver_id], nobodys, gone)
    return Company(records, staying.count(), gone, reach)


def _gone(owing: Collection[int], staying: QuerySet[Member]) -> frozenset[int]:
    """Those who owe and share the pool no more, whichever of their records the debt names."""
    survivors = {one: surviving_id(one) for one in owing}
    there = set(staying.filter(customer__in=survivors.values()).values_list("customer_id", flat=True))
    return frozenset(one for one, survivor in survivors.items() if survivor not in there)


def _policy(plan: Plan, point_type: PointType) -> str:
    """Qualifying points that nobody decided about follow who brought them: they can't be spent by those who stay."""
    policy = plan.change.policy
    undecided = policy == SplitPolicy.LEAVE_BEHIND or (
        policy == SplitPolicy.MANUAL and point_type.code not in plan.change.manual_shares
    )
    if point_type.kind == PointKind.QUALIFYING and undecided:
        return SplitPolicy.BY_CONTRIBUTION
    return policy
