"""The five types of membership, each answering what sets it apart (domain 1.4, 1.5, 1.9).

A type may change while a membership lives, so a type is a value and its rules stand here, nowhere else.
"""

from typing import ClassVar

from memberships.acting import acting_member
from memberships.models import Member, Membership, MembershipType
from programs.models import PointKind, PointType, Program, Redeemers

# What takes points out of an account that several use.
SPENDING = frozenset({"redeem", "hold", "transfer_out"})


class Kind:
    """Answers of a type whose members act on points of their own."""

    code: ClassVar[str]
    comes_from: ClassVar[frozenset[str]]
    least_members: ClassVar[int] = 1
    # Whether it may end by itself; else its member leaves by a split.
    ends_alone: ClassVar[bool] = True
    # Whether it is what other memberships stand under, and takes no part itself.
    is_umbrella: ClassVar[bool] = False
    # Whether staff may let one of them redeem by exception.
    takes_exception: ClassVar[bool] = False
    merges: ClassVar[dict[str, frozenset[str]]] = {}
    # Why not, where `permits` leaves it to the membership and that answers no.
    left_to: ClassVar[str] = ""

    def member_limit(self, program: Program) -> int:
        """The most open members one membership of the type may have."""
        return 1

    def account_set_for(self, membership: Membership, point_type: PointType) -> int:
        """The id of the set that holds the membership's points of the type."""
        return membership.own_set_id

    def permits(self, capability: str, program: Program) -> bool | None:
        """What the type says about every membership of it; None where it depends on the membership."""
        return True

    def allows(
        self, capability: str, membership: Membership, program: Program, *, member: Member | None = None
    ) -> bool:
        """What the type says about this membership and the person in it, its status left aside."""
        answer = self.permits(capability, program)
        return self.decides(capability, membership, member) if answer is None else answer

    def decides(self, capability: str, membership: Membership, member: Member | None) -> bool:
        """Asked only where `permits` leaves it to the membership. Without `member`: whether its own actor may."""
        return False

    def merge_results(self, other_type: str, *, same_person: bool) -> frozenset[str]:
        """The types a merge with one of the other type may end in; empty where it is refused."""
        return self.merges.get(other_type, frozenset())

    def may_merge_with(self, other_type: str, *, same_person: bool) -> bool:
        return bool(self.merge_results(other_type, same_person=same_person))


class SeveralPeople(Kind):
    """Answers of a type where several people use one account."""

    def permits(self, capability: str, program: Program) -> bool | None:
        """Where only the owner redeems, no membership spends by its type and status alone."""
        return None if capability in SPENDING and program.pool_redeemers == Redeemers.OWNER else True


class Standard(Kind):
    code = MembershipType.STANDARD
    comes_from = frozenset({"enrolment"})
    merges = {
        MembershipType.STANDARD: frozenset({MembershipType.SHARED, MembershipType.GROUP}),
        MembershipType.SHARED: frozenset({MembershipType.SHARED}),
        MembershipType.GROUP: frozenset({MembershipType.GROUP}),
        MembershipType.ANONYMOUS: frozenset({MembershipType.STANDARD}),
    }

    def merge_results(self, other_type: str, *, same_person: bool) -> frozenset[str]:
        if same_person and other_type == self.code:
            return frozenset({MembershipType.STANDARD})
        return super().merge_results(other_type, same_person=same_person)


class Shared(SeveralPeople):
    code = MembershipType.SHARED
    ends_alone = False
    left_to = "only the owner of this shared account redeems from it"
    comes_from = frozenset({"merge", "joining", "organization_enrolment"})
    merges = {
        MembershipType.STANDARD: frozenset({MembershipType.SHARED}),
        MembershipType.SHARED: frozenset({MembershipType.SHARED}),
        MembershipType.ANONYMOUS: frozenset({MembershipType.SHARED}),
    }

    def account_set_for(self, membership: Membership, point_type: PointType) -> int:
        if point_type.kind == PointKind.REDEEMABLE and membership.pool_id is not None:
            return membership.pool_id
        return membership.own_set_id

    def decides(self, capability: str, membership: Membership, member: Member | None) -> bool:
        """The pool's owner."""
        member = member or acting_member(membership)
        return member is not None and membership.pool is not None and membership.pool.owner_id == member.customer_id


class Group(SeveralPeople):
    code = MembershipType.GROUP
    left_to = "only the main member of this group redeems in it"
    comes_from = frozenset({"merge"})
    least_members = 2
    merges = {
        MembershipType.STANDARD: frozenset({MembershipType.GROUP}),
        MembershipType.GROUP: frozenset({MembershipType.GROUP}),
        MembershipType.ANONYMOUS: frozenset({MembershipType.GROUP}),
    }

    def member_limit(self, program: Program) -> int:
        return program.group_most_members

    def decides(self, capability: str, membership: Membership, member: Member | None) -> bool:
        """The main member, who acts where nobody is named."""
        return member is None or member.pk == membership.main_member_id


class Anonymous(Kind):
    """Earns without a person; merging it means being absorbed by the registered side."""

    code = MembershipType.ANONYMOUS
    left_to = "an anonymous membership redeems by exception only"
    comes_from = frozenset({"temporary_card"})
    least_members = 0
    takes_exception = True
    merges = {
        kind: frozenset({kind}) for kind in (MembershipType.STANDARD, MembershipType.SHARED, MembershipType.GROUP)
    }
    permitted = frozenset({"earn", "adjust", "tier_review", "use_card"})
    by_override = frozenset({"redeem", "hold"})

    def member_limit(self, program: Program) -> int:
        return 0

    def permits(self, capability: str, program: Program) -> bool | None:
        return None if capability in self.by_override else capability in self.permitted

    def decides(self, capability: str, membership: Membership, member: Member | None) -> bool:
        return membership.redeem_override


class Organization(Shared):
    """Owns a pool that its shared members use, and does nothing with points itself."""

    code = MembershipType.ORGANIZATION
    ends_alone = True
    is_umbrella = True
    comes_from = frozenset({"staff"})
    least_members = 0
    merges = {}

    def member_limit(self, program: Program) -> int:
        return 0

    def permits(self, capability: str, program: Program) -> bool | None:
        return False


TYPES: dict[str, Kind] = {kind.code: kind for kind in (Standard(), Shared(), Group(), Anonymous(), Organization())}


def type_of(code: str) -> Kind:
    return TYPES[code]
