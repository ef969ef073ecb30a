"""Tell members what ends soon, and their statement of the month."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from activities.notifying import Told, send_notices
from gateway.channels import system_actor
from programs.commanding import ProgramCommand


class Command(ProgramCommand):
    help = (
        "Write the notices that are due by each program's own clock: points that end soon, memberships that end, and, "
        "where the program has a text for it, the statement of the month before. Each person gets each once, so it may "
        "run twice; an interrupted run goes on where it stopped. What is written is sent by deliver_messages or work. "
        "Run it daily; work does so by itself. Exits with 1 if the named program does not exist or is not released."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="list who would be told what, write nothing")

    def handle(self, *args: Any, program: str | None = None, dry_run: bool = False, **options: Any) -> None:
        for one in self.programs(program):
            with tqdm(desc=one.code, unit=" memberships", disable=None, file=self.stderr) as bar:
                counts = send_notices(
                    one,
                    actor=system_actor(),
                    dry_run=dry_run,
                    touched=self._list if dry_run else lambda told: None,
                    progress=bar.update,
                )
            verb = "would be written" if dry_run else "written"
            self.stdout.write(f"{one.code}: {counts['waiting']} {verb}, {counts['suppressed']} not to be sent.")

    def _list(self, told: Told) -> None:
        what = ", ".join(f"{name} {value}" for name, value in told.facts.items() if isinstance(value, int | str))
        self.stdout.write(f"{told.code} to membership {told.membership_id}: {what}")
