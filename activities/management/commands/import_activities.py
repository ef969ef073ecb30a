"""Take in a file of activities."""

from argparse import ArgumentParser
from datetime import date
from pathlib import Path
from typing import Any

from django.core.management.base import CommandError
from tqdm import tqdm

from activities.batch_columns import ABOUT_ATTRIBUTES, COLUMNS
from activities.importing_activities import ActivityFile, Counts
from common.errors import LoyaltyError, NotFound
from common.sheets.columns import column_table
from common.sheets.commands import SOME_REFUSED, UNREADABLE, SheetCommand, opened, refusals
from common.sheets.importing import Outcome, Record
from common.staff_actor import actor_of_username
from gateway.channels import system_actor
from programs.expiry import start_of_day
from programs.models import Program

RULES = """
The file is CSV (UTF-8, or UTF-16 with its mark; comma, semicolon or tab) or XLSX (its first sheet). The first line
names the columns, in any order; unknown names are refused, empty cells say nothing. Times are written
2026-12-31T18:30:00+01:00; without an offset they are times of the program's zone.

Each line becomes an activity that waits for its rules, processed by the worker or by process_activities. Lines of which
none can be made are told with their reason and written to --errors; correct that file and import it under another name.
A file is a batch: started again under its name it goes on where it stopped, and taken in it changes nothing any more.
Exit codes: 0 every line was taken, 1 some were refused, 2 the file is not taken; nothing was written then.

Columns:
"""


class Command(SheetCommand):
    help = "Take in a file of activities: purchases of a night, or what a partner reports. They wait for their rules."
    columns = COLUMNS
    rules = RULES

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        parser.epilog = f"{RULES}{column_table(COLUMNS)}\n{ABOUT_ATTRIBUTES}"
        return parser

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="code of the program")
        parser.add_argument("file", metavar="FILE", help="the CSV or XLSX file")
        parser.add_argument("--partner", metavar="CODE", help="the partner the activities come from")
        parser.add_argument("--batch", metavar="NAME", help="name of the batch; that of the file if left out")
        parser.add_argument(
            "--since",
            metavar="DATE",
            type=date.fromisoformat,
            help="take events from this day on, also where the program's late grace is over",
        )
        parser.add_argument("--dry-run", action="store_true", help="tell what would happen to each line, write nothing")
        parser.add_argument("--errors", metavar="FILE", help="write refused lines with their reason here (CSV)")
        parser.add_argument(
            "--as", dest="as_user", metavar="USER", help="in the name, and with the rights, of this member of staff"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = self._import(options)
        except LoyaltyError as error:
            raise CommandError(error.message, returncode=UNREADABLE) from error
        self.stdout.write(summary(counts))
        if counts.refused:
            raise CommandError(f"{counts.refused} refused.", returncode=SOME_REFUSED)

    def _import(self, options: dict[str, Any]) -> Counts:
        program = Program.objects.filter(code=options["program"]).first()
        if program is None:
            raise NotFound(f"There is no program “{options['program']}”.")
        since = options["since"]
        with opened(options["file"]) as file:
            given = ActivityFile(
                file,
                program=program,
                name=options["batch"] or Path(options["file"]).name,
                partner=options["partner"],
                since=None if since is None else start_of_day(since, program.zone),
                actor=actor_of_username(options["as_user"]) if options["as_user"] else system_actor(),
            )
            total = given.check()
            with (
                refusals(options["errors"], given, self._say) as report,
                # None: no bar where nobody watches.
                tqdm(total=total, unit=" lines", disable=None, file=self.stderr) as bar,
            ):
                return given.take(dry_run=options["dry_run"], report=report, progress=bar.update)

    def _say(self, record: Record, outcome: Outcome) -> None:
        tqdm.write(f"Line {record.line}: {outcome.reason}", file=self.stderr)


def summary(counts: Counts) -> str:
    told = f"{counts.lines} lines: {counts.received} received, {counts.refused} refused"
    if not counts.kept:
        return f"{told}. Nothing was written: this was a rehearsal."
    return f"{told}; {counts.earlier} of them by an earlier run." if counts.earlier else f"{told}."
