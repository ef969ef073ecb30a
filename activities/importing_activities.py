"""Files of activities: what partners and tills report by night (domain 1.11; interfaces 3.3).

A file is a batch under a name. Its lines become activities that wait for their rules, chunk by chunk, each a
transaction that ends with how far the file was read: after a crash the same file goes on behind the last chunk, and
read to its end it changes nothing any more. A line no activity can be made of is kept as refused, with the reason.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import islice
from typing import BinaryIO

from django.db import transaction
from django.db.models import Q

from activities.batch_columns import columns_for
from activities.batch_lines import Given, LineReader
from activities.batch_rows import write_waiting
from activities.batch_targets import Landing, landings_of
from activities.errors import BatchKnown, BatchRefused
from activities.models import ActivityBatch, BatchSource, RefusedLine
from activities.targeting import require_right
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows, retrying
from common.errors import LoyaltyError
from common.sheets import Column, Line, open_sheet
from common.sheets.importing import TOLD, Outcome, Record, Result, outcome_of
from common.sheets.reading import names_in
from gateway.events import record_event
from programs.design import design_of
from programs.models import Partner, Program, ProgramStatus

RIGHTS = ("activities:write", "points:earn")
CHUNK = 5_000
LONGEST_NAME = 80
LONGEST_DETAIL = 300
QUOTED = re.compile("“[^”]*”")

Report = Callable[[Record, Outcome], object]


@dataclass(slots=True)
class Counts:
    """Lines of the whole file; `earlier` were read by a run before this one."""

    received: int = 0
    refused: int = 0
    earlier: int = 0
    kept: bool = True

    @property
    def lines(self) -> int:
        return self.received + self.refused


@dataclass(frozen=True, slots=True)
class _Taken:
    received: int
    earlier: int
    refused: Sequence[tuple[Line, Outcome]]


class ActivityFile:
    """A file for one program, read once to be checked and once to be taken in. Raises NotAllowed, BatchRefused."""

    columns: Sequence[Column] = ()

    def __init__(
        self,
        file: BinaryIO,
        *,
        program: Program,
        name: str,
        partner: str | None = None,
        since: datetime | None = None,
        actor: Actor,
    ) -> None:
        for right in RIGHTS:
            require_right(actor, right, program.pk)
        self.file, self.program, self.actor, self.since = file, program, actor, since
        self.name = name.strip()
        if not 0 < len(self.name) <= LONGEST_NAME:
            raise BatchRefused(f"A batch has a name of up to {LONGEST_NAME} letters.")
        self.partner = None if partner is None else _partner(program, partner)
        _refuse_unless_released(program)

    def check(self) -> int:
        """Read the file to its end: how many lines it has. Raises SheetRefused, BatchKnown; writes nothing."""
        self.file.seek(0)
        self.digest = _digest(self.file)
        self.columns = columns_for(names_in(self.file))
        known = ActivityBatch.objects.filter(Q(name=self.name) | Q(digest=self.digest), program=self.program)
        for batch in known:
            self._refuse_other(batch)
        return sum(1 for _ in self._lines())

    def take(
        self,
        *,
        dry_run: bool = False,
        report: Report = lambda record, outcome: None,
        progress: Callable[[int], object] = lambda lines: None,
    ) -> Counts:
        """Take the file in behind what is taken already, or rehearse it; `report` hears of every refused line of it."""
        batch = None if dry_run else retrying(self._opened)
        counts = Counts(kept=not dry_run)
        lines = self._lines()
        while chunk := list(islice(lines, CHUNK)):
            taken = retrying(partial(self._take, batch, chunk))
            for line, outcome in taken.refused:
                report(Record((line,), ()), outcome)
            counts.received += taken.received
            counts.refused += len(taken.refused)
            counts.earlier += taken.earlier
            progress(len(chunk))
        if batch is not None:
            self._finish(batch)
        return counts

    def _lines(self) -> Iterator[Line]:
        return open_sheet(self.file, [*self.columns, *TOLD]).lines

    def _opened(self) -> ActivityBatch:
        """The batch of that name, new or going on."""
        with in_program(self.program.pk):
            # Two who begin at once under one name: the second finds the batch of the first.
            lock_rows(Program.objects.filter(pk=self.program.pk))
            batch: ActivityBatch | None = ActivityBatch.objects.filter(program=self.program, name=self.name).first()
            if batch is not None:
                self._refuse_other(batch)
                return batch
            return ActivityBatch.objects.create(
                program=self.program,
                name=self.name,
                source=BatchSource.FILE,
                partner=self.partner,
                digest=self.digest,
                channel_id=self.actor.channel_id,
                user_id=self.actor.user_id,
                created_at=program_now(self.program),
            )

    def _refuse_other(self, batch: ActivityBatch) -> None:
        facts = {"batch": batch.pk, "name": batch.name, "lines": batch.lines, "complete": batch.complete}
        if batch.name != self.name:
            raise BatchKnown(f"This very file came as “{batch.name}”: its activities are there already.", facts=facts)
        if batch.digest != self.digest:
            raise BatchKnown(f"Another file came as “{self.name}”: give this one a name of its own.", facts=facts)
        if batch.partner_id != (self.partner and self.partner.pk):
            raise BatchKnown(f"“{self.name}” came from another partner.", facts=facts)

    def _take(self, batch: ActivityBatch | None, chunk: Sequence[Line]) -> _Taken:
        with in_program(self.program.pk):
            if batch is None:
                taken = self._written(None, chunk)
                transaction.set_rollback(True)
                return taken
            (batch,) = lock_rows(ActivityBatch.objects.filter(pk=batch.pk))
            before = [line for line in chunk if line.number <= batch.lines]
            new = chunk[len(before) :]
            earlier = _earlier(batch, before)
            taken = self._written(batch, new) if new else _Taken(0, 0, ())
            received = taken.received + len(before) - len(earlier)
            return _Taken(received, len(before), [*earlier, *taken.refused])

    def _written(self, batch: ActivityBatch | None, lines: Sequence[Line]) -> _Taken:
        """Without a batch nothing is written but what first uses of cards make, which the caller takes back."""
        good, refused = self._judged(lines)
        if batch is not None:
            write_waiting(batch, good, actor=self.actor, recorded_at=program_now(self.program))
            RefusedLine.objects.bulk_create(
                RefusedLine(batch=batch, line=line.number, code=outcome.code, detail=_kept(outcome.reason))
                for line, outcome in refused
            )
            batch.lines = lines[-1].number
            batch.received += len(good)
            batch.refused += len(refused)
            batch.save(update_fields=["lines", "received", "refused"])
        return _Taken(len(good), 0, refused)

    def _judged(self, lines: Sequence[Line]) -> tuple[list[tuple[Given, Landing]], list[tuple[Line, Outcome]]]:
        design = design_of(self.program.pk)
        _refuse_unless_released(design.program)
        reader = LineReader(design, self.columns, since=self.since)
        read: dict[int, Given | LoyaltyError] = {line.number: _read(reader, line) for line in lines}
        given = [one for one in read.values() if isinstance(one, Given)]
        landings = landings_of(given, design=design, actor=self.actor)
        good: list[tuple[Given, Landing]] = []
        refused: list[tuple[Line, Outcome]] = []
        for line in lines:
            one = read[line.number]
            landing = landings[line.number] if isinstance(one, Given) else one
            if isinstance(one, Given) and isinstance(landing, Landing):
                good.append((one, landing))
            elif isinstance(landing, LoyaltyError):
                refused.append((line, outcome_of(landing)))
        return good, refused

    def _finish(self, batch: ActivityBatch) -> None:
        with in_program(self.program.pk):
            (batch,) = lock_rows(ActivityBatch.objects.filter(pk=batch.pk))
            if batch.complete:
                return
            batch.complete = True
            batch.save(update_fields=["complete"])
            facts = {"name": batch.name, "received": batch.received, "refused": batch.refused}
            record_event("batch.received", program_id=batch.program_id, subject_id=batch.pk, facts=facts)


def _digest(file: BinaryIO) -> str:
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    return digest.hexdigest()


def _read(reader: LineReader, line: Line) -> Given | LoyaltyError:
    try:
        return reader.read(line)
    except LoyaltyError as error:
        return error


def _earlier(batch: ActivityBatch, lines: Sequence[Line]) -> list[tuple[Line, Outcome]]:
    """Those of the lines that an earlier run refused."""
    rows = RefusedLine.objects.filter(batch=batch, line__in=[line.number for line in lines])
    refused = {row.line: Outcome(Result.REFUSED, row.detail, row.code) for row in rows}
    return [(line, refused[line.number]) for line in lines if line.number in refused]


def _kept(reason: str) -> str:
    """The reason without what it quotes: what stands in the file stands in the file only."""
    return QUOTED.sub("“…”", reason)[:LONGEST_DETAIL]


def _partner(program: Program, code: str) -> Partner:
    partner: Partner | None = Partner.objects.filter(program=program, code=code).first()
    if partner is None:
        raise BatchRefused(f"{program.name} has no partner “{code}”.", facts={"partner": code})
    if not partner.is_active:
        raise BatchRefused(f"{partner.name} is no active partner of {program.name}.", facts={"partner": code})
    return partner


def _refuse_unless_released(program: Program) -> None:
    if program.status != ProgramStatus.RELEASED:
        raise BatchRefused(
            f"{program.name} is {program.get_status_display()}: only a released program takes activities.",
            facts={"program": program.code, "program_status": program.status},
        )
