"""What stands with memberships that are over belongs to where their people take part now (domain 1.4, 1.5).

The other way round from `targets.current_home`, for many rows at once.
"""

from dataclasses import dataclass

from django.db import connection
from django.db.models import Q

from customers.models import Customer
from memberships.models import Member, Membership, MembershipType
from memberships.persons import surviving_id
from memberships.targets import current_home

CHAIN = """
WITH RECURSIVE chain AS (
    SELECT id FROM memberships_membership WHERE superseded_by_id = %s AND NOT current
    UNION SELECT m.id FROM memberships_membership m JOIN chain c ON m.superseded_by_id = c.id WHERE NOT m.current
) SELECT id FROM chain
"""


@dataclass(frozen=True, slots=True)
class LedHere:
    """Memberships that are over: `own` were of one of the `people` who take part here alone, in `groups` they were with
    others, and `succeeded` lead here as a whole."""

    membership_id: int
    people: frozenset[int] = frozenset()
    own: frozenset[int] = frozenset()
    groups: frozenset[int] = frozenset()
    succeeded: frozenset[int] = frozenset()

    def rows(self, person: str) -> Q:
        """Of rows with a `membership`, and whose the person is in the field of that name: those that belong here."""
        nobodys, theirs = {f"{person}__isnull": True}, {f"{person}__in": self.people}
        return (
            Q(membership__in=self.own | {self.membership_id})
            | Q(membership__in=self.succeeded, **nobodys)
            | Q(membership__in=self.groups, **theirs)
        )


def led_here(membership: Membership) -> LedHere:
    """To one that is over itself leads nothing: its people have gone on."""
    if not membership.current:
        return LedHere(membership.pk)
    members = Member.objects.filter(membership=membership, ended_at__isnull=True).values("customer_id")
    same = Customer.objects.filter(Q(pk__in=members) | Q(merged_into__in=members))
    people = frozenset(same.values_list("pk", flat=True))
    over = Member.objects.filter(program=membership.program_id, customer__in=people, current=False)
    found = list(over.values_list("membership_id", "membership__type", "ended_at"))
    with connection.cursor() as cursor:
        cursor.execute(CHAIN, [membership.pk])
        succeeded = frozenset(row[0] for row in cursor.fetchall())
    return LedHere(
        membership.pk,
        people,
        own=frozenset(pk for pk, kind, left in found if kind != MembershipType.GROUP and left is None),
        groups=frozenset(pk for pk, kind, _ in found if kind == MembershipType.GROUP),
        succeeded=succeeded,
    )


def home_id(membership: Membership, person_id: int | None) -> int | None:
    """The membership where what stands with this one belongs today; None: its person takes part no more."""
    if membership.current:
        return membership.pk
    home = current_home(membership, None if person_id is None else surviving_id(person_id))
    return None if home is None else home.pk
