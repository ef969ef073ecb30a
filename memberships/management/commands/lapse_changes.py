"""Close every proposed change whose consents did not come in time."""

from typing import Any

from tqdm import tqdm

from gateway.channels import system_actor
from memberships.changes.proposing import lapse_changes
from programs.commanding import ProgramCommand


class Command(ProgramCommand):
    released_only = False
    help = (
        "Mark as lapsed every open change of memberships whose time for consents is over by its program's own clock, "
        "and let its memberships go. Nothing depends on when it runs: an overdue change counts as lapsed at once. "
        "Running it twice changes nothing. Exits with 1 if the named program does not exist."
    )

    def handle(self, *args: Any, program: str | None = None, **options: Any) -> None:
        # None: no bar where nobody watches.
        with tqdm(unit=" changes", disable=None, file=self.stderr) as bar:
            count = sum(
                lapse_changes(actor=system_actor(), program=one, progress=lambda _: bar.update())
                for one in self.programs(program)
            )
        self.stdout.write(f"{count} changes lapsed.")
