"""The daily run in sets leaves the rows that it leaves one by one (domain 1.5)."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from common import clock
from gateway.models import Event
from memberships import renewing
from memberships.changes.proposing import Proposal, propose
from memberships.lifecycle import pause, record_payment, suspend
from memberships.models import CardRegistration, Member, Membership, MembershipChange, MembershipTerm
from memberships.renewing import Touched, renew_memberships
from memberships.renewing_many import Done
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import group_of, pair, pool_of
from tests.factories import ACTOR
from tests.organizations import agreement_with, employee, umbrella
from tests.queries import asked
from tests.registering import found_card, registered

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
TOLD = (Membership, Member, MembershipTerm, MembershipChange, CardRegistration)
# What the server counts on, though it was undone.
OWN = {"history_id", "id"}

SAID = ("kind", "subject_id", "facts", "program_id")


@pytest.fixture
def club(miles: Program) -> Program:
    """A year costs 49 euros and renews by itself; a fee may be a month late."""
    miles.term_months, miles.fee, miles.auto_renew, miles.renewal_grace_days = 12, "49.00", True, 30
    miles.save()
    with clock.frozen(START):
        people(miles)
    return Program.objects.get(pk=miles.pk)


def people(program: Program) -> None:
    """Of every kind that the run tells apart; Dora has not paid, and a found card waits for Emil."""
    anna, ben, cleo, dora, emil, finn, _ = pair(program, "Anna", "Ben", "Cleo", "Dora", "Emil", "Finn", "Gina")
    group_of(program, "Hans", "Ida")
    pool_of(program, "Jan", "Kim", "Lea")
    acme = umbrella(program)
    agreement_with(acme)
    employee(acme, "Mia")
    for one in Membership.objects.filter(program=program, terms__isnull=False).exclude(pk=dora.pk):
        record_payment(one, actor=ACTOR, reference="first", paid_at=START)
    suspend(cleo, actor=ACTOR, reason="fraud")
    for one in (ben, emil):
        pause(one, actor=ACTOR, reason="abroad")
    registered(found_card(program, 40), emil.members.get().customer)
    propose(Proposal("merge", anna.pk, finn.pk, result_type="shared"), actor=ACTOR)


def one_by_one(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("renew_many", "end_many"):
        monkeypatch.setattr(renewing, name, lambda ids, **_: Done([], ids))


def outcome(program: Program, at: datetime, **options: Any) -> tuple[Any, ...]:
    """What the run answers and tells, and the rows it leaves; then all of it is undone."""
    heard: list[Touched] = []
    with transaction.atomic(), clock.frozen(at):
        events = Event.objects.order_by("-pk").values_list("pk", flat=True).first()
        counts = renew_memberships(program, actor=ACTOR, heard=heard.append, **options)
        if not options:
            assert_audit_clean()
        tables = (*TOLD, *(model.history.model for model in TOLD))
        rows = {model.__name__: listed(model.objects.all().values()) for model in tables}
        told = listed(Event.objects.filter(pk__gt=events).exclude(kind__startswith="change.").values(*SAID))
        transaction.set_rollback(True)
    return counts, heard, rows, told


def listed(rows: Collection[dict[str, Any]]) -> list[str]:
    return sorted(str({name: value for name, value in row.items() if name not in OWN}) for row in rows)


@pytest.mark.parametrize(
    ("values", "day", "expected"),
    [
        # The first who pays nothing lapses; the others renew, all but the umbrella and the card's.
        ({}, date(2027, 1, 1), {"lapsed": 1, "renewed": 11}),
        ({"fee": None}, date(2029, 6, 1), {"lapsed": 1, "renewed": 11}),
        ({"auto_renew": False}, date(2027, 1, 1), {"lapsed": 1, "ended": 11}),
        ({"valid_until": date(2026, 9, 30)}, date(2026, 10, 1), {"lapsed": 1, "ended": 13}),
        ({"idle_months": 6}, date(2026, 10, 1), {"lapsed": 1, "idle": 12}),
    ],
    ids=["renew", "missed-runs", "term-end", "season-end", "idle"],
)
def test_sets_leave_the_rows_that_one_by_one_leave(
    club: Program, monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], day: date, expected: dict[str, int]
) -> None:
    for name, value in values.items():
        setattr(club, name, value)
    club.save()
    at = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
    many, dry = outcome(club, at), outcome(club, at, dry_run=True)
    with monkeypatch.context() as patch:
        one_by_one(patch)
        ones, dry_ones = outcome(club, at), outcome(club, at, dry_run=True)
    assert dict(many[0]) == expected
    for told, told_before in zip(many, ones, strict=True):
        assert told == told_before
    assert dry == dry_ones
    assert dry[1] != []


@pytest.mark.parametrize("values", [{}, {"auto_renew": False}], ids=["renew", "end"])
def test_ten_more_take_no_statement_more(miles: Program, values: dict[str, Any]) -> None:
    for name, value in ({"term_months": 12, "auto_renew": True} | values).items():
        setattr(miles, name, value)
    miles.save()
    taken, at = [], START
    for count in (2, 12):
        at = at.replace(year=at.year + 1)
        with clock.frozen(at - timedelta(days=400)):
            pair(miles, *(f"Member {number} of {count}" for number in range(count)))
        with clock.frozen(at), asked() as statements:
            assert renew_memberships(miles, actor=ACTOR).total() >= count
        taken.append(len(statements))
    assert taken[0] == taken[1] <= 30, taken
