"""What a change would mean, before | after per person: carried out and rolled back (domain 1.9)."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import copy
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import OperationalError, connection, transaction

from common.actor import Actor
from common.clock import program_now
from common.db import LOCK_NOT_AVAILABLE, sqlstate
from common.errors import Busy
from common.history import audit_context
from common.keys import without_key
from memberships.changes.eligibility import refuse_unless_released
from memberships.changes.performing import perform
from memberships.changes.plan import Plan, Work
from memberships.changes.preview_state import Standing, State, state_of
from memberships.changes.record import Record, made_ids
from memberships.changes.rows import plan_of
from memberships.changes.side_locks import lock_sides
from memberships.changes.states import require_status
from memberships.models import OPEN, ChangeStatus, Membership, MembershipChange
from programs.design import design_of

PATIENCE = "300ms"


@dataclass(frozen=True, slots=True)
class PersonPreview:
    """`customer` is empty for an anonymous membership; `after` where the person takes part no more."""

    customer: int | None
    before: Standing | None
    after: Standing | None


@dataclass(frozen=True, slots=True)
class Total:
    """Over everybody: before = after + expired, else points were lost. `expired` came back past their time (undo)."""

    point_type: str
    before: int
    after: int
    expired: int

    @property
    def conserved(self) -> bool:
        return self.before == self.after + self.expired


@dataclass(frozen=True, slots=True)
class RetiredNumber:
    """A member number that leads on: to the membership with `leads_to`, or to a new one where that is empty."""

    membership: int
    number: str
    leads_to: str


@dataclass(frozen=True, slots=True)
class UnusedTerm:
    """Days of a paid term that the survivor's own term covers too, for a refund."""

    membership: int
    days: int
    fee: str
    currency: str
    paid: bool


@dataclass(frozen=True, slots=True)
class Preview:
    """Ids, codes and figures only; `people` by customer. Nothing of it was kept."""

    row: str
    at: datetime
    people: tuple[PersonPreview, ...]
    totals: tuple[Total, ...]
    retired_numbers: tuple[RetiredNumber, ...]
    unused_terms: tuple[UnusedTerm, ...]

    @property
    def conserved(self) -> bool:
        return all(total.conserved for total in self.totals)

    def as_json(self) -> dict[str, Any]:
        """For the API: plain values, times in ISO 8601."""
        shown: dict[str, Any] = _plain(asdict(self))
        return {**shown, "conserved": self.conserved}


def preview_of(change: MembershipChange, *, actor: Actor) -> Preview:
    """Carry the change out without asking for consents, read, roll back. The change need not be saved, and is not
    touched.

    Raises what the plan and the row refuse, and Busy where others hold a lock for longer than a moment.
    """
    try:
        with _rehearsal(), audit_context(actor, change.reason):
            return _preview(copy(change), actor=actor)
    except OperationalError as error:
        if sqlstate(error) == LOCK_NOT_AVAILABLE:
            raise Busy("Somebody is working with these memberships. Try again in a moment.") from None
        raise


@contextmanager
def _rehearsal() -> Iterator[None]:
    """What is done in it is undone, events and messages with it, and no key of the request is used up."""
    with transaction.atomic(), without_key():
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, true)", [PATIENCE])
        yield
        transaction.set_rollback(True)


def _preview(change: MembershipChange, *, actor: Actor) -> Preview:
    design = design_of(change.program_id)
    at = program_now(design.program)
    require_status(change, ChangeStatus.DRAFT, *OPEN, at=at)
    refuse_unless_released(design.program)
    lock_sides(change, key_change=True)
    plan = plan_of(change, at=at)
    if change.pk is None:
        change.save()
    customers = {person.customer_id for person in plan.people}
    known = {one.pk for one in plan.parties}
    # What an organization's pool holds counts too, where one of its members comes or goes.
    umbrellas = [plan.umbrella] if plan.umbrella is not None else []
    before = state_of(customers, [*plan.parties, *umbrellas], design=design, at=at, known=known)
    # The rows of the plan are changed by carrying out.
    numbers = {one.pk: one.number for one in plan.parties if one.current}
    work = Work(plan, actor, Record())
    perform(work)
    made = made_ids(work.record.as_outcome(), "memberships.Membership")
    touched = Membership.objects.filter(pk__in=[*known, *made]).order_by("pk")
    after = state_of(customers, [*touched, *umbrellas], design=design, at=at, known=known)
    return _compared(plan, work, before, after, numbers)


def _compared(plan: Plan, work: Work, before: State, after: State, numbers: Mapping[int, str]) -> Preview:
    expired = _expired(work)
    types = sorted(plan.design.point_types.values(), key=lambda one: (not one.is_default, one.pk))
    customers = sorted({*before.standings, *after.standings}, key=lambda one: (one is None, one or 0))
    return Preview(
        row=plan.row,
        at=plan.at,
        people=tuple(PersonPreview(one, before.standings.get(one), after.standings.get(one)) for one in customers),
        totals=tuple(
            Total(one.code, before.sums.get(one.pk, 0), after.sums.get(one.pk, 0), expired.get(one.code, 0))
            for one in types
        ),
        retired_numbers=tuple(
            RetiredNumber(pk, number, _leads_to(pk, plan)) for pk, number in numbers.items() if pk not in after.current
        ),
        unused_terms=tuple(UnusedTerm(**one) for one in work.record.notes.get("unused_terms", ())),
    )


def _expired(work: Work) -> dict[str, int]:
    found: dict[str, int] = {}
    for code, points in work.record.notes.get("expired", ()):
        found[code] = found.get(code, 0) + points
    return found


def _leads_to(membership_id: int, plan: Plan) -> str:
    """The number of the membership it leads to; empty where the change opens that one."""
    membership = Membership.objects.select_related("superseded_by").get(pk=membership_id)
    target = membership.superseded_by
    known = {one.pk for one in plan.parties}
    return target.number if target is not None and target.pk in known else ""


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, datetime | date):
        return value.isoformat().replace("+00:00", "Z")
    return value
