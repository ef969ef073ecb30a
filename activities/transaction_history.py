"""What a customer bought and returned: in all, and on each membership (domain 1.11)."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.db.models import Count, Q, QuerySet, Sum

from activities.models import MemberActivity, Transaction, TransactionType
from activities.receipts import repeated_sales
from common.actor import Actor
from memberships.models import Membership
from memberships.persons import same_person_ids


@dataclass(slots=True)
class Total:
    """Money of one currency: what was bought and what came back of it."""

    currency: str
    bought: Decimal = Decimal("0.00")
    returned: Decimal = Decimal("0.00")
    purchases: int = 0
    returns: int = 0

    @property
    def net(self) -> Decimal:
        return self.bought - self.returned


@dataclass(frozen=True, slots=True)
class History:
    """`repeated` names for sales that tell a receipt again the one that counts."""

    total: list[Total]
    per_membership: list[tuple[Membership, list[Total]]]
    repeated: dict[int, int] = field(default_factory=dict)


def transactions_of(customer_id: int, actor: Actor) -> QuerySet[Transaction]:
    """Of the person under all records merged into one; those the actor may see."""
    return _visible(actor, Transaction.objects.filter(customer__in=same_person_ids(customer_id)))


def _of_person(customer_id: int) -> QuerySet[Transaction]:
    """Of the record named and of those merged into it: pages are asked by the record that lives."""
    return Transaction.objects.filter(Q(customer=customer_id) | Q(customer__merged_into=customer_id))


def _visible(actor: Actor, rows: QuerySet[Transaction]) -> QuerySet[Transaction]:
    if actor.programs is None:
        return rows
    outside = Q(program__isnull=True) if actor.is_staff else Q(program__isnull=True, channel=actor.channel_id)
    return rows.filter(Q(program__in=actor.programs) | outside)


def latest_transactions(customer_id: int, actor: Actor, *, most: int = 5) -> list[Transaction]:
    """The latest first, in one statement."""
    return list(_visible(actor, _of_person(customer_id)).select_related("program").order_by("-pk")[:most])


def history_of(customer_id: int, actor: Actor) -> History:
    """Receipts told twice are counted once, and so are their returns."""
    repeated = repeated_sales(same_person_ids(customer_id))
    rows = transactions_of(customer_id, actor).exclude(pk__in=repeated).exclude(original__in=repeated)
    rows = rows.exclude(amount__isnull=True)
    return History(_totals(rows), _per_membership(rows), repeated)


def _totals(rows: QuerySet[Transaction]) -> list[Total]:
    found = rows.order_by().values("currency", "type").annotate(money=Sum("amount"), count=Count("pk"))
    return _summed(found)


def _per_membership(rows: QuerySet[Transaction]) -> list[tuple[Membership, list[Total]]]:
    """By the membership that earned on it; a sale that only redeemed stands with none."""
    noted = MemberActivity.objects.filter(transaction__in=rows, type__code__in=TransactionType.values)
    found = noted.order_by().values("membership_id", "transaction__currency", "transaction__type")
    by_membership: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for row in found.annotate(money=Sum("transaction__amount"), count=Count("pk")):
        by_membership[row["membership_id"]].append(
            {
                "currency": row["transaction__currency"],
                "type": row["transaction__type"],
                "money": row["money"],
                "count": row["count"],
            }
        )
    memberships = Membership.objects.select_related("program").in_bulk(list(by_membership))
    return [(memberships[pk], _summed(by_membership[pk])) for pk in sorted(by_membership)]


def _summed(rows: Iterable[Any]) -> list[Total]:
    totals: dict[str, Total] = {}
    for row in rows:
        total = totals.setdefault(row["currency"], Total(row["currency"]))
        if row["type"] == TransactionType.RETURN:
            total.returned += row["money"]
            total.returns += row["count"]
        elif row["type"] == TransactionType.PURCHASE:
            total.bought += row["money"]
            total.purchases += row["count"]
    return [totals[currency] for currency in sorted(totals)]
