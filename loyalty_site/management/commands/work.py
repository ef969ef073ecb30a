"""Do what waits, and go on doing it."""

import signal
import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from loyalty_site.working import work_forever, work_once


class Command(BaseCommand):
    help = (
        "Number events for the feed every second, send messages to customers, make the batches of cards that were "
        "asked for on a page, and cancel what is left of revoked ones. Keep one such process running; several may. "
        "It ends at Ctrl-C or SIGTERM after the step it is at, and loses nothing if it is killed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--once", action="store_true", help="do what waits now, then end")

    def handle(self, *, once: bool, **options: Any) -> None:
        if once:
            done = work_once()
            self.stdout.write(", ".join(f"{count} {name}" for name, count in done.items()) + ".")
            return
        stop = threading.Event()
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, lambda *_: stop.set())
        self.stdout.write("Working; Ctrl-C stops.")
        work_forever(stop)
