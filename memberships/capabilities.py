"""What a membership may do: status x type x the program's override (domain 1.5); code never asks the status."""

from memberships.models import Member, Membership, MembershipStatus
from memberships.types import TYPES, type_of
from programs.design import Design
from programs.models import ProgramStatus

CAPABILITIES = ("earn", "redeem", "hold", "transfer_out", "transfer_in", "adjust", "tier_review", "use_card")
# What a member who is suspended apart from the membership can't do.
PERSONAL = frozenset({"earn", "redeem", "hold", "transfer_out", "transfer_in", "use_card"})

DEFAULT_MATRIX: dict[str, frozenset[str]] = {
    MembershipStatus.INACTIVE: frozenset({"adjust"}),
    MembershipStatus.ACTIVE: frozenset(CAPABILITIES),
    MembershipStatus.SUSPENDED: frozenset({"adjust"}),
    MembershipStatus.EXPIRED: frozenset(),
}


def status_allows(status: str, capability: str, design: Design) -> bool:
    """The matrix with the program's overrides. What has ended stays ended: no override reaches it."""
    default = capability in DEFAULT_MATRIX[status]
    if status == MembershipStatus.EXPIRED:
        return default
    overrides = design.program.capability_overrides.get(status, {})
    return bool(overrides.get(capability, default))


def can(
    membership: Membership,
    capability: str,
    design: Design,
    *,
    member: Member | None = None,
    correction: bool = False,
) -> bool:
    """Whether the membership may do it now; with `member`, whether that person may in it.

    Only a released program allows anything; `correction` asks for what a locked one still takes (an approved
    adjustment).
    """
    open_in = {ProgramStatus.RELEASED, ProgramStatus.LOCKED} if correction else {ProgramStatus.RELEASED}
    return (
        design.program.status in open_in
        and status_allows(membership.status, capability, design)
        and type_of(membership.type).allows(capability, membership, design.program, member=member)
        and not (member is not None and member.suspended_at is not None and capability in PERSONAL)
    )


def capabilities_of(membership: Membership, design: Design) -> dict[str, bool]:
    """Every capability with its answer, as the API and the admin show it."""
    return {capability: can(membership, capability, design) for capability in CAPABILITIES}


def able_states(design: Design, capability: str) -> list[str]:
    """The "status/type" pairs that suffice by themselves, for statements that ask nothing else.

    Types that leave the answer to the membership are not among them: `can` decides those.
    """
    if design.program.status != ProgramStatus.RELEASED:
        return []
    return [
        f"{status}/{kind.code}"
        for status in MembershipStatus.values
        if status_allows(status, capability, design)
        for kind in TYPES.values()
        if kind.permits(capability, design.program)
    ]
