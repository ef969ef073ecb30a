"""The worker renews, ends and reviews every night, once per program and night by the program's own clock (1.5, 1.7)."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from common import clock
from common.db import apart
from common.errors import LoyaltyError
from memberships.nightly import do_nightly_runs
from programs.models import Program, Run
from programs.nightly import run_nightly
from programs.runs import recorded
from tests.factories import ACTOR, make_membership, make_program

# 23:30 in Berlin, 17:30 in New York.
EVENING = datetime(2026, 3, 9, 22, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def evening() -> Iterator[None]:
    with clock.frozen(EVENING):
        yield


@pytest.fixture
def berlin(db: None) -> Program:
    return make_program("berlin", time_zone="Europe/Berlin")


@pytest.fixture
def new_york(db: None) -> Program:
    return make_program("new-york", time_zone="America/New_York")


def runs_of(program: Program) -> list[str]:
    return list(Run.objects.filter(program=program).order_by("pk").values_list("kind", flat=True))


def test_each_run_is_made_once_a_night_of_the_program_and_stands_in_its_history(
    berlin: Program, new_york: Program
) -> None:
    assert do_nightly_runs(actor=ACTOR) == 4
    assert do_nightly_runs(actor=ACTOR) == 0
    # Midnight in Berlin, evening in New York.
    with clock.frozen(EVENING + timedelta(minutes=30)):
        assert do_nightly_runs(actor=ACTOR) == 2
        assert do_nightly_runs(actor=ACTOR) == 0
    assert runs_of(berlin) == ["renew_memberships", "review_tiers"] * 2
    assert runs_of(new_york) == ["renew_memberships", "review_tiers"]
    assert not Run.objects.filter(ended_at=None).exists()


def test_what_is_over_ends_by_it(berlin: Program) -> None:
    ends, stays = make_membership(berlin, "Anna"), make_membership(berlin, "Ben")
    ends.expires_on = EVENING.date()
    ends.save()
    do_nightly_runs(actor=ACTOR)
    ends.refresh_from_db()
    assert ends.status == "active"
    with clock.frozen(EVENING + timedelta(minutes=30)):
        do_nightly_runs(actor=ACTOR)
    ends.refresh_from_db()
    stays.refresh_from_db()
    assert (ends.status, ends.end_reason, stays.status) == ("expired", "term_end", "active")


def test_a_program_that_is_not_released_waits(db: None) -> None:
    make_program("locked", status="locked")
    assert do_nightly_runs(actor=ACTOR) == 0
    assert not Run.objects.exists()


def test_a_dry_run_and_one_that_was_cut_off_do_not_count(berlin: Program) -> None:
    started = {"program": berlin, "kind": "review_tiers", "started_at": EVENING}
    Run.objects.create(**started, ended_at=EVENING, dry_run=True)
    Run.objects.create(**started)
    assert run_nightly("review_tiers", lambda program: None) == 1
    Run.objects.create(**started, ended_at=EVENING, problem="OperationalError: away")
    assert run_nightly("review_tiers", lambda program: None) == 0
    with clock.frozen(EVENING + timedelta(minutes=1)):
        assert run_nightly("review_tiers", lambda program: None) == 1
    Run.objects.create(**started, ended_at=EVENING)
    with clock.frozen(EVENING + timedelta(minutes=1)):
        assert run_nightly("review_tiers", lambda program: None) == 0


def test_two_workers_never_make_the_same_run_at_once(berlin: Program, new_york: Program) -> None:
    """Another one is at it in Berlin: a lock of the same name is held beside this transaction."""
    with apart() as other, other.cursor() as cursor:
        cursor.execute("BEGIN")
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"review_tiers:{berlin.pk}"])
        ran: list[Program] = []
        assert run_nightly("review_tiers", ran.append) == 1
        assert ran == [new_york]
        cursor.execute("COMMIT")
    assert run_nightly("review_tiers", ran.append) == 2
    assert ran == [new_york, berlin, new_york]


def test_while_a_run_goes_on_nobody_else_begins_it(berlin: Program) -> None:
    inner: list[int] = []

    def nested(program: Program) -> None:
        inner.append(run_nightly("review_tiers", lambda program: None))

    assert run_nightly("review_tiers", nested) == 1
    assert inner == [0]


def test_what_one_program_refuses_keeps_no_other_waiting(
    berlin: Program, new_york: Program, caplog: pytest.LogCaptureFixture
) -> None:
    def refusing(program: Program) -> Any:
        if program == berlin:
            raise LoyaltyError("It was locked meanwhile.")

    assert run_nightly("review_tiers", refusing) == 1
    assert "berlin stopped: It was locked meanwhile." in caplog.text


def test_what_keeps_being_refused_is_tried_ever_later_and_anew_after_midnight(
    berlin: Program, new_york: Program
) -> None:
    def refusing(program: Program) -> None:
        with recorded(program, "review_tiers", actor=ACTOR):
            if program == berlin:
                raise LoyaltyError("Something is wrong with its design.")

    midnight = EVENING - timedelta(hours=23, minutes=30)
    day, tried = 24 * 60, []
    around = {2**n + beside for n in range(11) for beside in (-1, 0, 1)}
    for minute in sorted(around | {day - 1, day, day + 1}):
        with clock.frozen(midnight + timedelta(minutes=minute)):
            before = Run.objects.filter(program=berlin).count()
            run_nightly("review_tiers", refusing)
            if Run.objects.filter(program=berlin).count() > before:
                tried.append(minute)
    assert tried == [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, day, day + 1]
    assert set(Run.objects.filter(program=berlin).values_list("problem", flat=True)) == {
        "LoyaltyError: Something is wrong with its design."
    }
    # Whoever made it run by hand has ended the waiting.
    with clock.frozen(midnight + timedelta(minutes=day + 1)):
        with recorded(berlin, "review_tiers", actor=ACTOR):
            pass
        assert run_nightly("review_tiers", refusing) == 0
