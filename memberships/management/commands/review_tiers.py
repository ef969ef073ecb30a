"""Review the tiers of memberships at the end of their periods."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from tqdm import tqdm

from gateway.channels import system_actor
from memberships.models import Membership
from memberships.reviewing import Reviewed, review_tiers
from programs.commanding import ProgramCommand
from programs.models import Program


class Command(ProgramCommand):
    help = (
        "Keep or lower the tier of every membership whose period is over by its program's own clock, by the points of "
        "that period, and list whom that moves. Run it daily: rolling periods end every midnight, and points that were "
        "pending raise on the day they are usable. Running it twice changes nothing, and an interrupted run goes on "
        "where it stopped; what was missed is made up. Programs that are not released wait. Exits with 1 if the named "
        "program does not exist or is not released."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="list whom it would move, change nothing")
        parser.add_argument("--jobs", type=int, choices=range(1, 9), default=2, help="connections, default 2")
        parser.add_argument("--quiet", action="store_true", help="only the figures, no list")

    def handle(
        self,
        *args: Any,
        program: str | None = None,
        dry_run: bool = False,
        quiet: bool = False,
        jobs: int = 1,
        **options: Any,
    ) -> None:
        counts: Counter[str] = Counter()
        for one in self.programs(program):
            counts += self._one(one, dry_run, quiet, jobs)
        would = "would be " if dry_run else ""
        self.stdout.write(
            f"{counts['kept']} tiers {would}kept, {counts['raised']} {would}raised, {counts['lowered']} {would}lowered."
        )

    def _one(self, program: Program, dry_run: bool, quiet: bool, jobs: int) -> Counter[str]:
        # None: no bar where nobody watches.
        with tqdm(desc=program.code, unit=" moved", disable=None, file=self.stderr) as bar:

            def heard(reviewed: Reviewed) -> None:
                bar.update()
                if not quiet:
                    self.stdout.write(self._line(reviewed))

            return review_tiers(program, actor=system_actor(), dry_run=dry_run, progress=heard, jobs=jobs)

    def _line(self, reviewed: Reviewed) -> str:
        number = Membership.objects.values_list("number", flat=True).get(pk=reviewed.membership_id)
        group = reviewed.ladder.group.code
        return f"{number} {group}: {reviewed.before.code} -> {reviewed.after.code} ({reviewed.reason})"
