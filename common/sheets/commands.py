"""What the commands that import and export files have in common."""

from argparse import ArgumentParser, RawDescriptionHelpFormatter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from django.core.management.base import BaseCommand, CommandError
from tqdm import tqdm

from common.actor import Actor
from common.errors import LoyaltyError
from common.sheets.columns import Column, column_table
from common.sheets.importing import Counts, Importer, Outcome, Record, Result, check_file, import_file
from common.sheets.refused import header_of, refused_rows
from common.sheets.writing import csv_line, write_csv, write_xlsx
from common.staff_actor import actor_of_username

ALL_TAKEN, SOME_REFUSED, UNREADABLE = 0, 1, 2
RULES = """
The file is CSV (UTF-8, or UTF-16 with its mark; comma, semicolon or tab) or XLSX (its first sheet). The first line
names the columns, in any order; unknown names are refused, empty cells say nothing. Dates are written 2026-12-31.

Good lines are imported, the others are told with their reason and written to --errors; correct that file and import
it too. A file can be imported again, and an interrupted run started again: what is there already is left alone.
Exit codes: 0 every line was taken, 1 some were refused, 2 the file can't be read; nothing was written then.

Columns:
"""


class SheetCommand(BaseCommand):
    """A command whose --help explains the columns of its file."""

    columns: Sequence[Column] = ()
    rules = ""

    def create_parser(self, prog_name: str, subcommand: str, **kwargs: Any) -> Any:
        kwargs |= {"formatter_class": RawDescriptionHelpFormatter, "epilog": self.rules + column_table(self.columns)}
        return super().create_parser(prog_name, subcommand, **kwargs)


class ImportCommand(SheetCommand):
    """`importer` makes what takes the lines in."""

    rules = RULES

    def importer(self, actor: Actor, options: dict[str, Any]) -> Importer:
        raise NotImplementedError

    def default_actor(self) -> Actor:
        raise NotImplementedError

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="the CSV or XLSX file")
        parser.add_argument("--dry-run", action="store_true", help="tell what would happen to each line, write nothing")
        parser.add_argument("--errors", metavar="FILE", help="write refused lines with their reason here (CSV)")
        parser.add_argument("--all-or-nothing", action="store_true", help="import nothing if a line is refused")
        parser.add_argument(
            "--as", dest="as_user", metavar="USER", help="in the name, and with the rights, of this member of staff"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            counts = self._import(options)
        except LoyaltyError as error:
            raise CommandError(error.message, returncode=UNREADABLE) from error
        self.stdout.write(summary(counts, dry_run=options["dry_run"]))
        if counts.refused:
            raise CommandError(f"{counts.refused} refused.", returncode=SOME_REFUSED)

    def _import(self, options: dict[str, Any]) -> Counts:
        actor = actor_of_username(options["as_user"]) if options["as_user"] else self.default_actor()
        importer = self.importer(actor, options)
        with opened(options["file"]) as file, refusals(options["errors"], importer, self._say) as report:
            total = check_file(file, importer)
            # None: no bar where nobody watches.
            with tqdm(total=total, unit=" lines", disable=None, file=self.stderr) as bar:
                return import_file(
                    file,
                    importer,
                    dry_run=options["dry_run"],
                    all_or_nothing=options["all_or_nothing"],
                    report=report,
                    progress=bar.update,
                )

    def _say(self, record: Record, outcome: Outcome) -> None:
        tqdm.write(f"Line {record.line}: {outcome.reason}", file=self.stderr)


def summary(counts: Counts, *, dry_run: bool) -> str:
    found = ", ".join(f"{number} {result.value}" for result, number in counts.records.items())
    if counts.kept:
        return f"{counts.lines} lines: {found}."
    why = "this was a rehearsal" if dry_run else "a line was refused"
    return f"{counts.lines} lines: {found}. Nothing was written: {why}."


@contextmanager
def opened(name: str) -> Iterator[BinaryIO]:
    try:
        file = Path(name).open("rb")
    except OSError as error:
        raise CommandError(f"{name}: {error.strerror}.", returncode=UNREADABLE) from error
    with file:
        yield file


class HasColumns(Protocol):
    @property
    def columns(self) -> Sequence[Column]: ...


@contextmanager
def refusals(
    name: str | None, importer: HasColumns, say: Callable[[Record, Outcome], object]
) -> Iterator[Callable[[Record, Outcome], None]]:
    """A report that tells each refusal and doubt, and writes the refused lines to the file of that name."""
    with ExitStack() as stack:
        file = stack.enter_context(Path(name).open("wb")) if name else None
        if file is not None:
            file.write(csv_line(header_of(importer.columns), first=True))

        def report(record: Record, outcome: Outcome) -> None:
            # What was taken in may be doubtful too.
            if outcome.reason:
                say(record, outcome)
            if outcome.result is Result.REFUSED and file is not None:
                file.writelines(csv_line(row) for row in refused_rows(record, outcome, importer.columns))

        yield report


class ExportCommand(BaseCommand):
    """Writes a table to a file, in the name of a member of staff: the access log says whose export it was."""

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", metavar="FILE", help="where to write: name.csv or name.xlsx")
        parser.add_argument(
            "--as", dest="as_user", metavar="USER", required=True, help="the member of staff who exports"
        )
        parser.add_argument(
            "--unmasked", action="store_true", help="show personal data; needs the right personal:unmask"
        )

    def table(self, actor: Actor, options: dict[str, Any]) -> tuple[Sequence[str], Iterable[Sequence[object]]]:
        """The names of the columns, and the rows, logged as they go."""
        raise NotImplementedError

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(options["file"])
        if path.suffix.lower() not in (".csv", ".xlsx"):
            raise CommandError("The name of the file ends in .csv or .xlsx.", returncode=UNREADABLE)
        try:
            header, rows = self.table(actor_of_username(options["as_user"]), options)
            with path.open("wb") as file, tqdm(unit=" rows", disable=None, file=self.stderr) as bar:
                count = 0

                def counted() -> Iterator[Sequence[object]]:
                    nonlocal count
                    for row in rows:
                        count += 1
                        bar.update()
                        yield row

                if path.suffix.lower() == ".xlsx":
                    write_xlsx(file, header, counted())
                else:
                    file.writelines(write_csv(header, counted()))
            self.stdout.write(f"{count} rows.")
        except LoyaltyError as error:
            raise CommandError(error.message, returncode=UNREADABLE) from error
