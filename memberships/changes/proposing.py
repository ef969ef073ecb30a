"""Proposing a change: its terms, its parties and whose consent is asked for; and taking it back (domain 1.9).

Each verb locks the change, then the memberships. Who may propose is asked by the caller.
"""

from datetime import timedelta
from typing import Any

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.errors import Busy, NotFound
from common.history import audit_context
from gateway.events import record_event
from memberships.changes.asking import ask_everyone, void_given
from memberships.changes.eligibility import refusal, refuse_unless_released
from memberships.changes.errors import MembershipBusy
from memberships.changes.lapsing import lapse, lapse_changes, lapse_if_overdue, lapse_open_of, locked_open_changes
from memberships.changes.plan import Plan, Proposal
from memberships.changes.rows import plan_of
from memberships.changes.side_locks import lock_sides
from memberships.changes.sides import affected_ids
from memberships.changes.states import end_change, locked_change, require_status, status_at
from memberships.changes.terms import changed_terms, digest_of, role_of, terms_of
from memberships.errors import ReasonMissing
from memberships.models import (
    OPEN,
    ChangeParty,
    ChangeStatus,
    Membership,
    MembershipChange,
)
from points.freezing import freeze
from programs.design import design_of

__all__ = [
    "draft",
    "lapse",
    "lapse_changes",
    "lapse_open_of",
    "open_draft",
    "propose",
    "redraft",
    "refresh",
    "status_at",
    "withdraw",
]


def draft(proposal: Proposal, *, actor: Actor) -> MembershipChange:
    """A change that asks nobody yet and hinders no other; refused like a proposal."""
    change = _new(proposal, actor=actor)
    with in_program(change.program_id), audit_context(actor, proposal.reason):
        _write_terms(change, _planned(change))
        change.save()
    return change


def redraft(change: MembershipChange, proposal: Proposal, *, actor: Actor) -> MembershipChange:
    """The draft says something else from now on."""
    with in_program(change.program_id), audit_context(actor, proposal.reason):
        row = locked_change(change.pk)
        require_status(row, ChangeStatus.DRAFT, at=program_now(row.program))
        _fill(row, proposal, actor=actor)
        row.version += 1
        _write_terms(row, _planned(row))
        row.save()
        return row


def propose(proposal: Proposal, *, actor: Actor, replaces: MembershipChange | None = None) -> MembershipChange:
    """Ask everyone affected. `replaces` is the refused or lapsed change that is proposed anew."""
    change = _new(proposal, actor=actor)
    change.replaces = replaces
    with in_program(change.program_id), audit_context(actor, proposal.reason):
        return _open(change, actor=actor)


def open_draft(change: MembershipChange, *, actor: Actor) -> MembershipChange:
    """Ask everyone affected by the draft."""
    with in_program(change.program_id), audit_context(actor, change.reason):
        row = locked_change(change.pk)
        require_status(row, ChangeStatus.DRAFT, at=program_now(row.program))
        row.version += 1
        return _open(row, actor=actor)


def withdraw(change: MembershipChange, *, actor: Actor, reason: str) -> MembershipChange:
    """Take it back before it is carried out."""
    with in_program(change.program_id), audit_context(actor, reason):
        row = locked_change(change.pk)
        at = program_now(row.program)
        require_status(row, ChangeStatus.DRAFT, *OPEN, at=at)
        if row.status != ChangeStatus.DRAFT and not reason.strip():
            raise ReasonMissing("A proposal is withdrawn with a reason.")
        end_change(row, ChangeStatus.WITHDRAWN, at=at, facts={})
        return row


def refresh(change: MembershipChange, *, actor: Actor) -> bool:
    """Read the terms again. Where they changed, given consents are void and everyone is asked again: True.

    The change passed in is read anew then. Refused where it is not open, or can't be carried out as things are.
    """
    with in_program(change.program_id), audit_context(actor, "terms changed"):
        row = locked_change(change.pk)
        at = program_now(row.program)
        require_status(row, *OPEN, at=at)
        lock_sides(row)
        plan = plan_of(row, at=at)
        known, digest = row.terms, row.digest
        _write_terms(row, plan)
        if row.digest == digest:
            return False
        row.status = ChangeStatus.AWAITING_CONSENT
        row.version += 1
        row.save()
        voided = void_given(row, actor=actor, at=at)
        _join_parties(row, plan)
        ask_everyone(row, plan)
        record_event(
            "change.terms_changed",
            program_id=row.program_id,
            subject_id=row.pk,
            facts={
                "change": row.pk,
                "changed": changed_terms(known, row.terms),
                "void": voided,
                "digest": row.digest,
            },
        )
    change.refresh_from_db()
    return True


def _new(proposal: Proposal, *, actor: Actor) -> MembershipChange:
    """The row, not saved."""
    change = MembershipChange(program_id=_visible(proposal.prime_id, actor=actor).program_id)
    _fill(change, proposal, actor=actor)
    return change


def _fill(change: MembershipChange, proposal: Proposal, *, actor: Actor) -> None:
    named = (proposal.prime_id, proposal.secondary_id)
    prime, *_others = [_visible(pk, actor=actor) for pk in named if pk is not None]
    if prime.program_id != change.program_id:
        raise refusal("one_program", "A draft stays in its program: begin a new one.", change=change.pk)
    change.kind, change.reason = proposal.kind, proposal.reason
    change.prime_id, change.secondary_id = named
    change.leaver_id, change.main_id = proposal.leaver_id, proposal.main_id
    change.result_type, change.policy = proposal.result_type, proposal.policy
    change.leaver_share, change.manual_shares = proposal.leaver_share, dict(proposal.manual_shares)
    change.freezes = proposal.freezes
    change.proposed_at = program_now(design_of(change.program_id).program)
    change.channel_id, change.user_id = actor.channel_id, actor.user_id


def _visible(membership_id: int, *, actor: Actor) -> Membership:
    found = Membership.objects.visible_to(actor).filter(pk=membership_id).first()
    if found is None:
        raise NotFound("No such membership.")
    membership: Membership = found
    return membership


def _planned(change: MembershipChange) -> Plan:
    program = design_of(change.program_id).program
    refuse_unless_released(program)
    return plan_of(change, at=program_now(program))


def _write_terms(change: MembershipChange, plan: Plan) -> None:
    change.terms = terms_of(plan)
    change.digest = digest_of(change.terms)


def _open(change: MembershipChange, *, actor: Actor) -> MembershipChange:
    at = program_now(design_of(change.program_id).program)
    ids = affected_ids(change)
    for overdue in locked_open_changes(ids):
        lapse_if_overdue(overdue, at=at)
    lock_sides(change)
    plan = _planned(change)
    if [one.pk for one in plan.parties] != ids:
        raise Busy("The memberships were changed meanwhile. Try again.")
    _refuse_busy(plan)
    _refuse_replacing(change, plan)
    _write_terms(change, plan)
    change.status = ChangeStatus.AWAITING_CONSENT
    change.proposed_at, change.channel_id, change.user_id = at, actor.channel_id, actor.user_id
    change.expires_at = at + timedelta(days=plan.design.program.consent_valid_days)
    change.save()
    _join_parties(change, plan)
    ask_everyone(change, plan)
    if change.freezes:
        for pool_id in sorted({one.pool_id for one in plan.parties if one.pool_id is not None}):
            freeze(pool_id, change.expires_at)
    record_event("change.proposed", program_id=change.program_id, subject_id=change.pk, facts=_facts(change, plan))
    return change


def _refuse_busy(plan: Plan) -> None:
    """A membership is in one open change at most; the database holds it too."""
    ids = [one.pk for one in plan.parties]
    busy = ChangeParty.objects.filter(membership__in=ids, is_open=True).exclude(change=plan.change.pk)
    party = busy.select_related("change", "membership").order_by("membership_id").first()
    if party is None:
        return
    other = party.change
    raise MembershipBusy(
        f"{party.membership.number} is in change {other.pk} ({other.get_kind_display()}, "
        f"{other.get_status_display()}) already: carry that out or withdraw it first.",
        facts={
            "change": other.pk,
            "kind": str(other.kind),
            "status": str(other.status),
            "membership": party.membership_id,
            "expires_at": other.expires_at and other.expires_at.isoformat(),
        },
    )


def _refuse_replacing(change: MembershipChange, plan: Plan) -> None:
    """What is proposed anew failed for want of consent, and is the same kind of change of the same memberships."""
    former = change.replaces
    if former is None:
        return
    if status_at(former, plan.at) not in (ChangeStatus.REFUSED, ChangeStatus.LAPSED):
        raise refusal(
            "replaces",
            f"Change {former.pk} is {former.get_status_display()}: only one that was refused or lapsed is replaced.",
            change=former.pk,
            status=str(former.status),
        )
    parties = set(ChangeParty.objects.filter(change=former).values_list("membership_id", flat=True))
    if former.kind != change.kind or parties != {one.pk for one in plan.parties}:
        raise refusal(
            "replaces",
            f"Change {former.pk} is of another kind or of other memberships: propose this one without it.",
            change=former.pk,
        )


def _join_parties(change: MembershipChange, plan: Plan) -> None:
    """All affected memberships are in the open change; those that came to it later join it."""
    known = set(ChangeParty.objects.filter(change=change).values_list("membership_id", flat=True))
    fresh = [one for one in plan.parties if one.pk not in known]
    if known and fresh:
        _refuse_busy(plan)
    ChangeParty.objects.bulk_create(
        ChangeParty(
            change=change,
            program_id=change.program_id,
            membership=one,
            role=role_of(plan, one),
            is_open=True,
        )
        for one in fresh
    )


def _facts(change: MembershipChange, plan: Plan) -> dict[str, Any]:
    return {
        "change": change.pk,
        "kind": str(change.kind),
        "row": plan.row,
        "memberships": [one.pk for one in plan.parties],
        "asked": sorted(plan.asked),
        "digest": change.digest,
        "expires_at": change.expires_at and change.expires_at.isoformat(),
        "replaces": change.replaces_id,
    }
