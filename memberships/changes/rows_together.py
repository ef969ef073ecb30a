"""Rows by which memberships go together or change their form: merges and absorptions."""

from memberships.changes import eligibility
from memberships.changes.eligibility import refusal
from memberships.changes.plan import Plan
from memberships.changes.policies import REFORMING, check_figures, policy_of
from memberships.changes.row import Row, choose_result, only_member, owes, refuse_other_leader, refuse_unfit_leader
from memberships.changes.sides import Sides
from memberships.models import ChangeKind, Membership, MembershipType

MAIN_MEMBER = "The main member"
OWNER = "The owner of the pool"


class Merge(Row):
    """Two sides of different people."""

    kind = ChangeKind.MERGE

    def check(self, sides: Sides) -> None:
        eligibility.refuse_person_twice(sides)
        alone = [one for one in sides.both if one.pool_id is None and one.main_member_id is None]
        eligibility.refuse_cooling_down(sides, alone)


class Pool(Merge):
    """All stay as they are, with one pool; an existing one keeps its owner."""

    name = "pool"
    result = MembershipType.SHARED

    def check(self, sides: Sides) -> None:
        super().check(sides)
        eligibility.refuse_above_limit("pool_most_members", sides.program, count=len(sides.affected))
        refuse_other_leader(sides, self.owner(sides), OWNER)

    def owner(self, sides: Sides) -> int | None:
        return sides.owner_of(sides.prime) or sides.owner_of(sides.secondary) or only_member(sides, sides.prime)


class Group(Merge):
    """One group of all; a side that is a group goes on with its number and main member."""

    name = "group"
    result = MembershipType.GROUP

    def check(self, sides: Sides) -> None:
        super().check(sides)
        eligibility.refuse_individuals(sides)
        eligibility.refuse_above_limit("group_most_members", sides.program, count=len(sides.people))
        if going_on(sides) is not None:
            refuse_other_leader(sides, self.main(sides), MAIN_MEMBER)
        refuse_unfit_leader(sides, self.main(sides), sides.customers(), MAIN_MEMBER)

    def main(self, sides: Sides) -> int | None:
        group = going_on(sides)
        if group is not None:
            return sides.main_of(group)
        return sides.change.main_id or only_member(sides, sides.prime)

    def ending(self, plan: Plan) -> tuple[Membership, ...]:
        group = going_on(plan)
        return tuple(one for one in plan.parties if group is None or one.pk != group.pk)

    def opened(self, plan: Plan) -> int:
        return 1 if going_on(plan) is None else 0


def going_on(sides: Sides | Plan) -> Membership | None:
    """The group that takes the others in: prime where both are groups."""
    both = (sides.prime, sides.secondary)
    return next((one for one in both if one is not None and one.main_member_id is not None), None)


class IntoPrime(Row):
    """Secondary ends and prime goes on as what it is. One person is asked, unless a debt comes to those who share."""

    def asked(self, sides: Sides) -> tuple[int, ...]:
        receiver = self.receiver(sides)
        return sides.everyone() if receiver is None or owes(sides.secondary) else (receiver,)

    def main(self, sides: Sides) -> int | None:
        return sides.main_of(sides.prime)

    def owner(self, sides: Sides) -> int | None:
        return sides.owner_of(sides.prime)

    def ending(self, plan: Plan) -> tuple[Membership, ...]:
        return () if plan.secondary is None else (plan.secondary,)


class OnePerson(IntoPrime):
    """Two records of one person, of which one is a standard membership."""

    name = "one_person"
    kind = ChangeKind.MERGE

    def check(self, sides: Sides) -> None:
        prime, secondary = sides.prime, sides.secondary
        if secondary is not None and secondary.type != MembershipType.STANDARD:
            swap = prime.type == MembershipType.STANDARD
            cure = f"Choose {secondary.number} as prime." if swap else "Split the person off from one of the two first."
            raise refusal(
                "one_person",
                f"Both records are one person, whose secondary membership must be a standard one. {cure}",
                memberships=[prime.pk, secondary.pk],
            )
        if prime.type == MembershipType.GROUP:
            eligibility.refuse_individuals(sides)
        choose_result(sides, (prime.type,))
        refuse_other_leader(sides, self.main(sides), MAIN_MEMBER)

    def receiver(self, sides: Sides) -> int | None:
        return sides.same_person()


class Absorb(IntoPrime):
    """An anonymous membership goes into the registered one of whoever has its card."""

    name = "absorb"
    kind = ChangeKind.ABSORB

    def check(self, sides: Sides) -> None:
        prime, secondary = sides.prime, sides.secondary
        if secondary is None or secondary.type != MembershipType.ANONYMOUS or prime.type == MembershipType.ANONYMOUS:
            raise refusal(
                "anonymous",
                "A registered membership absorbs an anonymous one: choose the registered one as prime and the "
                "anonymous one as secondary.",
                memberships=[one.pk for one in sides.both],
            )
        choose_result(sides, (prime.type,))
        members = [one.customer_id for one in sides.members_of(prime)]
        if self.receiver(sides) not in members:
            raise refusal(
                "main", f"Who registers takes part in {prime.number}: name one of its members.", customers=members
            )

    def receiver(self, sides: Sides) -> int | None:
        return sides.change.main_id or sides.main_of(sides.prime) or only_member(sides, sides.prime)


class PoolToGroup(Row):
    """All who share a pool become one group."""

    name = "pool_to_group"
    kind = ChangeKind.MERGE
    prime_type = MembershipType.SHARED
    result = MembershipType.GROUP

    def check(self, sides: Sides) -> None:
        eligibility.refuse_inactive(sides.affected)
        eligibility.refuse_individuals(sides)
        eligibility.refuse_above_limit("group_most_members", sides.program, count=len(sides.people))
        refuse_unfit_leader(sides, self.main(sides), sides.customers(), MAIN_MEMBER)

    def main(self, sides: Sides) -> int | None:
        return sides.change.main_id

    def ending(self, plan: Plan) -> tuple[Membership, ...]:
        return plan.parties

    def opened(self, plan: Plan) -> int:
        return 1


class GroupToPool(Row):
    """Everyone of a group gets a shared membership; the main member owns the pool unless another one is named."""

    name = "group_to_pool"
    kind = ChangeKind.MERGE
    prime_type = MembershipType.GROUP
    result = MembershipType.SHARED

    def check(self, sides: Sides) -> None:
        eligibility.refuse_above_limit("pool_most_members", sides.program, count=len(sides.people))
        refuse_unfit_leader(sides, self.owner(sides), sides.customers(), OWNER)

    def policy(self, sides: Sides) -> str:
        policy = policy_of(sides, REFORMING)
        check_figures(sides, policy, kinds=())
        return policy

    def owner(self, sides: Sides) -> int | None:
        return sides.change.main_id or sides.main_of(sides.prime)

    def ending(self, plan: Plan) -> tuple[Membership, ...]:
        return (plan.prime,)

    def opened(self, plan: Plan) -> int:
        return len(plan.people)
