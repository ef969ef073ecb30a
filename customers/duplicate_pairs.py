"""Records that look like one person, over all customers: groups with the same key, found along the key's own index.

A look reads so many rows of the index and no more, however many customers there are; the next one goes on from there.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection

from customers.models import Customer, CustomerStatus, DuplicateCustomer, DuplicateStatus

# Rows of the index a look reads, and groups it shows at most.
LOOK = 20_000
MOST = 50
MOST_IN_A_GROUP = 6

CUSTOMERS, DOCUMENTS = "customers_customer", "customers_identification"
# Per trait: the table, the column of the customer, the key as text, its columns in index order, what else holds.
TRAITS: dict[str, tuple[str, str, Sequence[str], str]] = {
    "email": (CUSTOMERS, "id", ("email_key",), "email_key IS NOT NULL"),
    "phone": (CUSTOMERS, "id", ("phone_key",), "phone_key IS NOT NULL"),
    "document": (DOCUMENTS, "customer_id", ("number_key",), "number_key IS NOT NULL"),
    "name": (CUSTOMERS, "id", ("name_key", "birth_date"), "name_key IS NOT NULL AND birth_date IS NOT NULL"),
}
GROUPS = """
WITH look AS MATERIALIZED (
    SELECT {keys}, {customer} AS customer FROM {table}
    WHERE {holds} AND {first} >= %(start)s ORDER BY {keys} LIMIT %(look)s
), ended AS (
    SELECT max({first}) AS last, count(*) AS looked_at FROM look
)
SELECT {first}, array_agg(DISTINCT customer), last, looked_at FROM look, ended
WHERE looked_at < %(look)s OR {first} < last
GROUP BY {keys}, last, looked_at HAVING count(DISTINCT customer) > 1
UNION ALL SELECT NULL, NULL, last, looked_at FROM ended
ORDER BY 1 NULLS LAST LIMIT %(groups)s
"""


@dataclass(frozen=True, slots=True)
class Look:
    """Groups of customers sharing a key, the oldest record first. `start` goes on from where this look ended; empty
    at the end of the index."""

    groups: tuple[tuple[Customer, ...], ...]
    start: str


def look_for_duplicates(trait: str, *, start: str = "", look: int = LOOK, most: int = MOST) -> Look:
    """Groups of living records with the same key of that trait, a key of TRAITS, from the key `start` on.

    The last key read may go on beyond the look, so it is left to the next one.
    """
    rows = _groups(trait, start, look=look, most=most)
    keys = [key for key, *_ in rows if key is not None]
    _, _, last, looked_at = rows[-1]
    groups = tuple(_living([ids for key, ids, *_ in rows[:most] if key is not None]))
    if len(keys) > most:
        return Look(groups, keys[most])
    if looked_at < look:
        return Look(groups, "")
    return Look(groups, last if last != start else f"{last} ")


def waiting_to_be_merged(ids: Iterable[int]) -> set[int]:
    """Those of the records that were found to be somebody known twice, and are not merged yet."""
    pairs = DuplicateCustomer.objects.filter(status=DuplicateStatus.CONFIRMED, duplicate__in=list(ids))
    return set(pairs.values_list("duplicate_id", flat=True))


def _groups(trait: str, start: str, *, look: int, most: int) -> list[Any]:
    table, customer, columns, holds = TRAITS[trait]
    keys = ", ".join(columns)
    statement = GROUPS.format(table=table, customer=customer, keys=keys, first=columns[0], holds=holds)
    with connection.cursor() as cursor:
        cursor.execute(statement, {"start": start, "look": look, "groups": most + 1})
        return list(cursor.fetchall())


def _living(groups: Sequence[Sequence[int]]) -> Iterable[tuple[Customer, ...]]:
    """Without erased records and those merged already, nor those found to be another person than all others of their
    group; a group of one is none."""
    wanted = {pk for ids in groups for pk in ids[:MOST_IN_A_GROUP]}
    living = Customer.objects.exclude(status=CustomerStatus.ERASED).filter(merged_into=None).in_bulk(wanted)
    told_apart = _told_apart(living)
    for ids in groups:
        present = [pk for pk in sorted(ids)[:MOST_IN_A_GROUP] if pk in living]
        found = tuple(
            living[pk]
            for pk in present
            if any(pk != other and frozenset((pk, other)) not in told_apart for other in present)
        )
        if found:
            yield found


def _told_apart(ids: Iterable[int]) -> set[frozenset[int]]:
    wanted = list(ids)
    pairs = DuplicateCustomer.objects.filter(
        status=DuplicateStatus.DISMISSED, customer__in=wanted, duplicate__in=wanted
    )
    return {frozenset(pair) for pair in pairs.values_list("customer_id", "duplicate_id")} if wanted else set()
