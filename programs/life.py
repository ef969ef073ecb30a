"""A program's life: draft -> released <-> locked -> closed; its test clock and its terms (domain 1.2)."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from django.db.models import Max

from common import clock
from common.actor import Actor
from common.db import in_program, lock_rows
from common.history import audit_context
from common.obstacles import Obstacle, sentence
from programs.design import Design, design_of
from programs.errors import (
    ClockNotMovable,
    DesignNotAllowed,
    ProgramNotClosable,
    ProgramNotReady,
    ProgramWrongStatus,
    TermsAlreadyReleased,
    TermsSuperseded,
)
from programs.models import Program, ProgramStatus, ProgramTerms
from programs.readiness import missing

DRAFT, RELEASED, LOCKED, CLOSED = (
    ProgramStatus.DRAFT,
    ProgramStatus.RELEASED,
    ProgramStatus.LOCKED,
    ProgramStatus.CLOSED,
)
DESIGN = "programs:design"


def release(program: Program, *, actor: Actor, reason: str = "") -> Program:
    """Let a complete draft take enrolments and activities; refuses naming everything that is missing."""
    with _changing(program, actor, reason) as row:
        _expect(row, DRAFT, verb="released")
        lacks = missing(row, today=clock.program_now(row).astimezone(row.zone).date())
        if lacks:
            raise ProgramNotReady(
                f"{row.code} can't be released yet. {sentence(lacks)}",
                facts={"missing": [lack.as_fact() for lack in lacks]},
            )
        return _set_status(row, RELEASED)


def lock(program: Program, *, actor: Actor, reason: str) -> Program:
    """Stop everything but captures, releases, reversals and approved corrections."""
    with _changing(program, actor, reason) as row:
        _expect(row, RELEASED, verb="locked")
        return _set_status(row, LOCKED)


def unlock(program: Program, *, actor: Actor, reason: str) -> Program:
    """Let a locked program run again; what waited is made up by the runs."""
    with _changing(program, actor, reason) as row:
        _expect(row, LOCKED, verb="unlocked")
        return _set_status(row, RELEASED)


def close(program: Program, *, actor: Actor, reason: str, obstacles: Sequence[Obstacle] = ()) -> Program:
    """End a locked program for ever.

    The caller, who sees holds, changes and balances, collects what is open in the transaction around this call;
    locked, the program lets nothing new begin meanwhile.
    """
    with _changing(program, actor, reason) as row:
        _expect(row, LOCKED, verb="closed")
        if obstacles:
            raise ProgramNotClosable(
                f"{row.code} can't be closed yet. {sentence(obstacles)}",
                facts={"obstacles": [obstacle.as_fact() for obstacle in obstacles]},
            )
        return _set_status(row, CLOSED)


def move_clock(program: Program, *, actor: Actor, by: timedelta, reason: str = "") -> Program:
    """Move a sandbox program's clock forward."""
    with _changing(program, actor, reason) as row:
        if not row.is_sandbox:
            raise ClockNotMovable(f"{row.code} is no sandbox: its clock is real time.")
        if by <= timedelta(0):
            raise ClockNotMovable("The clock only moves forward.", facts={"by_seconds": int(by.total_seconds())})
        row.clock_offset += by
        row.save(update_fields=["clock_offset"])
        return row


def write_terms(
    program: Program, *, actor: Actor, title: str, text: str, must_accept: bool = True, reason: str = ""
) -> ProgramTerms:
    """A draft of the next version of the terms."""
    with _changing(program, actor, reason) as row:
        latest = row.terms.aggregate(latest=Max("version"))["latest"] or 0
        return ProgramTerms.objects.create(
            program=row, version=latest + 1, title=title, text=text, must_accept=must_accept
        )


def release_terms(terms: ProgramTerms, *, actor: Actor, reason: str = "") -> ProgramTerms:
    """Put a version in force for new members. Those who accepted an older one stay bound to that."""
    with _changing(terms.program, actor, reason) as program:
        row = ProgramTerms.objects.get(pk=terms.pk)
        if row.released_at is not None:
            raise TermsAlreadyReleased(f"Version {row.version} was released at {row.released_at.isoformat()}.")
        newer = terms_in_force(design_of(program.pk))
        if newer is not None and newer.version > row.version:
            raise TermsSuperseded(
                f"Version {newer.version} is in force: write a new one instead of releasing {row.version}.",
                facts={"version": row.version, "in_force": newer.version},
            )
        row.released_at = clock.program_now(program)
        row.save(update_fields=["released_at"])
        return row


def terms_in_force(design: Design) -> ProgramTerms | None:
    """The released version with the highest number; kept with the design's version."""
    if "terms" not in design.derived:
        released = ProgramTerms.objects.filter(program_id=design.program.pk, released_at__isnull=False)
        design.derived["terms"] = released.order_by("-version").first()
    found: ProgramTerms | None = design.derived["terms"]  # type: ignore[assignment]
    return found


@contextmanager
def _changing(program: Program, actor: Actor, reason: str) -> Iterator[Program]:
    """The program's row, locked and read again, for an actor with the right to design it."""
    if not actor.may(DESIGN, program.pk):
        raise DesignNotAllowed(f"{actor.label} has no right to design {program.code}.")
    with in_program(program), audit_context(actor, reason):
        (row,) = lock_rows(Program.objects.filter(pk=program.pk))
        yield row


def _expect(program: Program, status: ProgramStatus, *, verb: str) -> None:
    if program.status != status:
        raise ProgramWrongStatus(
            f"{program.code} is {program.get_status_display()}; only a program that is {status.label} can be {verb}.",
            facts={"status": program.status, "needed": str(status)},
        )


def _set_status(program: Program, status: ProgramStatus) -> Program:
    program.status = status
    program.save(update_fields=["status"])
    return program
