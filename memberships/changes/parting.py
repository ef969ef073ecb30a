"""On which terms people who shared points part: the program's words as the figures of `points.shares` (domain 1.9)."""

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal

from customers.models import Customer
from memberships.changes.plan import Plan
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


def leavings(plan: Plan, records: Records, leaver_id: int, *, kinds: Collection[str]) -> dict[int, Leaving]:
    """Per point type of the kinds how the leaver parts from the others, everyone in `records` taking part."""
    everyone = frozenset().union(*records.values())
    change = plan.change
    return {
        type_id: Leaving(
            _policy(plan, point_type),
            len(records),
            records[leaver_id],
            everyone,
            percent=change.leaver_share or Decimal(0),
            figure=change.manual_shares.get(point_type.code, 0),
            point_type=point_type.code,
        )
        for type_id, point_type in plan.design.point_types.items()
        if point_type.kind in kinds
    }


def _policy(plan: Plan, point_type: PointType) -> str:
    """Qualifying points that nobody decided about follow who brought them: they can't be spent by those who stay."""
    policy = plan.change.policy
    undecided = policy == SplitPolicy.LEAVE_BEHIND or (
        policy == SplitPolicy.MANUAL and point_type.code not in plan.change.manual_shares
    )
    if point_type.kind == PointKind.QUALIFYING and undecided:
        return SplitPolicy.BY_CONTRIBUTION
    return policy
