"""Post what is past its time."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from activities.expiring import expire_due_points, touched_by
from gateway.channels import system_actor
from points.expiry import Expired
from programs.commanding import ProgramCommand
from programs.models import Program

# Lines of a list are looked up so many at once.
AT_ONCE = 500


class Command(ProgramCommand):
    help = (
        "Post the expiry of points whose date is over by the program's late grace, of sets without activity, and of "
        "ended memberships whose points have rested long enough. Run it daily. Accounts go in order and in small "
        "transactions: it can be interrupted, started again and run twice. Programs that are not released wait."
    )
    released_only = False

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--dry-run", action="store_true", help="list whom it would touch, change nothing")

    def handle(self, *, program: str | None, dry_run: bool, **options: Any) -> None:
        points = postings = 0
        with tqdm(unit=" accounts", disable=not self.stderr.isatty()) as bar:
            for one in self.programs(program):
                done = self._run(one, bar, dry_run=dry_run)
                points, postings = points + done["points"], postings + done["postings"]
        verb = "would expire" if dry_run else "expired"
        self.stdout.write(f"{points} points {verb} in {postings} postings.")

    def _run(self, program: Program, bar: "tqdm[Any]", *, dry_run: bool) -> dict[str, int]:
        waiting: list[Expired] = []

        def hear(expired: Expired) -> None:
            bar.update()
            if dry_run:
                waiting.append(expired)
                if len(waiting) >= AT_ONCE:
                    self._list(waiting)

        counts = expire_due_points(program, actor=system_actor(), dry_run=dry_run, progress=hear)
        self._list(waiting)
        return counts

    def _list(self, waiting: list[Expired]) -> None:
        """Tells them and empties the list."""
        for one in touched_by(waiting):
            self.stdout.write(f"{', '.join(one.numbers)} {one.points} {one.point_type} of {one.lots} lots")
        waiting.clear()
