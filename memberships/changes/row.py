"""What every row of the table of changes answers (domain 1.9)."""

from collections.abc import Collection
from typing import ClassVar

from memberships.changes.eligibility import refusal
from memberships.changes.plan import Plan
from memberships.changes.policies import refuse_policy
from memberships.changes.sides import Sides
from memberships.models import Membership
from memberships.umbrellas import Inheritance
from points.models import PointAccount


class Row:
    """A kind of change. Declared: what it fits; asked: what follows for these sides."""

    name: ClassVar[str]
    kind: ClassVar[str]
    # The type of prime, where the row is for one membership or pool alone.
    prime_type: ClassVar[str] = ""
    # What the memberships become; empty where they stay what they are.
    result: ClassVar[str] = ""

    def check(self, sides: Sides) -> None:
        """Refuse what can't be, naming rule and cure."""
        raise NotImplementedError

    def policy(self, sides: Sides) -> str:
        """By what the points are divided; empty where none are."""
        refuse_policy(sides)
        return ""

    def inherits(self, sides: Sides) -> Inheritance | None:
        """What is taken over from an organization; refused where there is nothing to take over."""
        return None

    def asked(self, sides: Sides) -> tuple[int, ...]:
        """The customers who must consent: everyone affected."""
        return sides.everyone()

    def main(self, sides: Sides) -> int | None:
        """The customer who is main member of the group afterwards."""
        return None

    def owner(self, sides: Sides) -> int | None:
        """The customer who owns the pool afterwards."""
        return None

    def receiver(self, sides: Sides) -> int | None:
        """The member of prime to whom the points of secondary come, where secondary goes into prime."""
        return None

    def ending(self, plan: Plan) -> tuple[Membership, ...]:
        """The memberships that end by it."""
        return ()

    def opened(self, plan: Plan) -> int:
        """How many memberships with new numbers it opens."""
        return 0


def only_member(sides: Sides, membership: Membership) -> int | None:
    """The customer of a membership of one person."""
    members = sides.members_of(membership)
    return members[0].customer_id if len(members) == 1 else None


def owes(membership: Membership | None) -> bool:
    """Whether a debt would come along."""
    if membership is None:
        return False
    return PointAccount.objects.filter(account_set=membership.own_set_id, debt__gt=0).exists()


def refuse_other_leader(sides: Sides, leader: int | None, what: str) -> None:
    """Who leads goes on leading; the proposal need not say so, but says nothing else."""
    if sides.change.main_id not in (None, leader):
        raise refusal(
            "main",
            f"{what} stays who it is: leave it out here, and hand over before or afterwards.",
            main=leader,
        )


def refuse_unfit_leader(sides: Sides, leader: int | None, customers: Collection[int], what: str) -> None:
    """Who is to lead is named, takes part and lives."""
    facts = {"customers": sorted(customers)}
    if leader is None:
        raise refusal("main", f"{what} is missing: name one of those who take part then.", **facts)
    if leader not in customers:
        raise refusal("main", f"{what} must be one of those who take part then.", main=leader, **facts)
    if any(person.deceased for person in sides.people if person.customer_id == leader):
        raise refusal("main", f"{what} can't be somebody deceased: name another one.", main=leader, **facts)


def choose_result(sides: Sides, results: Collection[str]) -> str:
    """The type that was asked for; where only one is possible, that one. Written into the change."""
    possible = sorted(str(one) for one in results)
    wanted = sides.change.result_type or (possible[0] if len(possible) == 1 else "")
    if wanted not in possible:
        names = " or ".join(possible)
        raise refusal(
            "result_type",
            f"These memberships become {names}, not “{wanted}”: choose that."
            if wanted
            else f"These memberships may become {names}: choose one.",
            result_types=possible,
        )
    sides.change.result_type = wanted
    return wanted
