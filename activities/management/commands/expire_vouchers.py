"""Note the vouchers that are past their time."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from activities.expiring_vouchers import due_vouchers, expire_due_vouchers
from common.clock import program_now
from gateway.channels import system_actor
from programs.commanding import ProgramCommand


class Command(ProgramCommand):
    released_only = False
    help = (
        "Mark vouchers whose time is over as expired and tell the event feed. They could not be used before either, so "
        "the run only tidies. Run it daily. It goes in small transactions: it can be interrupted, started again and "
        "run twice. Programs that are not released wait."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="only say how many would be marked")

    def handle(self, *, program: str | None, dry_run: bool, **options: Any) -> None:
        if dry_run:
            due = sum(due_vouchers(one, at=program_now(one)).count() for one in self.programs(program))
            self.stdout.write(f"{due} vouchers would expire.")
            return
        actor = system_actor()
        done = 0
        with tqdm(unit=" vouchers", disable=not self.stderr.isatty()) as bar:
            for one in self.programs(program):
                done += expire_due_vouchers(one, actor=actor, progress=bar.update)["vouchers"]
        self.stdout.write(f"{done} vouchers expired.")
