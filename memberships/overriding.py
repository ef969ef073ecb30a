"""Let one anonymous membership redeem by exception, with a reason, and stop it again (domain 1.4, 1.5)."""

from common.actor import Actor
from common.db import in_program
from common.history import audit_context
from gateway.events import record_event
from memberships.errors import OverrideRefused, ReasonMissing, WrongStatus
from memberships.locking import locked_memberships
from memberships.models import Membership
from memberships.types import type_of


def allow_redemption(membership: Membership, *, actor: Actor, reason: str) -> Membership:
    """From now on whoever has its card may redeem and have points held, until it is forbidden or registered."""
    return _override(membership, allowed=True, actor=actor, reason=reason)


def forbid_redemption(membership: Membership, *, actor: Actor, reason: str) -> Membership:
    """The exception ends. Points held meanwhile stay held until they are captured, released or over."""
    return _override(membership, allowed=False, actor=actor, reason=reason)


def _override(membership: Membership, *, allowed: bool, actor: Actor, reason: str) -> Membership:
    event = "redemption_allowed" if allowed else "redemption_forbidden"
    if not reason.strip():
        raise ReasonMissing("An exception is made, and ended, with a reason.")
    with in_program(membership.program_id), audit_context(actor, reason):
        (row,) = locked_memberships([membership.pk])
        if not type_of(row.type).takes_exception:
            raise OverrideRefused(
                f"{row.number} is of type {row.get_type_display()}; only an anonymous membership redeems by exception.",
                facts={"membership": row.pk, "type": row.type},
            )
        if not row.current:
            raise WrongStatus(f"{row.number} has ended.", facts={"membership": row.pk, "status": row.status})
        if row.redeem_override == allowed:
            raise WrongStatus(
                f"{row.number} may redeem by exception already."
                if allowed
                else f"{row.number} has no exception that could end.",
                facts={"membership": row.pk, "redeem_override": allowed},
            )
        row.redeem_override = allowed
        row.version += 1
        row.save()
        record_event(
            f"membership.{event}",
            program_id=row.program_id,
            subject_id=row.pk,
            facts={"version": row.version},
        )
        return row
