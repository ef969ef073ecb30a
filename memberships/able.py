"""Ask a membership whether it may, and say why not."""

from memberships.capabilities import can, status_allows
from memberships.errors import MembershipNotAble
from memberships.models import Member, Membership
from memberships.types import type_of
from programs.design import Design
from programs.models import ProgramStatus

VERBS = {
    "earn": "earn points",
    "redeem": "redeem points",
    "hold": "have points held",
    "transfer_out": "give points away",
    "transfer_in": "receive points",
    "adjust": "have its points adjusted",
    "tier_review": "have its tier reviewed",
    "use_card": "use a card",
}


def reason_against(
    membership: Membership, capability: str, design: Design, *, member: Member | None = None, correction: bool = False
) -> str:
    """Why the membership (and the person in it) may not do it now, in words; empty where it may."""
    if can(membership, capability, design, member=member, correction=correction):
        return ""
    if design.program.status != ProgramStatus.RELEASED and not correction:
        return f"{design.program.name} is {design.program.get_status_display()}"
    if member is not None and member.suspended_at is not None:
        return "this member is suspended"
    if _left_to_it(membership, capability, design):
        return type_of(membership.type).left_to
    return f"it is {membership.get_status_display()} and of type {membership.get_type_display()}"


def require_able(
    membership: Membership, capability: str, design: Design, *, member: Member | None = None, correction: bool = False
) -> None:
    """Raise MembershipNotAble unless the locked membership (and the person in it) may do it now."""
    reason = reason_against(membership, capability, design, member=member, correction=correction)
    if not reason:
        return
    facts = {
        "membership": membership.pk,
        "capability": capability,
        "status": membership.status,
        "type": membership.type,
        "program_status": design.program.status,
    }
    if member is not None and member.suspended_at is not None:
        facts["member_suspended"] = True
    raise MembershipNotAble(f"Membership {membership.number} may not {VERBS[capability]}: {reason}.", facts=facts)


def _left_to_it(membership: Membership, capability: str, design: Design) -> bool:
    """Whether its status lets it, and its type asks for more: an owner, an exception."""
    open_question = type_of(membership.type).permits(capability, design.program) is None
    return open_question and status_allows(membership.status, capability, design)
