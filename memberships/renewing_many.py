"""Renewals by the daily run in sets: those of whom only the next term follows the last one (domain 1.5).

Who has a found card waiting for them is left to `renew_when_over`. Both leave the same rows; a test holds them against
each other.
"""

from collections.abc import Collection, Sequence
from datetime import date
from typing import NamedTuple

from django.db.models import Max

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context, create_with_history, save_with_history
from gateway.events import record_events
from memberships import admission
from memberships.lifecycle import BY_ITSELF, is_over, told
from memberships.models import Membership, MembershipTerm
from memberships.paid_terms import next_term
from memberships.registrations import waited_for
from programs.design import design_of
from programs.models import Program


class Done(NamedTuple):
    """Rows as they are now, and the ids of those that are due, too, but are more than a date."""

    rows: Sequence[Membership]
    left: Sequence[int]


def renew_many(ids: Sequence[int], *, program: Program, actor: Actor, today: date) -> Done:
    """Term after term where nothing is to pay. In the caller's transaction, until whose end they are locked."""
    with in_program(program), audit_context(actor, BY_ITSELF):
        program = design_of(program.pk).program
        # None of them comes back from its end, so that no key of its members changes.
        rows = lock_rows(Membership.objects.filter(pk__any_of=ids))
        owing = _owing(ids)
        due = [row for row in rows if is_over(row, program, today) and row.pk not in owing]
        waiting = waited_for([row.pk for row in due])
        plain = [row for row in due if row.pk not in waiting]
        _renew(plain, program=program, today=today)
        return Done(plain, sorted(waiting))


def _renew(due: Sequence[Membership], *, program: Program, today: date) -> None:
    at = program_now(program)
    last_days = _last_days([row.pk for row in due])
    while due:
        admission.refuse_unless_open(program, at=at)
        terms = [next_term(row, program=program, last_day=last_days.get(row.pk), at=at) for row in due]
        for row in due:
            row.version += 1
        create_with_history(terms)
        save_with_history(due, "expires_on", "version")
        record_events("membership.renewed", program_id=program.pk, facts={row.pk: told(row) for row in due})
        last_days = {term.membership_id: term.last_day for term in terms}
        owing = {term.membership_id for term in terms if term.paid_at is None}
        due = [row for row in due if is_over(row, program, today) and row.pk not in owing]


def _owing(ids: Collection[int]) -> set[int]:
    unpaid = MembershipTerm.objects.filter(membership__any_of=ids, paid_at__isnull=True)
    return set(unpaid.values_list("membership_id", flat=True))


def _last_days(ids: Collection[int]) -> dict[int, date]:
    terms = MembershipTerm.objects.filter(membership__any_of=ids).order_by().values_list("membership_id")
    return dict(terms.annotate(last=Max("last_day")))
