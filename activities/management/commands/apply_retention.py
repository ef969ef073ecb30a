"""Empty texts older than a program keeps them."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from activities.retention import apply_retention, kept_since
from gateway.channels import system_actor
from programs.models import Program


class Command(BaseCommand):
    help = (
        "Empty what channels and staff wrote about activities, sales, adjustments, orders and claims, and the texts of "
        "messages, once older than the program's retention in months. Amounts, times, ids and the ledger stay; "
        "what still waits keeps its texts. Running it twice changes nothing, and an interrupted run goes on where it "
        "stopped. Exits with 1 if the named program does not exist."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", nargs="?", help="the code of one program; all if left out")
        parser.add_argument("--dry-run", action="store_true", help="count what it would empty, change nothing")

    def handle(self, *args: Any, program: str | None = None, dry_run: bool = False, **options: Any) -> None:
        for one in self._programs(program):
            with tqdm(desc=one.code, unit=" rows", disable=None, file=self.stderr) as bar:
                counts = apply_retention(one, actor=system_actor(), dry_run=dry_run, progress=bar.update)
            verb = "would be emptied" if dry_run else "emptied"
            told = ", ".join(f"{count} {name}" for name, count in counts.items() if count) or "nothing"
            self.stdout.write(f"{one.code}, before {kept_since(one):%Y-%m-%d}: {told} {verb}.")

    def _programs(self, code: str | None) -> list[Program]:
        programs = Program.objects.order_by("pk")
        found = list(programs if code is None else programs.filter(code=code))
        if code is not None and not found:
            raise CommandError(f"There is no program {code}.")
        return found
