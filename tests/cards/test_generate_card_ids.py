"""The command: makes a batch and its file, is safe to repeat, and goes on after kill -9."""

import csv
import io
import os
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from cards import batches
from cards.batch_file import csv_of, rows_of
from cards.batches import ask_for_batch, make_batch, revoke_batch
from cards.models import BatchStatus, Card, CardBatch, NumberRegistry
from common import clock
from gateway.models import Event
from programs.models import Program, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted, make_program
from tests.threads import together

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def sky(db: None) -> Program:
    return make_program("sky")


def run(*arguments: str, program: str = "sky", name: str = "fair") -> str:
    out = io.StringIO()
    call_command("generate_card_ids", program, "--batch", name, *arguments, stdout=out, stderr=io.StringIO())
    return out.getvalue()


def refused(*arguments: str, **options: str) -> tuple[str, int]:
    with pytest.raises(CommandError) as error:
        run(*arguments, **options)
    return str(error.value), error.value.returncode


def test_it_makes_the_batch_and_says_where_its_file_is(sky: Program) -> None:
    with clock.frozen(NOON):
        told = run("--count", "25", "--valid-months", "12")
    batch = CardBatch.objects.get()
    assert (batch.status, batch.made, Card.objects.count(), batch.user_id) == (BatchStatus.READY, 25, 25, None)
    assert "“fair”: 25 cards, valid until 2027-03-10." in told
    assert f"/desk/cards/batches/{batch.pk}" in told
    assert batch.downloaded_at is None


def test_the_file_is_written_and_counts_as_given_out(sky: Program, tmp_path: Path) -> None:
    path = tmp_path / "cards.csv"
    told = run("--count", "25", "--valid-until", "2999-12-31", "--output", str(path))
    batch = CardBatch.objects.get()
    assert path.read_bytes() == b"".join(csv_of(rows_of(batch)))
    rows = list(csv.DictReader(path.open()))
    assert next(iter(rows[0])) == "card_number"
    assert {row["card_number"] for row in rows} == set(Card.objects.values_list("number", flat=True))
    assert {row["valid_until"] for row in rows} == {"2999-12-31"}
    assert str(path) in told
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [path]
    assert batch.downloaded_at is not None
    assert Event.objects.filter(kind="card_batch.downloaded").count() == 1


def test_the_same_command_again_doubles_nothing_and_leaves_the_file(sky: Program, tmp_path: Path) -> None:
    path = tmp_path / "cards.csv"
    arguments = ("--count", "25", "--valid-months", "6", "--output", str(path))
    run(*arguments)
    before = counted(CardBatch, CardBatch.history.model, Card, Card.history.model, NumberRegistry, Event)
    path.write_text("mine")
    assert "was left as it is" in run(*arguments)
    assert path.read_text() == "mine"
    assert counted(CardBatch, CardBatch.history.model, Card, Card.history.model, NumberRegistry, Event) == before


def test_the_file_is_written_once(sky: Program, tmp_path: Path) -> None:
    arguments = ("--count", "5", "--valid-months", "6", "--output")
    run(*arguments, str(tmp_path / "cards.csv"))
    message, code = refused(*arguments, str(tmp_path / "again.csv"))
    assert "given out once" in message and code == 1
    assert [path.name for path in tmp_path.iterdir()] == ["cards.csv"]
    assert "was given out on" in run("--count", "5", "--valid-months", "6")


def test_a_file_that_can_not_be_written_is_not_given_out(sky: Program, tmp_path: Path) -> None:
    arguments = ("--count", "5", "--valid-months", "6", "--output")
    message, code = refused(*arguments, str(tmp_path / "nowhere" / "cards.csv"))
    assert "No such file" in message and code == 2
    batch = CardBatch.objects.get()
    assert (batch.status, batch.downloaded_at) == (BatchStatus.READY, None)
    run(*arguments, str(tmp_path / "cards.csv"))
    assert len((tmp_path / "cards.csv").read_text().splitlines()) == 6


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("--count", "5", "--valid-until", "2999-01-01", "--valid-months", "3"), "--valid-months: not allowed with"),
        (("--count", "5"), "--valid-until --valid-months is required"),
        (("--valid-months", "3"), "--count"),
        (("--count", "five", "--valid-months", "3"), "invalid int value: 'five'"),
        (("--count", "5", "--valid-until", "1.1.2999"), "write it as 2027-12-31"),
    ],
)
def test_wrong_arguments_are_named(sky: Program, arguments: tuple[str, ...], told: str) -> None:
    assert told in refused(*arguments)[0]
    assert CardBatch.objects.count() == 0


def test_both_ends_exit_with_two() -> None:
    command = [sys.executable, "manage.py", "generate_card_ids", "sky", "--count", "10000", "--batch", "x"]
    ends = ["--valid-until", "2999-01-01", "--valid-months", "3"]
    done = subprocess.run([*command, *ends], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "--valid-months: not allowed with argument --valid-until" in done.stderr


def test_what_a_rule_refuses_exits_with_one(sky: Program) -> None:
    make_program("draft", status=ProgramStatus.DRAFT)
    run("--count", "5", "--valid-months", "3")
    months = ("--valid-months", "3")
    assert refused("--count", "5", *months, program="none") == ("There is no program “none”.", 1)
    assert refused("--count", "5", *months, program="draft")[1] == 1
    assert refused("--count", "6", *months)[1] == 1
    assert refused("--count", "0", *months, name="empty")[1] == 1
    assert refused("--count", "5", "--valid-until", "2020-01-01", name="past")[1] == 1
    revoke_batch(CardBatch.objects.get(), actor=ACTOR, reason="mistake")
    assert refused("--count", "5", *months)[1] == 1
    assert Card.objects.count() == 5


def test_an_interrupted_run_goes_on(sky: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 10)
    batch = ask_for_batch(sky, name="fair", count=25, valid_months=3, actor=ACTOR)
    with pytest.raises(KeyboardInterrupt):
        make_batch(batch, progress=interrupted)
    run("--count", "25", "--valid-months", "3")
    assert (Card.objects.count(), CardBatch.objects.get().made) == (25, 25)


def interrupted(made: int) -> None:
    raise KeyboardInterrupt


# Real processes.

IN_A_PROCESS = """
import sys, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from cards import batches
batches.CHUNK = int(sys.argv[2])
from django.core.management import call_command
call_command("generate_card_ids", *sys.argv[3:])
"""
Start = Callable[..., "subprocess.Popen[str]"]


@pytest.fixture
def start() -> Iterator[Start]:
    """The command in a process of its own, in chunks of a few hundred."""
    processes: list[subprocess.Popen[str]] = []

    def started(*arguments: str) -> "subprocess.Popen[str]":
        name = str(connection.settings_dict["NAME"])
        command = [sys.executable, "-c", IN_A_PROCESS, name, "300", "sky", "--batch", "fair", *arguments]
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "loyalty_site.settings"}
        process = subprocess.Popen(
            command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        processes.append(process)
        return process

    yield started
    for process in processes:
        process.kill()
        process.communicate()


def made_so_far() -> int:
    return CardBatch.objects.values_list("made", flat=True).first() or 0


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + 60
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("kills", "count"), [(1, 6_000), pytest.param(3, 15_000, marks=pytest.mark.deep)])
def test_killed_in_the_middle_it_goes_on_and_loses_or_doubles_nothing(
    start: Start, tmp_path: Path, kills: int, count: int
) -> None:
    make_program("sky")
    path = tmp_path / "cards.csv"
    arguments = ("--count", str(count), "--valid-months", "12", "--output", str(path))
    kept: set[str] = set()
    for _ in range(kills):
        before = made_so_far()
        process = start(*arguments)
        wait_until(lambda before=before: made_so_far() > before)  # type: ignore[misc]
        process.send_signal(signal.SIGKILL)
        process.wait()
        # The server may still be finishing the chunk it was at.
        connection.close()
        wait_until(nobody_else_works)
        numbers = set(Card.objects.values_list("number", flat=True))
        batch = CardBatch.objects.get()
        assert (batch.status, batch.made) == (BatchStatus.RUNNING, len(numbers))
        assert kept < numbers
        assert not path.exists()
        assert_audit_clean()
        kept = numbers
    process = start(*arguments)
    assert process.wait(timeout=120) == 0
    cards = list(Card.objects.order_by("pk").values_list("number", flat=True))
    assert len(cards) == len(set(cards)) == count
    assert kept < set(cards)
    assert set(NumberRegistry.objects.values_list("number", flat=True)) == set(cards)
    assert [line.split(",")[0] for line in path.read_text().splitlines()[1:]] == cards
    assert_audit_clean()


def nobody_else_works() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
            " AND state <> 'idle' AND backend_type = 'client backend'"
        )
        return bool(cursor.fetchone()[0] == 0)


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_two_processes_at_once_make_one_batch(start: Start) -> None:
    make_program("sky")
    arguments = ("--count", "4500", "--valid-months", "12")
    one, other = start(*arguments), start(*arguments)
    assert (one.wait(timeout=120), other.wait(timeout=120)) == (0, 0)
    assert (Card.objects.count(), CardBatch.objects.get().made) == (4500, 4500)
    assert Event.objects.filter(kind="card_batch.made").count() == 1
    assert_audit_clean()


def runners(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    monkeypatch.setattr(batches, "CHUNK", 20)
    batch = ask_for_batch(make_program("sky"), name="fair", count=200, valid_months=3, actor=ACTOR)
    return together(*[lambda: make_batch(batch)] * 4)


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_four_runners_take_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    results = runners(monkeypatch)
    assert [one.status for one in results] == [BatchStatus.READY] * 4
    assert (Card.objects.count(), CardBatch.objects.get().made) == (200, 200)
    assert_audit_clean()


@pytest.mark.control
@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_cards_are_doubled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        batches, "locked_batch", lambda batch: CardBatch.objects.select_related("program").get(pk=batch.pk)
    )
    runners(monkeypatch)
    assert Card.objects.count() > 200


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_two_who_ask_at_once_ask_for_one_batch() -> None:
    sky = make_program("sky")

    def ask() -> int:
        return ask_for_batch(sky, name="fair", count=5, valid_months=3, actor=ACTOR).pk

    results = together(*[ask] * 6)
    assert len(set(results)) == 1 and CardBatch.objects.count() == 1
    assert Event.objects.filter(kind="card_batch.asked").count() == 1


@pytest.mark.control
@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_control_without_the_lock_one_who_asks_at_once_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    sky = make_program("sky")
    monkeypatch.setattr(batches, "lock_rows", list)
    results = together(*[lambda: ask_for_batch(sky, name="fair", count=5, valid_months=3, actor=ACTOR).pk] * 6)
    assert any(isinstance(one, Exception) for one in results)
