"""Undo a change in its window: at once where nobody acted since, else with everyone's consent again (domain 1.9)."""

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows, retrying
from common.errors import NotFound
from common.history import audit_context
from memberships.changes.carrying_out import execute
from memberships.changes.eligibility import refuse_unless_released
from memberships.changes.plan import Plan
from memberships.changes.proposing import open_draft
from memberships.changes.rows import plan_of
from memberships.changes.side_locks import lock_sides
from memberships.changes.terms import digest_of, role_of, terms_of
from memberships.changes.undo_rules import acted_since, refuse_undo
from memberships.errors import ReasonMissing
from memberships.models import ChangeBasis, ChangeKind, ChangeParty, MembershipChange

RIGHT = "changes:carry-out"


def undo(change: MembershipChange, *, actor: Actor, reason: str) -> MembershipChange:
    """The change, undone; or, where somebody acted since, a new change of kind undo that awaits consent.

    At once only by who may carry out changes. Raises NotUndoable and what carrying out refuses.
    """
    if not reason.strip():
        raise ReasonMissing("A change is undone with a reason.")
    return retrying(lambda: _undo(change.pk, actor=actor, reason=reason))


def _undo(change_id: int, *, actor: Actor, reason: str) -> MembershipChange:
    found = MembershipChange.objects.filter(pk=change_id).first()
    if found is None:
        raise NotFound("There is no such change.")
    with in_program(found.program_id), audit_context(actor, reason):
        undoing = undoing_of(found, actor=actor, reason=reason)
        lock_sides(undoing, key_change=True)
        (original,) = lock_rows(MembershipChange.objects.select_related("program").filter(pk=change_id))
        at = program_now(original.program)
        refuse_unless_released(original.program)
        refuse_undo(original, at=at)
        undoing.undoes = original
        undoing.save()
        if acted_since(original) or not actor.may(RIGHT, original.program_id):
            return open_draft(undoing, actor=actor)
        _carry_out(undoing, plan_of(undoing, at=at), actor=actor)
        done: MembershipChange = MembershipChange.objects.get(pk=original.pk)
        return done


def undoing_of(change: MembershipChange, *, actor: Actor, reason: str) -> MembershipChange:
    """The change of kind undo, not saved: also what a preview of it shows."""
    return MembershipChange(
        program_id=change.program_id,
        kind=ChangeKind.UNDO,
        undoes=change,
        prime_id=change.prime_id,
        secondary_id=change.secondary_id,
        reason=reason,
        proposed_at=program_now(change.program),
        channel_id=actor.channel_id,
        user_id=actor.user_id,
    )


def _carry_out(undoing: MembershipChange, plan: Plan, *, actor: Actor) -> None:
    undoing.terms = terms_of(plan)
    undoing.digest = digest_of(undoing.terms)
    undoing.basis = ChangeBasis.AT_ONCE
    ChangeParty.objects.bulk_create(
        ChangeParty(change=undoing, program_id=undoing.program_id, membership=one, role=role_of(plan, one))
        for one in plan.parties
    )
    execute(undoing, plan, actor=actor)
