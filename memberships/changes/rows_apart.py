"""Rows by which somebody leaves, or a change is undone."""

from typing import ClassVar

from memberships.changes import eligibility
from memberships.changes.eligibility import refusal
from memberships.changes.plan import Plan
from memberships.changes.policies import LEAVING, check_figures, policy_of
from memberships.changes.row import Row, refuse_other_leader, refuse_unfit_leader
from memberships.changes.sides import Sides
from memberships.models import ChangeKind, ChangeStatus, MembershipType
from memberships.organization_pools import accepted_rule
from programs.models import PointKind


class Leave(Row):
    """One member leaves by a split; whoever leads is followed by one of those who stay."""

    kind = ChangeKind.SPLIT
    # Kinds of points that are divided.
    divided: ClassVar[tuple[str, ...]]
    leads: ClassVar[str]

    def check(self, sides: Sides) -> None:
        eligibility.refuse_ended(sides.prime)
        if sides.change.result_type:
            raise refusal("result_type", "Who leaves and who stays alone is standard then: leave the result out.")
        leaver, customers = sides.change.leaver_id, sides.customers()
        if leaver not in customers:
            raise refusal(
                "leaver",
                f"Who leaves takes part in {sides.prime.number} or shares its pool: name one of them.",
                customers=list(customers),
            )
        if self._follows(sides):
            refuse_unfit_leader(sides, self._leading(sides), self._staying(sides), f"{self.leads} after the split")
        else:
            refuse_other_leader(sides, self._leading(sides), f"{self.leads} after the split")

    def policy(self, sides: Sides) -> str:
        policy = policy_of(sides, LEAVING, default=self.usual_policy(sides))
        check_figures(sides, policy, kinds=self.divided)
        return policy

    def usual_policy(self, sides: Sides) -> str:
        """Where the proposal names none."""
        return str(sides.program.split_policy)

    def leader(self, sides: Sides) -> int | None:
        """Who leads before the split."""
        raise NotImplementedError

    def dissolves(self, sides: Sides) -> bool:
        """Whether only one stays, who then is on their own and needs nobody to lead."""
        return len(self._staying(sides)) < 2

    def _staying(self, sides: Sides) -> tuple[int, ...]:
        return tuple(one for one in sides.customers() if one != sides.change.leaver_id)

    def _follows(self, sides: Sides) -> bool:
        return self.leader(sides) == sides.change.leaver_id and not self.dissolves(sides)

    def _leading(self, sides: Sides) -> int | None:
        """Who leads afterwards."""
        if self.dissolves(sides):
            return self._staying(sides)[0]
        return sides.change.main_id if self._follows(sides) else self.leader(sides)


class LeavePool(Leave):
    """A shared membership turns back to a standard one with its number, cards, tier and qualifying points."""

    name = "leave_pool"
    prime_type = MembershipType.SHARED
    divided = (PointKind.REDEEMABLE,)
    leads = "The owner of the pool"

    def leader(self, sides: Sides) -> int | None:
        return sides.owner_of(sides.prime)

    def usual_policy(self, sides: Sides) -> str:
        if sides.is_organizations(sides.prime):
            return accepted_rule(sides.prime)
        return super().usual_policy(sides)

    def dissolves(self, sides: Sides) -> bool:
        return super().dissolves(sides) and not sides.is_organizations(sides.prime)

    def _follows(self, sides: Sides) -> bool:
        """The pool of an organization belongs to who signs for it, in its pool or not."""
        return super()._follows(sides) and not sides.is_organizations(sides.prime)

    def owner(self, sides: Sides) -> int | None:
        return None if self.dissolves(sides) else self._leading(sides)


class LeaveGroup(Leave):
    """Who leaves a group gets a new standard membership."""

    name = "leave_group"
    prime_type = MembershipType.GROUP
    divided = (PointKind.REDEEMABLE, PointKind.QUALIFYING)
    leads = "The main member"

    def leader(self, sides: Sides) -> int | None:
        return sides.main_of(sides.prime)

    def main(self, sides: Sides) -> int | None:
        return None if self.dissolves(sides) else self._leading(sides)

    def opened(self, plan: Plan) -> int:
        return 1


class Undo(Row):
    """Back to before the change it names; everyone who takes part now is asked."""

    name = "undo"
    kind = ChangeKind.UNDO

    def check(self, sides: Sides) -> None:
        undone = sides.change.undoes
        if undone is None or undone.status != ChangeStatus.CARRIED_OUT:
            raise refusal("undoes", "Only a change that was carried out, and is not undone yet, can be undone.")
