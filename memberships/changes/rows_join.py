"""The row by which a person with a membership of their own joins an organization (domain 1.8)."""

from memberships.changes import eligibility
from memberships.changes.eligibility import refusal
from memberships.changes.row import Row, choose_result, only_member
from memberships.changes.sides import Sides
from memberships.models import AgreementForm, ChangeKind, Membership, MembershipType
from memberships.types import type_of
from memberships.umbrellas import Inheritance, find_inheritance

# What the membership becomes, by the form it takes over. Points of one's own are always possible.
FORMS: dict[str, AgreementForm] = {
    MembershipType.STANDARD: AgreementForm.STANDARD,
    MembershipType.SHARED: AgreementForm.SHARED,
}


class Join(Row):
    """Prime keeps number, cards and points that count towards a tier, and stands under the organization's agreement.

    The person is asked, and who signs for the organization.
    """

    name = "join"
    kind = ChangeKind.JOIN

    def check(self, sides: Sides) -> None:
        umbrella_of(sides)
        _refuse_unfit(sides)

    def inherits(self, sides: Sides) -> Inheritance:
        """As the agreement says that holds for the person now. Fills in the form that the proposal left open."""
        umbrella, person_id = umbrella_of(sides), only_member(sides, sides.prime)
        assert person_id is not None  # noqa: S101 - a standard membership has one member
        found = find_inheritance(
            sides.program, customer_id=person_id, organization_id=umbrella.organization_id, at=sides.at, lock=False
        )
        results = [MembershipType.STANDARD]
        if found.terms.form == AgreementForm.SHARED:
            sides.change.result_type = sides.change.result_type or MembershipType.SHARED
            results.append(MembershipType.SHARED)
        if choose_result(sides, results) == MembershipType.SHARED:
            eligibility.refuse_cooling_down(sides, [sides.prime])
        return found

    def owner(self, sides: Sides) -> int | None:
        return sides.owner_of(umbrella_of(sides)) if sides.change.result_type == MembershipType.SHARED else None


def umbrella_of(sides: Sides) -> Membership:
    """The organization's membership, which the change names as secondary."""
    umbrella = sides.secondary
    if umbrella is None or not type_of(umbrella.type).is_umbrella:
        raise refusal(
            "organization_membership",
            "A person joins the membership of an organization: choose that one as the second side.",
            membership=umbrella and umbrella.pk,
        )
    return umbrella


def _refuse_unfit(sides: Sides) -> None:
    """Who joins is on their own, and under no organization yet."""
    prime = sides.prime
    if sides.change.main_id is not None:
        raise refusal("main", "Nobody leads by joining: leave the main member out.", main=sides.change.main_id)
    eligibility.refuse_inactive([prime])
    if prime.organization_membership_id is not None:
        raise refusal(
            "organization_member",
            f"{prime.number} stands under an organization already: leave that one first.",
            membership=prime.pk,
            organization_membership=prime.organization_membership_id,
        )
    if prime.type != MembershipType.STANDARD:
        raise refusal(
            "types",
            f"{prime.number} is {prime.get_type_display()}; only a standard membership joins an organization. Leave "
            "what it shares first, or register its card.",
            membership=prime.pk,
            type=str(prime.type),
        )
