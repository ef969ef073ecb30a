"""Every customer over all programs: how many, how active, what it brought and cost; one line each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from common.sheets.paging import pages
from customers.masking import masked_name
from customers.models import Customer, CustomerStatus
from programs.models import PointKind, PointType, Program
from programs.money import amount

NAMES = (
    "customer_number", "name", "kind", "customer_since", "programs", "memberships", "activities", "last_activity_at",
    "purchases", "points_earned_value", "points_redeemed_value", "fees_paid",
)  # fmt: skip
# A group counts for its main member only, so that no line repeats a membership.
HELD = """
SELECT b.customer_id, m.program_id, m.id, m.own_set_id FROM memberships_member b
JOIN memberships_membership m ON m.id = b.membership_id
WHERE b.customer_id = ANY(%(customers)s) AND m.program_id = ANY(%(programs)s) AND b.ended_at IS NULL AND m.current
    AND (m.main_member_id IS NULL OR m.main_member_id = b.id)
"""
# What was recorded for a record that was merged into another is that person's.
DID = """
SELECT COALESCE(c.merged_into_id, c.id), count(*), max(v.occurred_at) FROM activities_memberactivity v
JOIN customers_customer c ON c.id = v.customer_id
WHERE v.membership_id = ANY(%(memberships)s) AND (c.id = ANY(%(customers)s) OR c.merged_into_id = ANY(%(customers)s))
    AND v.status = 'processed' AND v.occurred_at >= %(since)s
GROUP BY 1
"""
# A receipt that was told twice counts once, and so do its returns (activities.receipts says when it is one receipt).
BOUGHT = """
WITH told AS (
    SELECT COALESCE(c.merged_into_id, c.id) AS person, s.id, s.type, s.original_id, s.currency, s.amount,
        s.type = 'purchase' AND row_number() OVER (
            PARTITION BY COALESCE(c.merged_into_id, c.id), s.type, s.reference, s.amount, s.currency,
                (s.occurred_at AT TIME ZONE 'UTC')::date
            ORDER BY s.id
        ) > 1 AS again
    FROM activities_transaction s JOIN customers_customer c ON c.id = s.customer_id
    WHERE s.customer_id IN (
            SELECT id FROM customers_customer WHERE id = ANY(%(customers)s) OR merged_into_id = ANY(%(customers)s)
        )
        AND s.amount IS NOT NULL AND s.occurred_at >= %(since)s
        AND (s.program_id IS NULL OR s.program_id = ANY(%(programs)s))
)
SELECT person, currency, sum(CASE type WHEN 'purchase' THEN amount WHEN 'return' THEN -amount ELSE 0 END)
FROM told WHERE NOT again AND NOT EXISTS (SELECT FROM told o WHERE o.id = told.original_id AND o.again)
GROUP BY 1, 2
"""
EVER = """
SELECT account_set_id, point_type_id, lifetime_earned, lifetime_redeemed FROM points_pointaccount
WHERE account_set_id = ANY(%(sets)s)
"""
PAID = """
SELECT membership_id, currency, sum(fee) FROM memberships_membershipterm
WHERE membership_id = ANY(%(memberships)s) AND paid_at IS NOT NULL GROUP BY 1, 2
"""
Sums = dict[str, Decimal]


def customer_lines(programs: Sequence[Program], *, since: datetime, unmasked: bool) -> Iterator[list[Any]]:
    """In the order of NAMES. Activities and purchases since then, points and fees ever; sums by currency."""
    ids = [one.pk for one in programs]
    worth, currencies = _designs(programs)
    for page in pages(Customer.objects.exclude(status=CustomerStatus.ERASED).filter(merged_into=None)):
        figures = _Page([one.pk for one in page], ids, since)
        for one in page:
            yield [
                one.number,
                one.name if unmasked else masked_name(one.name),
                one.kind,
                one.customer_since,
                *(_shown(each) if isinstance(each, dict) else each for each in figures.of(one.pk, worth, currencies)),
            ]


@dataclass(frozen=True, slots=True)
class CustomerFigures:
    """Of one customer over all programs, as in the columns of NAMES; sums by currency."""

    programs: int
    memberships: int
    activities: int
    last_activity_at: datetime | None
    purchases: Sums
    points_earned_value: Sums
    points_redeemed_value: Sums
    fees_paid: Sums


def figures_of_customer(customer_id: int, programs: Sequence[Program], *, since: datetime) -> CustomerFigures:
    """Activities and purchases since then, points and fees ever."""
    worth, currencies = _designs(programs)
    page = _Page([customer_id], [one.pk for one in programs], since)
    return CustomerFigures(*page.of(customer_id, worth, currencies))


def _designs(programs: Sequence[Program]) -> tuple[dict[int, PointType], dict[int, str]]:
    """The types that are worth money, and each program's currency."""
    ids = [one.pk for one in programs]
    worth = {one.pk: one for one in PointType.objects.filter(program__in=ids, kind=PointKind.REDEEMABLE)}
    return worth, {one.pk: one.currency for one in programs}


class _Page:
    """What is known of some customers, read at once."""

    def __init__(self, customers: list[int], programs: list[int], since: datetime) -> None:
        self.held: dict[int, list[tuple[int, int, int]]] = {}
        given: dict[str, Any] = {"customers": customers, "programs": programs, "since": since}
        for customer, *row in _rows(HELD, given):
            self.held.setdefault(customer, []).append((row[0], row[1], row[2]))
        every = [one for rows in self.held.values() for one in rows]
        given |= {"memberships": [one[1] for one in every], "sets": [one[2] for one in every]}
        self.did = {customer: (count, last) for customer, count, last in _rows(DID, given)}
        self.bought = _by(_rows(BOUGHT, given))
        self.paid = _by(_rows(PAID, given))
        self.ever: dict[int, list[tuple[int, int, int]]] = {}
        for set_id, *figures in _rows(EVER, given):
            self.ever.setdefault(set_id, []).append((figures[0], figures[1], figures[2]))

    def of(self, customer: int, worth: dict[int, PointType], currencies: dict[int, str]) -> list[Any]:
        held = self.held.get(customer, [])
        earned, redeemed, fees = Sums(), Sums(), Sums()
        for program, membership, own_set in held:
            for type_id, in_all, out_all in self.ever.get(own_set, []):
                if type_id in worth:
                    _add(earned, currencies[program], in_all * worth[type_id].money_value)
                    _add(redeemed, currencies[program], out_all * worth[type_id].money_value)
            for currency, fee in self.paid.get(membership, {}).items():
                _add(fees, currency, fee)
        count, last = self.did.get(customer, (0, None))
        return [
            len({program for program, *_ in held}),
            len(held),
            count,
            last,
            self.bought.get(customer, {}),
            earned,
            redeemed,
            fees,
        ]


def _rows(sql: str, given: dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        return list(cursor.fetchall())


def _by(rows: list[Any]) -> dict[int, Sums]:
    found: dict[int, Sums] = {}
    for key, currency, value in rows:
        found.setdefault(key, {})[currency] = value
    return found


def _add(sums: Sums, currency: str, value: Decimal) -> None:
    sums[currency] = sums.get(currency, Decimal(0)) + value


def _shown(sums: Sums) -> str:
    return " + ".join(f"{amount(value)} {currency}" for currency, value in sorted(sums.items()) if value)
