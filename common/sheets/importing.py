"""Taking a file in: record by record, in batches, with an outcome for every line.

A run can be repeated: what is there already is left alone. It takes the good records and tells the others; a rehearsal
(`dry_run`) writes nothing; `all_or_nothing` writes everything in one transaction, or nothing.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import groupby, islice
from typing import Any, BinaryIO, Protocol

from django.db import transaction

from common.db import retrying
from common.errors import LoyaltyError
from common.sheets.columns import Column, read_cells
from common.sheets.errors import LineRefused, SheetRefused
from common.sheets.reading import Line, Sheet, open_sheet
from common.sheets.seen import Seen

BATCH = 250
# One transaction holds its locks to its end, and the feed waits for it.
MOST_AT_ONCE = 20_000
# The lines of one record are held in memory.
MOST_LINES = 1_000
# What an error file has besides the columns of its import; handed in again they are passed over.
TOLD = (
    Column("line", "the line of the first file", passed_over=True),
    Column("refused_because", "why the line was refused", passed_over=True),
)


class Result(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    SAME = "same"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    result: Result
    reason: str = ""
    code: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """The lines that speak of one thing, with their values."""

    lines: tuple[Line, ...]
    values: tuple[dict[str, Any], ...]
    refused: LoyaltyError | None = None

    @property
    def line(self) -> int:
        return self.lines[0].number


@dataclass(slots=True)
class Counts:
    """Records by outcome. `kept`: whether anything was written."""

    lines: int = 0
    kept: bool = True
    records: dict[Result, int] = field(default_factory=lambda: dict.fromkeys(Result, 0))

    @property
    def refused(self) -> int:
        return self.records[Result.REFUSED]


class Importer(Protocol):
    """What one kind of file holds and does. `take` runs in a transaction and may be repeated with the same records;
    `keep` says that it is over."""

    @property
    def columns(self) -> Sequence[Column]: ...

    @property
    def identity(self) -> str:
        """The column whose equal values, in lines that stand together, make one record."""

    def take(self, records: Sequence[Record]) -> list[Outcome]: ...

    def keep(self) -> None: ...


Report = Callable[[Record, Outcome], object]


def check_file(file: BinaryIO, importer: Importer, *, most_lines: int | None = None) -> int:
    """Read the whole file without a look at the database: how many lines it has. A file that can't be read to its
    end is refused here, before anything is written."""
    return sum(1 for _ in _sheet(file, importer, most_lines).lines)


def import_file(
    file: BinaryIO,
    importer: Importer,
    *,
    dry_run: bool = False,
    all_or_nothing: bool = False,
    report: Report = lambda record, outcome: None,
    progress: Callable[[int], object] = lambda lines: None,
) -> Counts:
    """Take the file in, or rehearse it. `report` hears of every record once its batch is through, `progress` how
    many lines that were. The caller has asked `check_file`."""
    counts = Counts(kept=not dry_run)
    batches = _batches(_records(_sheet(file, importer, None), importer), BATCH)
    if not all_or_nothing or dry_run:
        for batch in batches:
            _count(counts, batch, _take(importer, batch, dry_run), report, progress)
        return counts
    with transaction.atomic():
        for batch in batches:
            _count(counts, batch, _take(importer, batch, False), report, progress)
            if counts.lines > MOST_AT_ONCE:
                raise SheetRefused(
                    f"All or nothing is possible for up to {MOST_AT_ONCE} lines. Rehearse the file first, then "
                    "import it without this choice: it can be repeated.",
                    facts={"most": MOST_AT_ONCE},
                )
        counts.kept = not counts.refused
        transaction.set_rollback(not counts.kept)
    return counts


def outcome_of(error: LoyaltyError) -> Outcome:
    faults = [f"{fault['pointer'].strip('/')}: {fault['detail']}" for fault in error.errors]
    reason = error.message if isinstance(error, LineRefused) or not faults else " ".join(faults)
    return Outcome(Result.REFUSED, reason, error.code)


def attempt(verb: Callable[[], Outcome]) -> Outcome:
    """The outcome of a verb; a refusal leaves nothing behind."""
    try:
        with transaction.atomic():
            return verb()
    except LoyaltyError as error:
        return outcome_of(error)


def _sheet(file: BinaryIO, importer: Importer, most_lines: int | None) -> Sheet:
    return open_sheet(file, [*importer.columns, *TOLD], most_lines=most_lines)


def _records(sheet: Sheet, importer: Importer) -> Iterator[Record]:
    def named(line: Line) -> str | int:
        """A line without a number stands for itself."""
        return str(line.cells.get(importer.identity) or "").strip().upper() or line.number

    with Seen() as seen:
        for name, group in groupby(sheet.lines, named):
            lines = tuple(islice(group, MOST_LINES + 1))
            first = seen.line_of(str(name))
            if first is not None:
                yield Record(lines, (), _repeated(lines[0].number, importer.identity, first))
                continue
            if isinstance(name, str):
                seen.add(name, lines[0].number)
            if len(lines) <= MOST_LINES:
                yield _record(lines, importer)
            else:
                yield Record(lines, (), LineRefused(f"More than {MOST_LINES} lines have one number."))


def _record(lines: tuple[Line, ...], importer: Importer) -> Record:
    try:
        return Record(lines, tuple(read_cells(line.cells, importer.columns, line=line.number) for line in lines))
    except LineRefused as error:
        return Record(lines, (), error)


def _repeated(line: int, identity: str, first: int) -> LineRefused:
    return LineRefused(
        f"{identity}: line {first} has this number already; lines of one number stand together.",
        facts={"line": line, "first": first},
    )


def _take(importer: Importer, batch: Sequence[Record], dry_run: bool) -> list[Outcome]:
    """The outcomes of a batch in its order, written in one transaction."""
    good = [record for record in batch if record.refused is None]

    def write() -> list[Outcome]:
        with transaction.atomic():
            outcomes = importer.take(good)
            transaction.set_rollback(dry_run)
            return outcomes

    taken = iter(retrying(write))
    importer.keep()
    return [next(taken) if record.refused is None else outcome_of(record.refused) for record in batch]


def _count(
    counts: Counts,
    batch: Sequence[Record],
    outcomes: Sequence[Outcome],
    report: Report,
    progress: Callable[[int], object],
) -> None:
    for record, outcome in zip(batch, outcomes, strict=True):
        counts.records[outcome.result] += 1
        report(record, outcome)
    lines = sum(len(record.lines) for record in batch)
    counts.lines += lines
    progress(lines)


def _batches(records: Iterator[Record], size: int) -> Iterator[list[Record]]:
    while batch := list(islice(records, size)):
        yield batch
