"""Send what waits in the outbox."""

import threading
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from customers.delivering import deliver_forever, deliver_messages


class Command(BaseCommand):
    help = (
        "Send the messages to customers that are due (codes, links, notices), by the mail server of EMAIL_URL. Run it "
        "every minute, or once with --loop; several may run at once, and an interrupted run loses nothing. What can't "
        "be sent is tried again for a day, eight times in all, and then marked as failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--loop", type=float, metavar="SECONDS", help="go on for ever, with such pauses")
        parser.add_argument("--limit", type=int, help="try so many messages at most; all that are due if left out")

    def handle(self, *, loop: float | None = None, limit: int | None = None, **options: Any) -> None:
        if loop is not None and (loop <= 0 or limit is not None):
            raise CommandError("--loop takes a number of seconds above 0, and no --limit.")
        # None: no bar where nobody watches.
        with tqdm(desc="messages", unit=" messages", disable=None, file=self.stderr) as bar:
            if loop is not None:
                deliver_forever(loop, stop=threading.Event(), progress=bar.update)
            counts = deliver_messages(limit=limit, progress=bar.update)
        told = ", ".join(f"{counts[status]} {status}" for status in ("sent", "waiting", "failed", "suppressed"))
        self.stdout.write(f"{told}.")
