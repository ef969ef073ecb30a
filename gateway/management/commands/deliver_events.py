"""Send events to webhooks."""

import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from gateway.delivering import deliver_events, deliver_forever

STATUSES = ("planned", "done", "waiting", "dead")
WORKERS = 4


class Command(BaseCommand):
    help = (
        "Send what happened to the webhooks of channels, signed, and go on until interrupted; with --once only what "
        "is due now. Several may run at once, and an interrupted run loses nothing. What is not answered with 2xx "
        "within ten seconds is tried again after 5 seconds, 30 seconds and so on up to 8 hours, ten times in all, and "
        "then given up; staff can have it tried again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="what is due now, then end")
        parser.add_argument("--every", type=float, default=1.0, metavar="SECONDS", help="pause between looks (1)")
        parser.add_argument("--workers", type=int, default=WORKERS, help=f"send so many side by side ({WORKERS})")

    def handle(self, *, once: bool, every: float, workers: int, **options: Any) -> None:
        if every <= 0 or not 1 <= workers <= 32:
            raise CommandError("--every takes a number of seconds above 0, --workers a number from 1 to 32.")
        # None: no bar where nobody watches.
        with tqdm(desc="events", unit=" events", disable=None, file=self.stderr) as bar:
            if not once:
                deliver_forever(every, workers=workers, stop=threading.Event(), progress=bar.update)
            counts = deliver_events(workers=workers, progress=bar.update)
        self.stdout.write(", ".join(f"{counts[one]} {one}" for one in STATUSES) + ".")
