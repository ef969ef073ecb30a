"""The queue: order, workers side by side, kill -9, dry runs, and that it comes to what online comes to."""

import io
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from activities import queueing
from activities.models import MemberActivity, RuleEffect, RuleUse
from activities.queueing import process_all_waiting, process_waiting
from activities.reprocessing import queue_again, reprocess_many
from activities.rules import sql
from gateway.models import Event
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.models import Posting
from programs.models import Program, ProgramStatus
from tests.activities.processes import Start, kill, others_write, wait_until
from tests.activities.ruling import PER_EURO, effects_of, in_force, release, waiting
from tests.audit.helpers import assert_audit_clean
from tests.changes import pair
from tests.factories import ACTOR, account_of, counted, make_membership, make_program
from tests.pooling import merged
from tests.threads import errors_in, together

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def run(*arguments: str) -> str:
    out = io.StringIO()
    call_command("process_activities", *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


# Order.


def test_each_memberships_go_in_order_of_their_events(miles: Program) -> None:
    """What comes first counts against the cap first, in whatever order it was received."""
    people = [make_membership(miles, name) for name in ("Emma Stone", "Adam Page")]
    in_force(miles, PER_EURO, caps=({"scope": "member", "points": 100},))
    later, first, second = (
        [waiting(one, amount, occurred_at=NOON + timedelta(hours=hours)) for one in people]
        for amount, hours in (("30.00", 3), ("50.00", 1), ("40.00", 2))
    )
    assert process_waiting(miles, actor=ACTOR, wave=1) == {"processed": 6}
    assert [[points for _, _, points in effects_of(one)] for one in (*first, *second, *later)] == [
        [50],
        [50],
        [40],
        [40],
        [10],
        [10],
    ]
    assert_audit_clean()


def test_twice_changes_nothing_and_a_program_that_is_not_released_waits(michael_adams: Membership) -> None:
    program = michael_adams.program
    in_force(program, PER_EURO)
    waiting(michael_adams)
    program.status = ProgramStatus.LOCKED
    program.save()
    assert process_waiting(program, actor=ACTOR) == {}
    assert run().startswith("miles: 1 wait until the program is released.")
    program.status = ProgramStatus.RELEASED
    program.save()
    assert process_all_waiting(actor=ACTOR) == 1
    before = counted(Posting, RuleEffect, Event)
    assert process_all_waiting(actor=ACTOR) == 0
    assert counted(Posting, RuleEffect, Event) == before


def test_the_command_tells_what_became_of_them_and_fails_where_one_failed(miles: Program) -> None:
    emma, adam, ben = (make_membership(miles, name) for name in ("Emma Stone", "Adam Page", "Ben Cole"))
    in_force(miles, {"do": "credit", "expression": "100 / (activity.amount - 40.0)"}, code="odd")
    waiting(emma)
    waiting(adam, "40.00")
    waiting(ben)
    suspend(ben, actor=ACTOR, reason="doubt")
    with pytest.raises(CommandError) as error:
        run("miles")
    assert (error.value.returncode, str(error.value)) == (1, "1 failed: see the activity log.")
    statuses = MemberActivity.objects.order_by("pk").values_list("status", flat=True)
    assert list(statuses) == ["processed", "failed", "refused"]
    assert run("miles") == ""
    with pytest.raises(CommandError):
        run("nowhere")


def test_a_dry_run_tells_and_keeps_nothing(miles: Program) -> None:
    for name in ("Emma Stone", "Adam Page"):
        for _ in range(2):
            waiting(make_membership(miles, name))
    in_force(miles, PER_EURO)
    before = counted(Posting, RuleEffect, Event)
    assert run("miles", "--dry-run") == "miles: 4 processed of 4. Nothing was kept.\n"
    assert counted(Posting, RuleEffect, Event) == before
    assert set(MemberActivity.objects.values_list("status", flat=True)) == {"received"}


# What a membership became meanwhile.


def test_what_waited_for_a_merged_membership_goes_to_where_its_person_takes_part(miles: Program) -> None:
    prime, secondary = pair(miles, "Emma Stone", "Adam Page")
    in_force(miles, PER_EURO)
    activity = waiting(secondary)
    merged(prime, secondary)
    secondary.refresh_from_db()
    process_waiting(miles, actor=ACTOR)
    activity.refresh_from_db()
    home = secondary if secondary.current else secondary.superseded_by
    assert home is not None
    assert (activity.status, activity.membership_id) == ("processed", home.pk)
    assert activity.redirected_from == (None if home.pk == secondary.pk else secondary.pk)
    # The merge was written, not agreed on.
    assert_audit_clean(without={"C01"})


# Again.


def test_failed_ones_wait_again_and_succeed_when_the_rule_is_right(miles: Program) -> None:
    emma, adam = make_membership(miles, "Emma Stone"), make_membership(miles, "Adam Page")
    rule = in_force(miles, {"do": "credit", "expression": "1 / 0"}, code="odd")
    wave = [waiting(emma), waiting(adam)]
    assert process_waiting(miles, actor=ACTOR) == {"failed": 2}
    assert reprocess_many(wave, actor=ACTOR) == {"failed": 2}
    release(rule, since=datetime(2020, 1, 2, tzinfo=UTC), actions=[PER_EURO])
    assert reprocess_many(wave[:1], actor=ACTOR) == {"processed": 1}
    assert reprocess_many(wave[:1], actor=ACTOR) == {"unchanged": 1}
    assert queue_again(miles, actor=ACTOR, rule="other") == 0
    assert queue_again(miles, actor=ACTOR, rule="odd") == 1
    assert process_waiting(miles, actor=ACTOR) == {"processed": 1}
    assert (account_of(emma).balance, account_of(adam).balance) == (100, 100)
    assert_audit_clean()


# Workers side by side.


def crowd(program: Program, people: int, each: int) -> list[Membership]:
    """Memberships with so many purchases of 10 each."""
    found = [make_membership(program, f"Emma {i}") for i in range(people)]
    for one in found:
        for _ in range(each):
            waiting(one, "10.00")
    return found


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_workers_share_the_queue_and_process_nothing_twice() -> None:
    program = make_program("miles")
    in_force(program, PER_EURO, caps=({"scope": "program", "times": 1000},))
    people = crowd(program, 12, 5)
    results = together(*[lambda: process_waiting(program, actor=ACTOR, wave=4) for _ in range(4)])
    assert errors_in(results) == []
    assert sum(results, Counter()) == {"processed": 60}
    assert (Posting.objects.count(), RuleEffect.objects.count()) == (60, 60)
    assert {account_of(one).balance for one in people} == {50}
    assert RuleUse.objects.get().times == 60
    assert_audit_clean()


@pytest.mark.concurrency
@pytest.mark.control
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_of_the_membership_two_process_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor do rows say any more who has processed them."""
    monkeypatch.setattr(queueing, "FREE", queueing.FREE.replace("FOR NO KEY UPDATE SKIP LOCKED", ""))
    guard = "v.program_id = %(program)s AND v.status IN ('received', 'failed')"
    assert guard in sql.FINISH
    monkeypatch.setattr(sql, "FINISH", sql.FINISH.replace(guard, "v.program_id = %(program)s"))
    program = make_program("miles")
    in_force(program, PER_EURO)
    crowd(program, 6, 5)
    results = together(*[lambda: process_waiting(program, actor=ACTOR, wave=4) for _ in range(4)])
    # What two of them process, the database lets one write: the other calls it failed.
    assert errors_in(results) or sum(results, Counter()) != {"processed": 30}


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_one_activity_processed_again_by_two_at_once_is_processed_once() -> None:
    program = make_program("miles")
    rule = in_force(program, {"do": "credit", "expression": "1 / 0"})
    emma = make_membership(program, "Emma Stone")
    activity = waiting(emma)
    process_waiting(program, actor=ACTOR)
    release(rule, since=datetime(2020, 1, 2, tzinfo=UTC), actions=[PER_EURO])
    results = together(*[lambda: reprocess_many([activity], actor=ACTOR) for _ in range(4)])
    assert sum(results, Counter()) == {"processed": 1, "unchanged": 3}
    assert (account_of(emma).balance, Posting.objects.count()) == (100, 1)
    assert_audit_clean()


# Real processes.

PROCESS = """
from activities import queueing
queueing.process_waiting.__kwdefaults__["wave"] = 20
call_command("process_activities", "miles")
"""


def done_so_far() -> int:
    return MemberActivity.objects.exclude(status="received").count()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kills", [1, pytest.param(2, marks=pytest.mark.deep)])
def test_killed_in_the_middle_it_goes_on_and_loses_or_doubles_nothing(start: Start, kills: int) -> None:
    program = make_program("miles")
    in_force(program, PER_EURO, {"do": "credit", "points": 1, "point_type": "status"})
    people = crowd(program, 25, 1)
    MemberActivity.objects.bulk_create(
        MemberActivity(
            program=program,
            type_id=one.type_id,
            membership_id=one.membership_id,
            customer_id=one.customer_id,
            channel_id=2,
            status="received",
            amount="10.00",
            currency="EUR",
            occurred_at=one.occurred_at + timedelta(milliseconds=n),
            recorded_at=one.recorded_at,
        )
        for one in MemberActivity.objects.all()
        for n in range(1, 40)
    )
    for _ in range(kills):
        before = done_so_far()
        process = start(PROCESS)
        wait_until(lambda before=before: done_so_far() > before and others_write())  # type: ignore[misc]
        kill(process)
        done = done_so_far()
        assert before < done < 1_000
        assert Posting.objects.count() == done == RuleEffect.objects.count() / 2
        assert_audit_clean()
    one, other = start(PROCESS), start(PROCESS)
    assert (one.wait(timeout=120), other.wait(timeout=120)) == (0, 0)
    assert (done_so_far(), Posting.objects.count(), RuleEffect.objects.count()) == (1_000, 1_000, 2_000)
    assert {(account_of(one).balance, account_of(one, "status").balance) for one in people} == {(400, 40)}
    assert_audit_clean()
