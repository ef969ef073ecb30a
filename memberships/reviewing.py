"""The review of tiers: at the end of its period each membership keeps its rung or loses it (domain 1.7).

- Calendar years and enrolment anniversaries are judged once, by the points of the period that ended; what was missed
  while the program was locked or the membership suspended is made up in order.
- A rolling period moves on with every local midnight: whoever no longer reaches their rung is lowered that day.
- A ladder without end, by lifetime or by rules alone, is left only where the day is over until which a rung was given.

Memberships go in batches with a transaction each: an interrupted run goes on where it stopped, and one that follows
finds nothing to do.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    """One transaction for these memberships: period by period until none is due, those that move not at all first."""
    wanted = _wanted(kind, kind.due(ids))
    counts: Counter[str] = Counter()
    done: list[Reviewed] = []
    if not wanted:
        return done, counts
    with in_program(kind.design.program), audit_context(actor, "tier review"):
        sql.lock(wanted)
        while wanted and (due := kind.due(wanted)):
            judged = _judged(kind, due, write=True)
            _write(kind, judged)
            if kind.writes_kept:
                counts["kept"] += len(due) - len(judged)
            counts.update(map(_outcome, judged))
            done += [
                Reviewed(one.membership_id, kind.ladder, one.before, one.after, one.reason)
                for one in judged
                if one.before != one.after
            ]
            wanted = [one.membership_id for one in due if one.again]
        if kind.ladder.ends:
            done += _regained(done, kind, actor)
        if dry_run:
            transaction.set_rollback(True)
    return done, +counts


def _regained(done: Sequence[Reviewed], kind: Kind, actor: Actor) -> list[Reviewed]:
    """Who has earned in the present period what the last one lacked need not wait for another event."""
    fallen = {one.membership_id: kind.at for one in done if one.after.rank < one.before.rank}
    moved = [one.move for one in climb_many(fallen, design=kind.design, actor=actor, at=kind.at)]
    ladder = kind.ladder
    return [
        Reviewed(one.membership_id, ladder, one.before or ladder.lowest, one.tier, one.reason)
        for one in moved
        if one.tier.group_id == ladder.group.pk
    ]


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


def _write(kind: Kind, judged: Sequence[Judgement]) -> None:
    sql.write(judged, kind.ladder, kind.design, at=kind.at)
    moves = [
        StandingMove(one.membership_id, one.after, StandingSource.REVIEW, one.reason, before=one.before)
        for one in judged
        if one.before != one.after
    ]
    move_many(moves, design=kind.design, at=kind.at)


def _outcome(judged: Judgement) -> str:
    if judged.before == judged.after:
        return "kept"
    return "raised" if judged.after.rank > judged.before.rank else "lowered"


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
