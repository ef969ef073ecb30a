"""Renew, lapse and end memberships."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from tqdm import tqdm

from gateway.channels import system_actor
from memberships.renewing import ENDED, IDLE, LAPSED, LEFT, RENEWED, Touched, renew_memberships
from programs.commanding import ProgramCommand
from programs.models import Program

WORDS = {
    RENEWED: "renewed",
    LAPSED: "lapsed, the fee was not paid",
    ENDED: "ended with its term or season",
    IDLE: "ended for want of activity",
    LEFT: "left for the next run: a hold or a change stands against its end",
}


class Command(ProgramCommand):
    help = (
        "Open the next term of memberships that renew by themselves, whose fee is then due; end those whose fee was "
        "not paid within the days of grace, whose term or season is over, or that nobody used for the months the "
        "program says; and list them. Run it daily, before expire_points: running it twice changes nothing, and an "
        "interrupted run goes on where it stopped; what was missed is made up. Programs that are not released wait. "
        "Exits with 1 if the named program does not exist or is not released."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="list whom it would touch, change nothing")
        parser.add_argument("--quiet", action="store_true", help="only the figures, no list")

    def handle(
        self, *args: Any, program: str | None = None, dry_run: bool = False, quiet: bool = False, **options: Any
    ) -> None:
        counts: Counter[str] = Counter()
        for one in self.programs(program):
            counts += self._one(one, dry_run, quiet)
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{counts[RENEWED]} {would}renewed, {counts[LAPSED]} {would}lapsed, {counts[ENDED]} {would}ended, "
            f"{counts[IDLE]} {would}ended for want of activity, {counts[LEFT]} left for the next run."
        )

    def _one(self, program: Program, dry_run: bool, quiet: bool) -> Counter[str]:
        # None: no bar where nobody watches.
        with tqdm(desc=program.code, unit=" memberships", disable=None, file=self.stderr) as bar:

            def heard(touched: Touched) -> None:
                bar.update()
                if not quiet:
                    day = f", last day {touched.expires_on}" if touched.expires_on else ""
                    self.stdout.write(f"{touched.number} {WORDS[touched.what]}{day}")

            return renew_memberships(program, actor=system_actor(), dry_run=dry_run, heard=heard)
