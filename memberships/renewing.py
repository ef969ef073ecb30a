"""The daily run over the lives of memberships: terms renew or lapse, terms and seasons end, idle ones end (1.5).

Those that are plain go in sets of hundreds, the others one by one, each set and each of the others in a transaction of
its own, asked again under their locks: a run may be cut off, repeated, made twice at once. A dry run does the same and
undoes it, transaction by transaction.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import partial
from typing import NamedTuple

from django.db import transaction
from django.db.models import QuerySet

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, retrying
from memberships.ending import StillDue, end_if, is_due, memberships_due
from memberships.ending_many import end_many, forget_unpaid
from memberships.errors import ProgramNotOpen, WrongStatus
from memberships.idling import idle_before, idle_memberships
from memberships.lifecycle import renew_when_over, renews_by_itself
from memberships.models import EndReason, Membership, MembershipStatus, MembershipTerm
from memberships.renewing_many import Done, renew_many
from programs.models import Program, ProgramStatus
from programs.runs import recorded

KIND, ENDING = "renew_memberships", "expire_memberships"
RENEWED, LAPSED, ENDED, IDLE, LEFT = "renewed", "lapsed", "ended", "idle", "left"
UNPAID = "fee not paid"


@dataclass(frozen=True, slots=True)
class Touched:
    """What became of a membership, and its last day now; `left`: something stands against its end until the next
    run."""

    what: str
    number: str
    expires_on: date | None


Heard = Callable[[Touched], object]
Many = Callable[[Sequence[int]], Done]
One = Callable[[int], str]
# Short enough for a till that waits for one of them.
AT_ONCE = 500


class Step(NamedTuple):
    """Whom it is about, what becomes of them, how those that are plain are done at once, and how each other one is."""

    due: Callable[[], Iterable[int]]
    what: str
    many: Many
    one: One


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


def _carry_out(run: "_Run", kind: str, steps: Iterable[Step], *, dry_run: bool, heard: Heard) -> Counter[str]:
    program = run.program
    if program.status != ProgramStatus.RELEASED:
        raise ProgramNotOpen(
            f"{program.name} is {program.get_status_display()}; its memberships wait until it is released.",
            facts={"program": program.code, "program_status": program.status},
        )
    with recorded(program, kind, actor=run.actor, dry_run=dry_run) as counts:
        for step in steps:
            # Lists are read when their turn comes: what an earlier step ended is in no later one.
            due = list(step.due())
            for start in range(0, len(due), AT_ONCE):
                for touched in _touch(program, due[start : start + AT_ONCE], step, dry_run=dry_run):
                    counts[touched.what] += 1
                    heard(touched)
        return counts


def _touch(program: Program, ids: Sequence[int], step: Step, *, dry_run: bool) -> list[Touched]:
    """In the order of the ids."""
    touched, left = retrying(lambda: _touch_plain(program, ids, step, dry_run=dry_run))
    for pk in left:
        one = _touch_one(program, pk, step, dry_run=dry_run)
        if one is not None:
            touched[pk] = one
    return [touched[pk] for pk in ids if pk in touched]


def _touch_plain(
    program: Program, ids: Sequence[int], step: Step, *, dry_run: bool
) -> tuple[dict[int, Touched], Sequence[int]]:
    with in_program(program):
        done = step.many(ids)
        if dry_run:
            transaction.set_rollback(True)
    return {row.pk: Touched(step.what, row.number, row.expires_on) for row in done.rows}, done.left


def _touch_one(program: Program, pk: int, step: Step, *, dry_run: bool) -> Touched | None:
    with in_program(program):
        what = step.one(pk)
        row = Membership.objects.get(pk=pk)
        if dry_run:
            transaction.set_rollback(True)
    return Touched(what, row.number, row.expires_on) if what else None


class _Run:
    """One program at one time. What does one of them answers what it did, '' for nothing."""

    def __init__(self, program: Program, at: datetime, actor: Actor) -> None:
        self.program, self.at, self.actor = program, at, actor
        self.today = at.astimezone(program.zone).date()
        self.idle_before = idle_before(program, self.today)

    def steps(self) -> list[Step]:
        many = partial(renew_many, program=self.program, actor=self.actor, today=self.today)
        return [
            Step(self._unpaid, LAPSED, self.lapse_many, self.lapse),
            Step(self._over, RENEWED, many, self.renew),
            self.ends(),
            self._ending(self._idle, IDLE, EndReason.INACTIVITY, self._are_idle),
        ]

    def ends(self) -> Step:
        return self._ending(self._past_their_end, ENDED, EndReason.TERM_END, self._are_over)

    def lapse(self, pk: int) -> str:
        """The unpaid term is owed no more: it goes, and the membership ends with the last day that was paid."""
        done = self._end(EndReason.TERM_END, LAPSED, self._are_unpaid, pk)
        if done == LAPSED:
            forget_unpaid([Membership.objects.get(pk=pk)], actor=self.actor, reason=UNPAID)
        return done

    def lapse_many(self, ids: Sequence[int]) -> Done:
        done = self._end_many(EndReason.TERM_END, self._are_unpaid, ids)
        forget_unpaid(done.rows, actor=self.actor, reason=UNPAID)
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

    def _ending(self, due: Callable[[], Iterable[int]], what: str, reason: EndReason, still_due: StillDue) -> Step:
        return Step(due, what, partial(self._end_many, reason, still_due), partial(self._end, reason, what, still_due))

    def _end_many(self, reason: EndReason, still_due: StillDue, ids: Sequence[int]) -> Done:
        return end_many(ids, program=self.program, still_due=still_due, end_reason=reason, at=self.at, actor=self.actor)

    def _end(self, reason: EndReason, what: str, still_due: StillDue, pk: int) -> str:
        done = end_if(pk, program=self.program, still_due=still_due, end_reason=reason, at=self.at, actor=self.actor)
        if done:
            return what
        return LEFT if still_due([Membership.objects.get(pk=pk)]) else ""

    def _unpaid(self) -> Iterable[int]:
        terms = MembershipTerm.objects.filter(
            program=self.program, paid_at__isnull=True, first_day__lt=self._grace_began(), membership__current=True
        )
        return terms.order_by("membership").values_list("membership_id", flat=True).distinct()

    def _over(self) -> Iterable[int]:
        return _ids(memberships_due(self.program, self.today)) if self.program.auto_renew else []

    def _past_their_end(self) -> Iterable[int]:
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

    def _are_unpaid(self, rows: Sequence[Membership]) -> Collection[int]:
        terms = MembershipTerm.objects.filter(
            membership__any_of=[row.pk for row in rows if row.current],
            paid_at__isnull=True,
            first_day__lt=self._grace_began(),
        )
        return set(terms.values_list("membership_id", flat=True))

    def _are_over(self, rows: Sequence[Membership]) -> Collection[int]:
        season = self._season_is_over()
        return {row.pk for row in rows if row.current and (season or is_due(row, self.program, self.today))}

    def _are_idle(self, rows: Sequence[Membership]) -> Collection[int]:
        before = self.idle_before
        return [] if before is None else idle_memberships(self.program, before=before, ids=[row.pk for row in rows])


def _ids(rows: QuerySet[Membership]) -> list[int]:
    return list(rows.values_list("pk", flat=True))
