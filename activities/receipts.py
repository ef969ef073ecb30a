"""One receipt attributed twice: once to each side of what was merged later, or to two channels (domain 1.11).

It is flagged wherever it is shown, and counted once. Its points are not taken back by themselves: which of the two
attributions was wrong is for a person to say.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.db import connection

# The same words on the same day for the same money. The first that was recorded counts.
OF_MEMBERSHIPS = """
SELECT v.reference, v.amount, v.currency, (v.occurred_at AT TIME ZONE 'UTC')::date,
    array_agg(v.id ORDER BY v.id), array_agg(v.membership_id ORDER BY v.id)
FROM activities_memberactivity v
JOIN activities_activitytype t ON t.id = v.type_id AND t.code = 'purchase'
WHERE v.membership_id = ANY(%s) AND v.reference <> '' AND v.amount IS NOT NULL AND v.status <> 'refused'
GROUP BY 1, 2, 3, 4 HAVING count(*) > 1
ORDER BY min(v.id)
"""
OF_CUSTOMERS = """
SELECT array_agg(s.id ORDER BY s.id)
FROM activities_transaction s
WHERE s.customer_id = ANY(%s) AND s.type = 'purchase' AND s.amount IS NOT NULL
GROUP BY s.reference, s.amount, s.currency, (s.occurred_at AT TIME ZONE 'UTC')::date HAVING count(*) > 1
"""


@dataclass(frozen=True, slots=True)
class Repeated:
    """A receipt with the activities it was attributed by, in the order they were recorded, and their memberships."""

    receipt: str
    amount: Decimal
    currency: str
    day: date
    activities: tuple[int, ...]
    memberships: tuple[int, ...]


def repeated_receipts(membership_ids: Collection[int]) -> list[Repeated]:
    """Receipts that stand more than once on these memberships together: the sides of a merge, before or after it."""
    with connection.cursor() as cursor:
        cursor.execute(OF_MEMBERSHIPS, [sorted(membership_ids)])
        return [
            Repeated(receipt, amount, currency, day, tuple(activities), tuple(memberships))
            for receipt, amount, currency, day, activities, memberships in cursor.fetchall()
        ]


def repeated_sales(customer_ids: Collection[int]) -> dict[int, int]:
    """Of sales that tell a receipt again: the sale that counts instead."""
    with connection.cursor() as cursor:
        cursor.execute(OF_CUSTOMERS, [sorted(customer_ids)])
        groups: Sequence[Sequence[int]] = [row[0] for row in cursor.fetchall()]
    return {again: first for first, *others in groups for again in others}
