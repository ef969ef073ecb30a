"""Ask a membership whether it may, and say why not."""

from memberships.capabilities import can
from memberships.errors import MembershipNotAble
from memberships.models import Member, Membership
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


def require_able(
    membership: Membership, capability: str, design: Design, *, member: Member | None = None, correction: bool = False
) -> None:
    """Raise MembershipNotAble unless the locked membership (and the person in it) may do it now."""
    if can(membership, capability, design, member=member, correction=correction):
        return
    facts = {
        "membership": membership.pk,
        "capability": capability,
        "status": membership.status,
        "type": membership.type,
        "program_status": design.program.status,
    }
    if design.program.status != ProgramStatus.RELEASED and not correction:
        reason = f"{design.program.name} is {design.program.get_status_display()}"
    elif member is not None and member.suspended_at is not None:
        facts["member_suspended"] = True
        reason = "this member is suspended"
    else:
        reason = f"it is {membership.get_status_display()} and of type {membership.get_type_display()}"
    raise MembershipNotAble(f"Membership {membership.number} may not {VERBS[capability]}: {reason}.", facts=facts)
