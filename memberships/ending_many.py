"""Ends by the daily run in sets: of memberships that only end (domain 1.5).

Who shares a pool, stands under an organization, is one, or is in an open change is left to `end_if`. Both leave the
same rows; a test holds them against each other.
"""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

from django.db import connection

from common.actor import Actor
from common.db import in_program
from common.history import audit_context, delete_with_history, recording, save_with_history
from gateway.events import record_events
from memberships.changes.lapsing import in_open_changes
from memberships.ending import StillDue, close, told_expired
from memberships.models import EndReason, Member, Membership, MembershipTerm
from memberships.renewing_many import Done
from memberships.types import TYPES
from programs.design import design_of
from programs.models import Program

ALONE = [kind.code for kind in TYPES.values() if kind.ends_alone and not kind.is_umbrella]


def end_many(
    ids: Sequence[int], *, program: Program, still_due: StillDue, end_reason: EndReason, at: datetime, actor: Actor
) -> Done:
    """In the caller's transaction, until whose end they are locked."""
    with in_program(program), audit_context(actor, str(end_reason)):
        program = design_of(program.pk).program
        rows = _locked(ids)
        due, busy = still_due(rows), in_open_changes([row.pk for row in rows])
        plain = [row for row in rows if row.pk in due and row.pk not in busy]
        for row in plain:
            close(row, end_reason, at=at, rests_until=at + timedelta(days=program.rest_days))
        save_with_history(plain, "status", "end_reason", "ended_at", "rests_until", "version")
        _record_members([row.pk for row in plain])
        record_events("membership.expired", program_id=program.pk, facts={row.pk: told_expired(row) for row in plain})
        others = set(ids) - {row.pk for row in rows}
        return Done(plain, sorted(others | (busy & set(due))))


def forget_unpaid(rows: Sequence[Membership], *, actor: Actor, reason: str) -> None:
    """The first unpaid term of each is owed no more: it goes, and the last day is the one that was paid."""
    unpaid = MembershipTerm.objects.filter(membership__any_of=[row.pk for row in rows], paid_at__isnull=True)
    first = unpaid.order_by("membership_id", "first_day").distinct("membership_id")
    terms = {term.membership_id: term for term in first}
    for row in rows:
        row.expires_on = terms[row.pk].first_day - timedelta(days=1)
    with audit_context(actor, reason):
        save_with_history(rows, "expires_on")
        delete_with_history(list(terms.values()))


def _locked(ids: Sequence[int]) -> list[Membership]:
    """Plain FOR UPDATE, for their members follow the key that changes."""
    alone = Membership.objects.filter(pk__any_of=ids, type__in=ALONE, organization_membership__isnull=True)
    return list(alone.order_by("pk").select_for_update(of=("self",)))


def _record_members(ids: Collection[int]) -> None:
    """As `record_members` does: `current` followed their memberships by a foreign key."""
    told, given = recording(Member, rows="followed", kind="~")
    followed = f"SELECT * FROM {Member._meta.db_table} WHERE membership_id = ANY(%s) ORDER BY id"  # noqa: S608 - the name of our own table
    with connection.cursor() as cursor:
        cursor.execute(f"WITH followed AS ({followed}) {told}", [list(ids), *given])
