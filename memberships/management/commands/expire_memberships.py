"""End every membership whose term or season is over."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from gateway.channels import system_actor
from memberships.renewing import ENDED, expire_memberships
from programs.commanding import ProgramCommand
from programs.models import Program


class Command(ProgramCommand):
    help = (
        "End every membership whose last day, or whose program's last day, is over by the program's own clock: one "
        "step of renew_memberships, which does all of them. Running it twice changes nothing, and an interrupted run "
        "goes on where it stopped. Programs that are not released wait. Who shares an account leaves it by the "
        "program's leaving rule; where a hold stands against that, the end waits. Exits with 1 if the named program "
        "does not exist or is not released."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="count what would end, end nothing")

    def handle(self, *args: Any, program: str | None = None, dry_run: bool = False, **options: Any) -> None:
        total = sum(self._one(one, dry_run) for one in self.programs(program))
        self.stdout.write(f"{total} memberships {'would end' if dry_run else 'ended'}.")

    def _one(self, program: Program, dry_run: bool) -> int:
        # None: no bar where nobody watches.
        with tqdm(desc=program.code, unit=" memberships", disable=None, file=self.stderr) as bar:
            return expire_memberships(program, actor=system_actor(), dry_run=dry_run, heard=lambda _: bar.update())[
                ENDED
            ]
