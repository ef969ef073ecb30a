"""End every membership whose term or season is over."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from gateway.channels import system_actor
from memberships.ending import expire_memberships
from programs.models import Program, ProgramStatus


class Command(BaseCommand):
    help = (
        "End every membership whose last day is over by its program's own clock. Run it daily; running it twice "
        "changes nothing, and an interrupted run goes on where it stopped. Programs that are not released wait. Who "
        "shares an account leaves it by the program's leaving rule; where a hold stands against that, the end waits. "
        "Exits with 1 if the named program does not exist or is not released."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", help="the code of one program; all released ones if left out")
        parser.add_argument("--dry-run", action="store_true", help="count what would end, end nothing")

    def handle(self, *args: Any, program: str | None = None, dry_run: bool = False, **options: Any) -> None:
        total = sum(self._one(one, dry_run) for one in self._programs(program))
        self.stdout.write(f"{total} memberships {'would end' if dry_run else 'ended'}.")

    def _programs(self, code: str | None) -> list[Program]:
        released = Program.objects.filter(status=ProgramStatus.RELEASED).order_by("pk")
        if code is None:
            return list(released)
        found = list(released.filter(code=code))
        if not found:
            raise CommandError(f"There is no released program {code}.")
        return found

    def _one(self, program: Program, dry_run: bool) -> int:
        # None: no bar where nobody watches.
        with tqdm(desc=program.code, unit=" memberships", disable=None, file=self.stderr) as bar:
            ended = expire_memberships(program, actor=system_actor(), dry_run=dry_run, progress=lambda _: bar.update())
        return len(ended)
