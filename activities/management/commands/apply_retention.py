"""Empty texts older than a program keeps them."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from activities.retention import apply_retention, kept_since
from gateway.channels import system_actor
from programs.commanding import ProgramCommand


class Command(ProgramCommand):
    released_only = False
    help = (
        "Empty what channels and staff wrote about activities, sales, adjustments, orders and claims, and the texts of "
        "messages, once older than the program's retention in months. Amounts, times, ids and the ledger stay; "
        "what still waits keeps its texts. Running it twice changes nothing, and an interrupted run goes on where it "
        "stopped. Exits with 1 if the named program does not exist."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="count what it would empty, change nothing")

    def handle(self, *args: Any, program: str | None = None, dry_run: bool = False, **options: Any) -> None:
        for one in self.programs(program):
            with tqdm(desc=one.code, unit=" rows", disable=None, file=self.stderr) as bar:
                counts = apply_retention(one, actor=system_actor(), dry_run=dry_run, progress=bar.update)
            verb = "would be emptied" if dry_run else "emptied"
            told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"
            self.stdout.write(f"{one.code}, before {kept_since(one):%Y-%m-%d}: {told} {verb}.")
