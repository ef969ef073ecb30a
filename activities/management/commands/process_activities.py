"""Process what waits in the queue."""

from argparse import ArgumentParser
from collections import Counter
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from activities.models import ActivityStatus, MemberActivity
from activities.queueing import MOST_REHEARSED, process_waiting, rehearse_waiting
from gateway.channels import system_actor
from programs.commanding import ProgramCommand
from programs.models import Program, ProgramStatus

WORDS = {
    "processed": "processed",
    "refused": "refused",
    "failed": "failed and wait",
    "moved": "sent on to where their person takes part now",
}


class Command(ProgramCommand):
    released_only = False
    help = (
        "Process the activities that wait: sent with mode “queued”, imported from files, or put back after they "
        "failed. Each membership's go in order of event time. Several such processes share the work, as many as there "
        "are cores; the worker (manage.py work) does the same all the time. Activities go in waves of some thousands, "
        "each a transaction: it can be interrupted, killed, started again and run twice. Programs that are not "
        "released wait. Exit code 1 if an activity failed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help=f"process the first {MOST_REHEARSED:,} and undo it: tell what would become of them. Their memberships "
            "are held meanwhile.",
        )

    def handle(self, *, program: str | None, dry_run: bool, **options: Any) -> None:
        failed = 0
        for one in self.programs(program):
            waiting = MemberActivity.objects.filter(program=one, status=ActivityStatus.RECEIVED).count()
            if waiting:
                failed += self._process(one, waiting, dry_run=dry_run)
        if failed:
            raise CommandError(f"{failed} failed: see the activity log.", returncode=1)

    def _process(self, program: Program, waiting: int, *, dry_run: bool) -> int:
        if program.status != ProgramStatus.RELEASED:
            self.stdout.write(f"{program.code}: {waiting} wait until the program is released.")
            return 0
        with tqdm(total=waiting, unit=" activities", disable=None, file=self.stderr) as bar:
            if dry_run:
                counts = rehearse_waiting(program, actor=system_actor())
            else:
                counts = process_waiting(
                    program, actor=system_actor(), progress=lambda done: bar.update(sum(done.values())) and None
                )
        self.stdout.write(f"{program.code}: {told(counts)} of {waiting}." + (" Nothing was kept." if dry_run else ""))
        return 0 if dry_run else counts["failed"]


def told(counts: Counter[str]) -> str:
    return ", ".join(f"{counts[name]} {words}" for name, words in WORDS.items() if counts[name]) or "none"
