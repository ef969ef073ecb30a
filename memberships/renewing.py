"""The daily run over the lives of memberships: terms renew or lapse, terms and seasons end, idle ones end (1.5).

Each membership is a transaction of its own, asked again under its lock: a run may be cut off, repeated, made twice at
once. A dry run does the same and undoes it, membership by membership.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial

from django.db import transaction
from django.db.models import QuerySet

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.history import audit_context
from memberships.ending import end_if, is_due, memberships_due
from memberships.errors import ProgramNotOpen, WrongStatus
from memberships.idling import idle_before, idle_memberships
from memberships.lifecycle import renew_when_over, renews_by_itself
from memberships.models import EndReason, Membership, MembershipStatus, MembershipTerm
from memberships.paid_terms import first_unpaid
from programs.models import Program, ProgramStatus
from programs.runs import recorded

KIND, ENDING = "renew_memberships", "expire_memberships"
RENEWED, LAPSED, ENDED, IDLE, LEFT = "renewed", "lapsed", "ended", "idle", "left"


@dataclass(frozen=True, slots=True)
class Touched:
    """What became of a membership, and its last day now; `left`: something stands against its end until the next
    run."""

    what: str
    number: str
    expires_on: date | None


Heard = Callable[[Touched], object]
Step = Callable[[int], str]
Steps = Sequence[tuple[Iterable[int], Step]]


def renew_memberships(
    program: Program,
    *,
    actor: Actor,
    at: datetime | None = None,
    dry_run: bool = False,
    heard: Heard = lambda touched: None,
) -> Counter[str]:
    """How many were `renewed`, `lapsed` (a fee unpaid after the grace), `ended` (term or season), `idle`, `left`."""
    run = _Run(program, at or program_now(program), actor)
    return _carry_out(run, KIND, run.steps(), dry_run=dry_run, heard=heard)


def expire_memberships(
    program: Program,
    *,
    actor: Actor,
    at: datetime | None = None,
    dry_run: bool = False,
    heard: Heard = lambda touched: None,
) -> Counter[str]:
    """Of the same run only the ends of terms and seasons; how many were `ended`, `left`."""
    run = _Run(program, at or program_now(program), actor)
    return _carry_out(run, ENDING, [run.ends()], dry_run=dry_run, heard=heard)


def _carry_out(run: "_Run", kind: str, steps: Steps, *, dry_run: bool, heard: Heard) -> Counter[str]:
    program = run.program
    if program.status != ProgramStatus.RELEASED:
        raise ProgramNotOpen(
            f"{program.name} is {program.get_status_display()}; its memberships wait until it is released.",
            facts={"program": program.code, "program_status": program.status},
        )
    with recorded(program, kind, actor=run.actor, dry_run=dry_run) as counts:
        for due, step in steps:
            for pk in due:
                touched = _touch(program, pk, step, dry_run=dry_run)
                if touched is not None:
                    counts[touched.what] += 1
                    heard(touched)
        return counts


def _touch(program: Program, pk: int, step: Step, *, dry_run: bool) -> Touched | None:
    with in_program(program):
        what = step(pk)
        row = Membership.objects.get(pk=pk)
        if dry_run:
            transaction.set_rollback(True)
    return Touched(what, row.number, row.expires_on) if what else None


class _Run:
    """One program at one time. A step answers what it did to a membership, '' for nothing."""

    def __init__(self, program: Program, at: datetime, actor: Actor) -> None:
        self.program, self.at, self.actor = program, at, actor
        self.today = at.astimezone(program.zone).date()
        self.idle_before = idle_before(program, self.today)

    def steps(self) -> Steps:
        """Lists are read when their turn comes: what an earlier step ended is in no later one."""
        return [
            (_late(self._unpaid), self.lapse),
            (_late(self._over), self.renew),
            self.ends(),
            (_late(self._idle), partial(self._end, EndReason.INACTIVITY, IDLE, self._is_idle)),
        ]

    def ends(self) -> tuple[Iterable[int], Step]:
        return _late(self._ending), partial(self._end, EndReason.TERM_END, ENDED, self._is_over)

    def lapse(self, pk: int) -> str:
        """The unpaid term is owed no more: it goes, and the membership ends with the last day that was paid."""
        done = self._end(EndReason.TERM_END, LAPSED, self._is_unpaid, pk)
        if done == LAPSED:
            with audit_context(self.actor, "fee not paid"):
                row = Membership.objects.get(pk=pk)
                term = first_unpaid(row)
                if term is not None:
                    row.expires_on = term.first_day - timedelta(days=1)
                    row.save()
                    term.delete()
        return done

    def renew(self, pk: int) -> str:
        """Term after term where nothing is to pay, so that runs that were missed are made up."""
        row, renewed = Membership.objects.get(pk=pk), ""
        while not renewed or renews_by_itself(row, self.today):
            try:
                row = renew_when_over(row, actor=self.actor, today=self.today)
            except WrongStatus:
                break
            renewed = RENEWED
        return renewed

    def _end(self, reason: EndReason, what: str, still_due: Callable[[Membership], bool], pk: int) -> str:
        done = end_if(pk, program=self.program, still_due=still_due, end_reason=reason, at=self.at, actor=self.actor)
        if done:
            return what
        return LEFT if still_due(Membership.objects.get(pk=pk)) else ""

    def _unpaid(self) -> Iterable[int]:
        terms = MembershipTerm.objects.filter(
            program=self.program, paid_at__isnull=True, first_day__lt=self._grace_began(), membership__current=True
        )
        return terms.order_by("membership").values_list("membership_id", flat=True).distinct()

    def _over(self) -> Iterable[int]:
        return _ids(memberships_due(self.program, self.today)) if self.program.auto_renew else []

    def _ending(self) -> Iterable[int]:
        if not self._season_is_over():
            due = memberships_due(self.program, self.today)
            return [one.pk for one in due if is_due(one, self.program, self.today)]
        current = Membership.objects.filter(program=self.program).exclude(status=MembershipStatus.EXPIRED)
        return _ids(current.order_by("pk"))

    def _idle(self) -> Iterable[int]:
        return [] if self.idle_before is None else idle_memberships(self.program, before=self.idle_before)

    def _grace_began(self) -> date:
        return self.today - timedelta(days=self.program.renewal_grace_days)

    def _season_is_over(self) -> bool:
        return self.program.valid_until is not None and self.program.valid_until < self.today

    def _is_unpaid(self, row: Membership) -> bool:
        term = first_unpaid(row)
        return row.current and term is not None and term.first_day < self._grace_began()

    def _is_over(self, row: Membership) -> bool:
        return row.current and (self._season_is_over() or is_due(row, self.program, self.today))

    def _is_idle(self, row: Membership) -> bool:
        before = self.idle_before
        return before is not None and bool(idle_memberships(self.program, before=before, ids=[row.pk]))


def _late(read: Callable[[], Iterable[int]]) -> Iterable[int]:
    yield from read()


def _ids(rows: QuerySet[Membership]) -> list[int]:
    return list(rows.values_list("pk", flat=True))
