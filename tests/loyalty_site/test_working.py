"""The worker: every job, side by side, until it is told to stop."""

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.db import OperationalError, connection

from cards.batches import ask_for_batch
from cards.models import BatchStatus, CardBatch
from gateway.models import EventNumber
from loyalty_site import working
from loyalty_site.working import Job, work_forever, work_once
from tests.factories import ACTOR, make_program

REPOSITORY = Path(__file__).parents[2]


@pytest.mark.django_db(transaction=True)
def test_once_does_what_waits() -> None:
    ask_for_batch(make_program("sky"), name="fair", count=12, valid_months=3, actor=ACTOR)
    out = io.StringIO()
    call_command("work", "--once", stdout=out)
    assert CardBatch.objects.get().status == BatchStatus.READY
    assert (
        out.getvalue() == "1 events numbered, 0 events delivered, 0 activities processed, 0 messages tried, "
        "0 notices raised, 4 nightly runs made, 0 lines of awards posted, 1 batches done.\n"
    )
    assert EventNumber.objects.count() == 1
    assert work_once() == {
        "events numbered": 1,
        "events delivered": 0,
        "activities processed": 0,
        "messages tried": 0,
        "notices raised": 0,
        "nightly runs made": 0,
        "lines of awards posted": 0,
        "batches done": 0,
    }


def jobs(monkeypatch: pytest.MonkeyPatch, *runs: Any) -> None:
    monkeypatch.setattr(working, "JOBS", tuple(Job(str(at), 0.001, run) for at, run in enumerate(runs)))
    monkeypatch.setattr(working, "close_old_connections", lambda: None)


def test_a_long_job_does_not_keep_the_others_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    stop, quick = threading.Event(), []

    def long(progress: Any) -> int:
        while len(quick) < 3:
            time.sleep(0.001)
            progress()
        stop.set()
        progress()
        raise AssertionError("the stop was overheard")

    def short(progress: Any) -> int:
        quick.append(1)
        return 1

    jobs(monkeypatch, long, short)
    work_forever(stop)
    assert len(quick) >= 3


def test_it_goes_on_after_the_database_was_away(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    stop, rounds = threading.Event(), []

    def once_away(progress: Any) -> int:
        rounds.append(1)
        if len(rounds) == 1:
            raise OperationalError("the server is starting up")
        stop.set()
        return 1

    jobs(monkeypatch, once_away)
    work_forever(stop)
    assert len(rounds) == 2
    assert "trying again: OperationalError" in caplog.text


def test_what_nobody_expected_ends_the_worker_and_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(progress: Any) -> int:
        raise ZeroDivisionError

    jobs(monkeypatch, broken, lambda progress: 0)
    with pytest.raises(ZeroDivisionError):
        work_forever(threading.Event())


IN_A_PROCESS = """
import sys, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.core.management import call_command
call_command("work")
"""


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_a_signal_ends_it_in_peace() -> None:
    """In a process of its own, on the tests' database: the developer's own may be empty, or not there at all."""
    process = subprocess.Popen(
        [sys.executable, "-c", IN_A_PROCESS, str(connection.settings_dict["NAME"])],
        cwd=REPOSITORY,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "loyalty_site.settings"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "Working; Ctrl-C stops.\n"
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0
    finally:
        process.kill()
        process.communicate()
