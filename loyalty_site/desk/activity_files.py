"""Files of activities among the imports of the desk: who may bring them, and what becomes of their lines.

A file can credit points to anybody, so it takes the right to approve besides those to report and to credit.
"""

from itertools import islice
from typing import Any, BinaryIO

from django.utils.translation import gettext as _

from activities.importing_activities import RIGHTS, ActivityFile, Counts
from common.actor import Actor
from common.errors import NotAllowed, NotFound
from common.sheets import SheetRefused, open_sheet
from common.sheets.importing import TOLD, Outcome, Record, Result
from common.sheets.refused import header_of, refused_rows
from common.sheets.writing import csv_line
from loyalty_site.desk.uploads import Upload
from points.adjusting import APPROVE
from programs.models import Partner, Program, ProgramStatus

# What a file holds is written activities/<code of the program>/<code of the partner, or nothing>.
ACTIVITIES = "activities"
NEEDED = (*RIGHTS, APPROVE)


def choices_of_activities(actor: Actor) -> list[tuple[str, str]]:
    """The program's own file and one of each active partner, where the actor may bring them."""
    programs = Program.objects.visible_to(actor).filter(status=ProgramStatus.RELEASED).order_by("name")
    found = []
    for program in programs:
        if all(actor.may(one, program.pk) for one in NEEDED):
            found.append((f"{ACTIVITIES}/{program.code}/", _("Activities of %(program)s") % {"program": program.name}))
            found += [
                (
                    f"{ACTIVITIES}/{program.code}/{partner.code}",
                    _("Activities of %(program)s from %(partner)s")
                    % {"program": program.name, "partner": partner.name},
                )
                for partner in Partner.objects.filter(program=program, is_active=True).order_by("name")
            ]
    return found


def activities_program(what: str) -> str | None:
    """The program of a file of activities; None for another file."""
    kind, _slash, rest = what.partition("/")
    return rest.partition("/")[0] if kind == ACTIVITIES else None


def take_activities(
    upload: Upload, actor: Actor, *, most_lines: int, rows: int, dry_run: bool, all_or_nothing: bool = False
) -> None:
    """Take the file in, or rehearse it; fill in what is shown, and the file of refused lines.

    Raises SheetRefused, BatchRefused, BatchKnown, NotAllowed, NotFound.
    """
    with upload.open() as file:
        given = _file_of(upload, file, actor)
        lines = given.check()
        if lines > most_lines:
            raise SheetRefused(
                f"The file has more than {most_lines} lines: split it, or let it be imported by command.",
                facts={"most": most_lines},
            )
        counts, refused = _taken(upload, given, dry_run=dry_run or all_or_nothing)
        if all_or_nothing and not dry_run and not counts.refused:
            counts, refused = _taken(upload, given, dry_run=False)
        upload.shown = _shown(given, counts, refused, rows=rows) | {"rehearsed": dry_run}


def _file_of(upload: Upload, file: BinaryIO, actor: Actor) -> ActivityFile:
    _kind, code, partner = upload.what.split("/")
    program = Program.objects.visible_to(actor).filter(code=code).first()
    if program is None:
        raise NotFound("There is no such program that you can see.")
    if not actor.may(APPROVE, program.pk):
        raise NotAllowed("You may not do this in this program.", facts={"action": APPROVE})
    return ActivityFile(file, program=program, name=upload.name, partner=partner or None, actor=actor)


def _taken(upload: Upload, given: ActivityFile, *, dry_run: bool) -> tuple[Counts, dict[int, str]]:
    refused: dict[int, str] = {}
    with upload.refused_path.open("wb") as target:
        target.write(csv_line(header_of(given.columns), first=True))

        def report(record: Record, outcome: Outcome) -> None:
            refused[record.line] = outcome.reason
            target.writelines(csv_line(row) for row in refused_rows(record, outcome, given.columns))

        counts = given.take(dry_run=dry_run, report=report)
    if not refused:
        upload.refused_path.unlink()
    return counts, refused


def _shown(given: ActivityFile, counts: Counts, refused: dict[int, str], *, rows: int) -> dict[str, Any]:
    """As the pages of imports show it."""
    known = counts.received if counts.earlier else 0
    first = list(islice(open_sheet(given.file, [*given.columns, *TOLD]).lines, rows))
    return {
        "lines": counts.lines,
        "records": {
            Result.NEW.value: counts.received - known,
            Result.CHANGED.value: 0,
            Result.SAME.value: known,
            Result.REFUSED.value: counts.refused,
        },
        "refused": counts.refused,
        "kept": counts.kept,
        "columns": [name for name in (first[0].cells if first else {}) if name],
        "rows": [
            {
                "line": one.number,
                "cells": {name: "" if value is None else str(value)[:60] for name, value in one.cells.items() if name},
                "result": (Result.REFUSED if one.number in refused else Result.NEW).value,
            }
            for one in first
        ],
        "refusals": list(refused.items())[:100],
        "to_join": [],
    }
