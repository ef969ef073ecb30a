"""Carry an agreed change out: one transaction, everything asked again under its locks, all or nothing (domain 1.9)."""

from datetime import datetime

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, retrying
from common.history import audit_context
from gateway.events import record_event
from memberships.changes.consent import missing
from memberships.changes.eligibility import refuse_unless_released
from memberships.changes.errors import ChangeNotOpen, ConsentMissing, TermsChanged
from memberships.changes.performing import perform
from memberships.changes.plan import Plan, Work
from memberships.changes.proposing import refresh
from memberships.changes.record import Record
from memberships.changes.rows import plan_of
from memberships.changes.side_locks import lock_sides
from memberships.changes.states import locked_change, status_at
from memberships.changes.terms import differences, digest_of, terms_of
from memberships.models import ChangeParty, ChangeStatus, MembershipChange
from memberships.one_person import unite_if_due
from points.freezing import thaw


class _Stale(Exception):
    """The terms are others than those consented to; nothing was done yet."""

    def __init__(self, words: list[str]) -> None:
        self.words = words


def carry_out(change: MembershipChange, *, actor: Actor) -> MembershipChange:
    """Do what everyone consented to. A second call refuses and changes nothing.

    Where the terms changed, the consents become void, everyone is asked again and TermsChanged says why.
    Raises ChangeNotOpen, ConsentMissing, TermsChanged, ChangeRefused and what the row refuses.
    """
    try:
        return retrying(lambda: _carry_out(change, actor=actor))
    except _Stale as stale:
        refresh(change, actor=actor)
        raise TermsChanged(
            f"The terms changed: {'; '.join(stale.words)}. Everyone is asked again.",
            facts={"change": change.pk, "differences": stale.words},
        ) from None


def _carry_out(change: MembershipChange, *, actor: Actor) -> MembershipChange:
    with in_program(change.program_id), audit_context(actor, change.reason):
        row = locked_change(change.pk)
        lock_sides(row, key_change=True, also=party_ids(row))
        # Behind the locks: what was posted to the memberships before this came before their end.
        at = program_now(row.program)
        _refuse_unless_agreed(row, at=at)
        refuse_unless_released(row.program)
        plan = plan_of(row, at=at)
        terms = terms_of(plan)
        if digest_of(terms) != row.digest:
            raise _Stale(differences(row.terms, terms))
        _refuse_missing(row)
        execute(row, plan, actor=actor)
        unite_if_due(row, actor=actor)
        return row


def execute(row: MembershipChange, plan: Plan, *, actor: Actor) -> None:
    """Perform the plan of the locked change and write its end down."""
    work = Work(plan, actor, Record())
    frozen = {one.pool_id for one in plan.parties if row.freezes and one.pool_id is not None}
    perform(work)
    row.status = ChangeStatus.CARRIED_OUT
    row.ended_at = row.carried_out_at = plan.at
    row.carried_out_channel_id, row.carried_out_user_id = actor.channel_id, actor.user_id
    row.version += 1
    row.save()
    for pool_id in sorted(frozen):
        thaw(pool_id)
    record_event("change.carried_out", program_id=row.program_id, subject_id=row.pk, facts=facts_of(row, plan))


def facts_of(row: MembershipChange, plan: Plan) -> dict[str, object]:
    return {
        "kind": str(row.kind),
        "row": plan.row,
        "memberships": [one.pk for one in plan.parties],
        "result": row.result_id,
        "posting": row.posting_id,
    }


def party_ids(change: MembershipChange) -> list[int]:
    return list(
        ChangeParty.objects.filter(change=change).order_by("membership_id").values_list("membership_id", flat=True)
    )


def _refuse_unless_agreed(row: MembershipChange, *, at: datetime) -> None:
    status = status_at(row, at)
    if status == ChangeStatus.AWAITING_CONSENT:
        _refuse_missing(row)
    if status != ChangeStatus.AGREED:
        label = ChangeStatus(status).label
        raise ChangeNotOpen(
            f"This change is {label}; only an agreed one is carried out.",
            facts={"change": row.pk, "status": str(status), "result": row.result_id},
        )


def _refuse_missing(row: MembershipChange) -> None:
    people = missing(row)
    if people:
        raise ConsentMissing(
            f"Not everyone affected has consented yet; missing: customer {', '.join(str(one) for one in people)}. "
            "Ask them, or withdraw the change.",
            facts={"change": row.pk, "missing": people},
        )
