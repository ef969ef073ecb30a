"""Renew the cards that are due, and end those whose last day is over."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from gateway.channels import system_actor
from memberships.renewing_cards import CardRun, renew_cards
from programs.commanding import ProgramCommand
from programs.models import Program


class Command(ProgramCommand):
    help = (
        "Give every active card that is due a successor in the same hand, as its card type says; then end the cards "
        "whose last day is over by their program's own clock, which makes the successors usable. Temporary cards that "
        "nobody used end too, once no use of theirs can arrive late any more. Run it daily; running it twice changes "
        "nothing, and an interrupted run goes on where it stopped. Programs that are not released wait. Exits with 1 "
        "if the named program does not exist or is not released."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="count what is due and what is over, change nothing")

    def handle(self, *args: Any, program: str | None = None, dry_run: bool = False, **options: Any) -> None:
        runs = [self._one(one, dry_run) for one in self.programs(program)]
        renewed, ended, unused = (sum(getattr(run, name) for run in runs) for name in ("renewed", "ended", "unused"))
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{renewed} cards {would}renewed, {ended} {would}ended, {unused} unused temporary ones {would}ended."
        )

    def _one(self, program: Program, dry_run: bool) -> CardRun:
        # None: no bar where nobody watches.
        with tqdm(desc=program.code, unit=" cards", disable=None, file=self.stderr) as bar:
            return renew_cards(program, actor=system_actor(), dry_run=dry_run, progress=bar.update)
