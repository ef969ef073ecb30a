"""A change of memberships as values: what was asked for, and what it would mean now (domain 1.9)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from common.actor import Actor
from memberships.changes.record import Record
from memberships.models import Membership, MembershipChange
from memberships.umbrellas import Inheritance
from programs.design import Design


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody asks for. `prime_id` is the membership a split leaves, or the pool or group that changes form.

    `main_id` is a customer: main of the group that arises, or successor of a leaving main member or pool owner; in an
    absorption by a group the member who registers. `leaver_share` is in percent; `manual_shares` points per type code.
    """

    kind: str
    prime_id: int
    secondary_id: int | None = None
    leaver_id: int | None = None
    main_id: int | None = None
    result_type: str = ""
    policy: str = ""
    leaver_share: Decimal | None = None
    manual_shares: Mapping[str, int] = field(default_factory=dict)
    freezes: bool = False
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Person:
    """An open member of an affected membership."""

    customer_id: int
    membership_id: int
    member_id: int
    suspended: bool
    deceased: bool


@dataclass(frozen=True, slots=True)
class Plan:
    """The change as it would be carried out on the memberships read at `at`.

    `row` names the row of the table it is (see memberships.changes.rows). `parties` are all affected memberships by
    id, the members of their pools included; `people` everyone in them; `asked` the customers who must consent.
    `main_id` and `owner_id` are the customers who become main of the group or owner of the pool; `receiver_id` is the
    member of prime to whom secondary's points come where secondary goes into prime. `umbrella` is the organization
    that is joined, or whose pool is used: its other members are no parties. `inheritance` is what a join takes over,
    `signatories` are the customers asked for organizations, by the organization's membership.
    """

    change: MembershipChange
    design: Design
    at: datetime
    row: str
    prime: Membership
    secondary: Membership | None
    parties: tuple[Membership, ...]
    people: tuple[Person, ...]
    asked: tuple[int, ...]
    main_id: int | None = None
    owner_id: int | None = None
    receiver_id: int | None = None
    umbrella: Membership | None = None
    signatories: Mapping[int, int] = field(default_factory=dict)
    inheritance: Inheritance | None = None

    def person(self, customer_id: int) -> Person:
        return next(person for person in self.people if person.customer_id == customer_id)

    def members_of(self, membership: Membership) -> list[Person]:
        return [person for person in self.people if person.membership_id == membership.pk]


@dataclass(slots=True)
class Work:
    """Carrying a plan out: its memberships are locked and read again; `record` keeps what undoing needs."""

    plan: Plan
    actor: Actor
    record: Record

    @property
    def change(self) -> MembershipChange:
        return self.plan.change

    @property
    def at(self) -> datetime:
        return self.plan.at
