"""What a worker does all the time: numbering events and sending them, processing activities, raising notices, sending
messages, making batches of cards, and every night the runs over memberships.

Each job has a thread of its own, so that a batch of a million does not keep messages waiting. Every job may be cut
off anywhere and run in several processes at once; that is its own affair.
"""

import logging
import threading
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from dataclasses import dataclass

from django.db import InterfaceError, OperationalError, close_old_connections, connection

from activities.nightly import end_what_is_over
from activities.notifying import send_due_notices
from activities.posting_awards import post_awards
from activities.queueing import process_all_waiting
from cards.batches import do_waiting
from customers.delivering import deliver_messages
from gateway.channels import system_actor
from gateway.delivering import deliver_events
from gateway.numbering import number_all_waiting_events
from memberships.nightly import do_nightly_runs

logger = logging.getLogger(__name__)
# To webhooks, side by side: a server that is slow holds up one of them.
SENDERS = 4
# Hears after every step of a long job, and may end it by raising.
Progress = Callable[..., object]


@dataclass(frozen=True)
class Job:
    """`run` answers how much it did; `every` so many seconds it looks again."""

    name: str
    every: float
    run: Callable[[Progress], int]


JOBS = (
    Job("events numbered", 1.0, lambda progress: number_all_waiting_events()),
    Job("events delivered", 1.0, lambda progress: deliver_events(workers=SENDERS, progress=progress)["done"]),
    Job("activities processed", 1.0, lambda progress: process_all_waiting(actor=system_actor(), progress=progress)),
    Job("messages tried", 3.0, lambda progress: deliver_messages(progress=progress).total()),
    Job("notices raised", 60.0, lambda progress: send_due_notices(actor=system_actor(), progress=progress)),
    Job("nightly runs made", 60.0, lambda progress: _by_night(progress)),
    Job("lines of awards posted", 3.0, post_awards),
    Job("batches done", 3.0, lambda progress: do_waiting(progress=progress)),
)


def _by_night(progress: Progress) -> int:
    """Memberships first: what ends with them tonight is over then."""
    actor = system_actor()
    return do_nightly_runs(actor=actor, progress=progress) + end_what_is_over(actor=actor, progress=progress)


class _Stopped(Exception):
    """A job noticed between two steps that it is time to go."""


def work_once() -> dict[str, int]:
    """Every job once, until nothing waits for it; what was done, by the job's name."""
    return {job.name: job.run(lambda *_: None) for job in JOBS}


def work_forever(stop: threading.Event) -> None:
    """All jobs side by side until `stop` is set. An error nobody expected ends them all and is raised."""
    with ThreadPoolExecutor(max_workers=len(JOBS), thread_name_prefix="job") as threads:
        running = [threads.submit(_repeat, job, stop) for job in JOBS]
        ended, _ = wait(running, return_when=FIRST_COMPLETED)
        stop.set()
    for one in ended:
        one.result()


def _repeat(job: Job, stop: threading.Event) -> None:
    def progress(*_: object) -> None:
        if stop.is_set():
            raise _Stopped

    while not stop.is_set():
        try:
            job.run(progress)
        except _Stopped:
            break
        except (OperationalError, InterfaceError) as error:
            logger.warning("The database is away, trying again: %s", type(error).__name__)
        close_old_connections()
        stop.wait(job.every)
    connection.close()
