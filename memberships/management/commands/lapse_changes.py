"""Close every proposed change whose consents did not come in time."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from gateway.channels import system_actor
from memberships.changes.proposing import lapse_changes
from programs.models import Program


class Command(BaseCommand):
    help = (
        "Mark as lapsed every open change of memberships whose time for consents is over by its program's own clock, "
        "and let its memberships go. Nothing depends on when it runs: an overdue change counts as lapsed at once. "
        "Running it twice changes nothing. Exits with 1 if the named program does not exist."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--program", help="the code of one program; all of them if left out")

    def handle(self, *args: Any, program: str | None = None, **options: Any) -> None:
        found = None if program is None else Program.objects.filter(code=program).first()
        if program is not None and found is None:
            raise CommandError(f"There is no program {program}.")
        # None: no bar where nobody watches.
        with tqdm(unit=" changes", disable=None, file=self.stderr) as bar:
            count = lapse_changes(actor=system_actor(), program=found, progress=lambda _: bar.update())
        self.stdout.write(f"{count} changes lapsed.")
