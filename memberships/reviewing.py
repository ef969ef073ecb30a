"""The review of tiers: at the end of its period each membership keeps its rung or loses it (domain 1.7).

- Calendar years and enrolment anniversaries are judged once, by the points of the period that ended; what was missed
  while the program was locked or the membership suspended is made up in order.
- A rolling period moves on with every local midnight: whoever no longer reaches their rung is lowered that day.
- A ladder without end, by lifetime or by rules alone, is left only where the day is over until which a rung was given.

Memberships go in batches with a transaction each: an interrupted run goes on where it stopped, and one that follows
finds nothing to do.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from functools import partial

from django.db import transaction

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, retrying
from common.history import audit_context
from common.side_by_side import side_by_side
from memberships import reviewing_sql as sql
from memberships.figures import figures_of
from memberships.floors import floors_of
from memberships.keeping import figures_of_others
from memberships.ladders import Ladder, ladders_of
from memberships.models import StandingSource
from memberships.moving_standings import StandingMove, move_many
from memberships.reasons import reason_of
from memberships.review_kinds import Kind, kind_of
from memberships.reviewing_sql import Due, Judgement
from memberships.tiering import climb_many
from programs.design import design_of
from programs.models import Program, ProgramStatus, Tier
from programs.runs import last_finished, recorded

KIND = "review_tiers"
AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A membership that the review moved, and why."""

    membership_id: int
    ladder: Ladder
    before: Tier
    after: Tier
    reason: str


Progress = Callable[[Reviewed], object]


def review_tiers(
    program: Program,
    *,
    actor: Actor,
    at: datetime | None = None,
    dry_run: bool = False,
    progress: Progress = lambda reviewed: None,
    jobs: int = 1,
) -> Counter[str]:
    """Review what is due at `at` (None: the program's present); how many were kept, raised and lowered.

    `progress` hears of everybody who was moved, or in a dry run would be; `jobs` batches are reviewed at once. A
    program that is not released waits.
    """
    design = design_of(program.pk, fresh=True)
    if design.program.status != ProgramStatus.RELEASED:
        return Counter()
    now = at or program_now(design.program)
    before = last_finished(program, KIND)
    since = None if before is None else before.started_at
    with recorded(program, KIND, actor=actor, dry_run=dry_run) as counts:
        for ladder in ladders_of(design):
            kind = kind_of(ladder, design, at=now)
            review = partial(_reviewed, kind=kind, since=since, actor=actor, dry_run=dry_run)
            for done, kept in side_by_side(review, sql.batches(program.pk, AT_ONCE), jobs=jobs):
                counts.update(kept)
                for reviewed in done:
                    progress(reviewed)
    return counts


def _reviewed(
    ids: Sequence[int], *, kind: Kind, since: datetime | None, actor: Actor, dry_run: bool
) -> tuple[list[Reviewed], Counter[str]]:
    if not dry_run:
        retrying(partial(_climb_by_pending, ids, kind, since=since, actor=actor))
    return retrying(partial(_batch, kind, ids, actor=actor, dry_run=dry_run))


def _batch(kind: Kind, ids: Sequence[int], *, actor: Actor, dry_run: bool) -> tuple[list[Reviewed], Counter[str]]:
    """One transaction for these memberships: period by period until none is due, then each moves at most once."""
    wanted = _wanted(kind, kind.due(ids))
    counts: Counter[str] = Counter()
    if not wanted:
        return [], counts
    with in_program(kind.design.program), audit_context(actor, "tier review"):
        sql.lock(wanted)
        first = due = kind.due(wanted)
        judged: list[Judgement] = []
        while due:
            others = _judged(kind, due, write=True)
            sql.write(others, kind.ladder, kind.design, at=kind.at)
            counts["kept"] += len(due) - len(others) if kind.writes_kept else 0
            judged += others
            due = kind.next(due, {one.membership_id: one.after for one in others})
        done = _moved(kind, judged, {one.membership_id: one.candidate.enrolled_at for one in first})
        _move(kind, done)
        if dry_run:
            transaction.set_rollback(True)
    moved = {one.membership_id for one in done}
    counts["kept"] += sum(one.membership_id not in moved for one in judged)
    counts.update("raised" if one.after.rank > one.before.rank else "lowered" for one in done)
    return done, +counts


def _moved(kind: Kind, judged: Sequence[Judgement], enrolled: Mapping[int, datetime]) -> list[Reviewed]:
    """Who stands elsewhere after all periods. Who lost a rung by one and has it again by a later one, or has earned it
    in the present one, stays on it and hears nothing."""
    found: dict[int, Reviewed] = {}
    for one in judged:
        before = found[one.membership_id].before if one.membership_id in found else one.before
        found[one.membership_id] = Reviewed(one.membership_id, kind.ladder, before, one.after, one.reason)
    fallen = {pk: enrolled[pk] for pk, one in found.items() if one.after.rank < one.before.rank}
    found |= _earned_by_now(kind, [found[pk] for pk in fallen], fallen)
    return [one for one in found.values() if one.before != one.after]


def _earned_by_now(kind: Kind, fallen: Sequence[Reviewed], enrolled: Mapping[int, datetime]) -> dict[int, Reviewed]:
    if not kind.ladder.ends:
        return {}
    periods = {one.membership_id: kind.period(kind.at, enrolled[one.membership_id]) for one in fallen}
    figures = figures_of(periods, kind.ladder, at=kind.at) if periods else {}
    reached = {pk: kind.ladder.reached(figure) for pk, figure in figures.items()}
    return {
        one.membership_id: replace(
            one, after=tier, reason=reason_of(kind.ladder, figures[pk], tier, periods[pk], kind.design)
        )
        for one in fallen
        if (tier := reached[pk := one.membership_id]).rank > one.after.rank
    }


def _move(kind: Kind, moved: Sequence[Reviewed]) -> None:
    moves = [
        StandingMove(one.membership_id, one.after, StandingSource.REVIEW, one.reason, before=one.before)
        for one in moved
    ]
    move_many(moves, design=kind.design, at=kind.at)


def _wanted(kind: Kind, due: Sequence[Due]) -> list[int]:
    """Whose rows are locked: where nothing is written about who keeps their rung, only those who do not."""
    if kind.writes_kept or not due:
        return [one.membership_id for one in due]
    return [one.membership_id for one in _judged(kind, due, write=False)]


def _judged(kind: Kind, due: Sequence[Due], *, write: bool) -> list[Judgement]:
    """All but those who keep their rung by their figure, of whom the server has written it down if it is to be."""
    ladder = kind.ladder
    program = kind.design.program if write and kind.writes_kept else None
    figures = figures_of_others(due, ladder, at=kind.at, recorded_in=program)
    others = [one for one in due if one.membership_id in figures]
    falling = {
        one.membership_id: one.ended
        for one in others
        if ladder.judged(one.stood, figures[one.membership_id]).rank < one.stood.rank
    }
    floors = floors_of(falling, ladder)
    judged = [_judgement(kind, one, figures[one.membership_id], floors.get(one.membership_id)) for one in others]
    return [one for one in judged if kind.writes_kept or one.before != one.after]


def _judgement(kind: Kind, due: Due, figure: Decimal, floor: Tier | None) -> Judgement:
    after = kind.ladder.judged(due.stood, figure, floor=due.stood if due.kept else floor)
    # Of who falls short: of what they had to reach.
    asked = due.stood if after.rank < due.stood.rank else after
    reason = "" if after == due.stood else reason_of(kind.ladder, figure, asked, due.period, kind.design)
    return Judgement(due.membership_id, due.ended, figure, due.stood, after, reason)


def _climb_by_pending(ids: Sequence[int], kind: Kind, *, since: datetime | None, actor: Actor) -> None:
    """Points that were pending count from the day they are usable, and no posting says so."""
    ladder, design = kind.ladder, kind.design
    if ladder.point_type is None or not ladder.point_type.pending_days:
        return
    events = sql.became_available(ids, ladder.point_type.pk, since=since, at=kind.at)
    if events:
        with in_program(design.program):
            sql.lock(list(events))
            climb_many(events, design=design, actor=actor)
