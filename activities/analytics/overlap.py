"""Which customers take part in which programs: who is in several, and who is in one but not in another.

A report over programs that no verb waits for: each program's participations are read by themselves.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from django.db import connection

from common.sheets.paging import pages
from customers.masking import masked_name
from customers.models import Customer, CustomerStatus
from programs.models import Program

# Customers per set of programs: few rows, however many customers.
SETS = """
SELECT programs, count(*) FROM (
    SELECT customer_id, array_agg(DISTINCT program_id ORDER BY program_id) AS programs FROM memberships_member
    WHERE current AND ended_at IS NULL AND program_id = ANY(%s) GROUP BY customer_id
) t GROUP BY programs
"""
NAMES = ("customer_number", "name", "kind", "customer_since")


@dataclass(frozen=True, slots=True)
class Overlap:
    """Customers by the ids of the programs they take part in."""

    sets: Mapping[tuple[int, ...], int]

    def by_count(self) -> dict[int, int]:
        """How many customers take part in 1, 2, 3 ... programs."""
        found: Counter[int] = Counter()
        for programs, customers in self.sets.items():
            found[len(programs)] += customers
        return dict(sorted(found.items()))

    def both(self, one: int, other: int) -> int:
        return sum(customers for programs, customers in self.sets.items() if {one, other} <= set(programs))

    def only(self, one: int, *, not_in: int) -> int:
        """Customers of `one` who could be won for `not_in`."""
        return sum(customers for programs, customers in self.sets.items() if one in programs and not_in not in programs)


def overlap_of(program_ids: Collection[int]) -> Overlap:
    with connection.cursor() as cursor:
        cursor.execute(SETS, [sorted(program_ids)])
        return Overlap({tuple(programs): customers for programs, customers in cursor.fetchall()})


def missing_rows(program: Program, *, not_in: Program, unmasked: bool) -> Iterator[list[object]]:
    """The customers of `program` who take no part in the other one, in the order of NAMES."""
    living = Customer.objects.exclude(
        status__in=[CustomerStatus.ERASED, CustomerStatus.DECEASED, CustomerStatus.CLOSED]
    )
    here = living.filter(members__program=program, members__current=True)
    wanted = here.filter(members__ended_at__isnull=True).distinct()
    for page in pages(wanted):
        there = set(_participants(not_in, [one.pk for one in page]))
        for one in page:
            if one.pk not in there:
                name = one.name if unmasked else masked_name(one.name)
                yield [one.number, name, one.kind, one.customer_since]


def _participants(program: Program, customers: list[int]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT customer_id FROM memberships_member "
            "WHERE program_id = %s AND customer_id = ANY(%s) AND current AND ended_at IS NULL",
            [program.pk, customers],
        )
        return [row[0] for row in cursor.fetchall()]
