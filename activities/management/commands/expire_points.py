"""Post what is past its time."""

from typing import Any

from tqdm import tqdm

from activities.expiring import expire_rested_memberships
from gateway.channels import system_actor
from points.expiry import expire_points
from programs.commanding import ProgramCommand


class Command(ProgramCommand):
    released_only = False
    help = (
        "Post the expiry of points whose date is over by the program's late grace, of sets without activity, and of "
        "ended memberships whose points have rested long enough. Run it daily. Accounts go in order and in small "
        "transactions: it can be interrupted, started again and run twice. Programs that are not released wait."
    )

    def handle(self, *, program: str | None, **options: Any) -> None:
        actor = system_actor()
        points = 0
        with tqdm(unit=" accounts", disable=not self.stderr.isatty()) as bar:

            def count(expired: Any) -> None:
                nonlocal points
                points += expired.points
                bar.update()

            postings = sum(
                expire_points(one, actor=actor, progress=count)
                + expire_rested_memberships(one, actor=actor, progress=count)
                for one in self.programs(program)
            )
        self.stdout.write(f"{points} points expired in {postings} postings.")
