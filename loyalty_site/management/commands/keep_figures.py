"""Keep the figures of days that are over, for reports and the dashboard."""

from argparse import ArgumentParser
from typing import Any

from tqdm import tqdm

from loyalty_site.dashboard import KEPT
from points.keeping import keep_days
from programs.commanding import ProgramCommand
from programs.kept import keep_figures


class Command(ProgramCommand):
    released_only = False
    help = (
        "Sum up every day that is over per point type and kind of posting, so that reports need not read the whole "
        "ledger, and keep what the dashboard shows where a program has grown too large to count at once. Run it "
        "daily. Reports are exact without it, only slower; integrity_audit compares the days with the ledger. A month "
        "is one transaction: it can be interrupted, started again and run twice. Sandboxes keep no days."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        super().add_arguments(parser)
        parser.add_argument(
            "--again", action="store_true", help="drop what was kept and sum the whole ledger up anew (a repair)"
        )

    def handle(self, *, program: str | None, again: bool, **options: Any) -> None:
        days = 0
        with tqdm(unit=" months", disable=not self.stderr.isatty()) as bar:
            for one in self.programs(program):
                days += keep_days(one, again=again, progress=lambda day: bar.update())
                for name, compute in KEPT.items():
                    keep_figures(one, name, compute)
        self.stdout.write(f"Figures of {days} more days are kept.")
