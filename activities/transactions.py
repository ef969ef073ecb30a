"""Take a sale or an interaction: record it, let the rules work, let points pay a part (domain 1.11)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import IntegrityError, transaction

from activities.claimed import share_receipts
from activities.errors import ReferenceTaken
from activities.general import new_activity, post_activity
from activities.models import MemberActivity, PointFlow, Transaction, TransactionItem, TransactionType
from activities.partners import active_partner
from activities.processing import process
from activities.redeeming import debits_of
from activities.targeting import require_right
from activities.timing import event_time
from activities.transaction_answers import render
from activities.transaction_calls import TAKE, Spent, TransactionCall
from activities.transaction_online import take_online
from activities.transaction_rows import event_facts, new_items, transaction_columns
from activities.transaction_shown import Told, answer_of, told_of_posting, told_of_processed
from activities.transaction_sides import Sides, program_of_call, refuse_silently, sides_of
from activities.types import activity_type
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from gateway.events import record_event
from memberships.spending_codes import use_up
from memberships.targets import Target
from points.errors import EventTimeOutOfRange
from programs.design import Design, design_of

LONGEST_AGO = timedelta(days=36_525)


@dataclass(frozen=True, slots=True)
class Case:
    """A call with what was found for it."""

    call: TransactionCall
    sides: Sides
    at: datetime
    design: Design | None
    actor: Actor


def take_transaction(call: TransactionCall, *, actor: Actor) -> dict[str, Any]:
    """The API's <transaction>. The sale of a customer in no program is recorded too, and the answer says so.

    Raises ReferenceTaken, NotThatPersons, CodeNotValid, CodeNotEnough and what finding, earning and redeeming raise.
    """
    facts = take_online(call, actor=actor)
    return render(facts) if isinstance(facts, list) else take_in_general(call, actor=actor)


def take_in_general(call: TransactionCall, *, actor: Actor) -> dict[str, Any]:
    return retrying(lambda: _take(call, actor=actor))


def _take(call: TransactionCall, *, actor: Actor) -> dict[str, Any]:
    program_id = program_of_call(call, actor)
    with in_program(program_id):
        refuse_silently(call, program_id=program_id, actor=actor)
        require_right(actor, TAKE, program_id)
        refuse_taken(call.reference, actor)
        design = None if program_id is None else design_of(program_id)
        at = time_of(call.occurred_at, design)
        sides = sides_of(call, program_id=program_id, actor=actor, at=at)
        case = Case(call, sides, at, design, actor)
        row = _recorded(case)
        told = [*_spent(case, row), *_earned(case, row)]
        record_taken(row, told)
        return answer_of(row, told, nowhere=sides.nowhere)


def time_of(occurred_at: datetime | None, design: Design | None) -> datetime:
    """The time of the event; outside of programs anything of the last hundred years."""
    if design is not None:
        return event_time(occurred_at, design)
    now = clock.now()
    if occurred_at is not None and not now - LONGEST_AGO <= occurred_at <= now:
        raise EventTimeOutOfRange(
            "A sale cannot lie in the future, nor more than a hundred years back.",
            facts={"occurred_at": occurred_at.isoformat()},
        )
    return occurred_at or now


def refuse_taken(reference: str, actor: Actor) -> None:
    """Said here with the transaction's id; the database holds it."""
    known = Transaction.objects.filter(channel_id=actor.channel_id, reference=reference).values_list("pk", flat=True)
    if found := known.first():
        raise _taken(reference, found)


def write_once(row: Transaction) -> None:
    """Insert the transaction; ReferenceTaken where somebody with the same reference came first."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        known = Transaction.objects.filter(channel_id=row.channel_id, reference=row.reference)
        found = known.values_list("pk", flat=True).first()
        if found is None:
            raise
        raise _taken(row.reference, found) from error


def _taken(reference: str, pk: int) -> ReferenceTaken:
    return ReferenceTaken(
        f"This channel recorded transaction {pk} under the reference “{reference}”. Read that one, or give the sale "
        "its own reference.",
        facts={"transaction": pk, "reference": reference},
    )


def _recorded(case: Case) -> Transaction:
    call, design, earning = case.call, case.design, case.sides.earning
    columns = transaction_columns(
        call,
        program_id=earning.membership.program_id if earning else None,
        business_unit=design.program.business_unit if design else "",
        customer_id=case.sides.customer_id,
        at=case.at,
        recorded_at=clock.now() if design is None else clock.program_now(design.program),
        actor=case.actor,
    )
    row = Transaction(**columns)
    write_once(row)
    TransactionItem.objects.bulk_create(new_items(row, call))
    return row


def _spent(case: Case, row: Transaction) -> Sequence[Told]:
    """First, so that points of this sale do not pay for it."""
    target, asked = case.sides.spending, case.call.redeem
    if target is None or asked is None:
        return ()
    design = design_of(target.membership.program_id)
    if row.program_id is not None:
        # Before the accounts that pay are locked; what earns asks for it again.
        share_receipts([row.reference], row.program_id)
    if case.sides.code is not None:
        use_up(case.sides.code, transaction_id=row.pk)
    done = post_activity(
        activity_type(design, PointFlow.REDEEM),
        Spent(asked.points, asked.point_type, row.reference, row.location),
        target,
        design=design,
        at=case.at,
        actor=case.actor,
        moves=lambda situation: debits_of(situation, asked.points),
        more={"transaction": row},
    )
    activity = MemberActivity.objects.select_related("type", "membership").get(pk=done.activity_id)
    return [told_of_posting(activity, done.posted, done.ruled, design)]


def _earned(case: Case, row: Transaction) -> Sequence[Told]:
    target, design, call = case.sides.earning, case.design, case.call
    if target is None or design is None:
        return ()
    more = {
        "attributes": dict(call.attributes) or None,
        "partner_id": None if call.partner is None else active_partner(design, call.partner).pk,
    }
    return [noted(row, target, design=design, actor=case.actor, more=more)]


def noted(
    row: Transaction, target: Target, *, design: Design, actor: Actor, more: Mapping[str, Any] | None = None
) -> Told:
    """What the transaction is to the locked membership, after the rules; `more` are other columns of the activity."""
    activity = activity_for(row, target, design=design, actor=actor, more=more)
    memberships = {target.membership.pk: target.membership}
    return told_of_processed(
        process([activity], actor=actor, design=design, memberships=memberships)[activity.pk], design
    )


def activity_for(
    row: Transaction, target: Target, *, design: Design, actor: Actor, more: Mapping[str, Any] | None = None
) -> MemberActivity:
    """Not stored yet, and not processed."""
    return new_activity(
        activity_type(design, row.type),
        Spent(None, None, row.reference, row.location),
        target,
        at=row.occurred_at,
        actor=actor,
        recorded_at=clock.program_now(design.program),
        more={"transaction": row, "amount": row.amount, "currency": row.currency or None, "pk": None, **(more or {})},
    )


def record_taken(row: Transaction, told: Sequence[Told]) -> None:
    """The event; what the rules did says each activity's own."""
    record_event(
        f"transaction.{'returned' if row.type == TransactionType.RETURN else 'taken'}",
        program_id=row.program_id,
        subject_id=row.pk,
        facts=event_facts(row, (one.activity.membership_id for one in told)),
    )
