"""The one writer of rungs that figures, reviews and rules give: many memberships in two statements (domain 1.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db import connection

from common.arrays import array, texts
from common.history import recording
from gateway.events import record_events
from memberships.exempting import refresh_exemptions
from memberships.models import StandingSource, TierStanding
from memberships.notifying import notify_members
from programs.design import Design
from programs.models import Tier
from programs.notice_texts import TIER_CHANGED, Value

GIVEN = """given AS (
    SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[],
        %s::timestamptz[]) AS t(membership, ladder, tier, source, reason, until, since)
)"""
END = """changed AS (
    UPDATE memberships_tierstanding s SET ended_at = GREATEST(t.since, s.since) FROM given t
    WHERE s.membership_id = t.membership AND s.group_id = t.ladder AND s.ended_at IS NULL RETURNING s.*
)"""
STAND = """changed AS (
    INSERT INTO memberships_tierstanding (membership_id, program_id, group_id, tier_id, since, until, source, reason)
    SELECT t.membership, %s, t.ladder, t.tier, t.since, t.until, t.source, t.reason FROM given t
    ORDER BY t.membership, t.ladder RETURNING *
)"""
# PostgreSQL takes more, but the rows of one statement are held in memory.
AT_ONCE = 5_000


@dataclass(frozen=True, slots=True)
class StandingMove:
    """`before` is the rung it leaves; None where it stood on none. `since` None: since the move itself.
    `is_news` False: it was so elsewhere before, no member is told."""

    membership_id: int
    tier: Tier
    source: str
    reason: str = ""
    until: datetime | None = None
    before: Tier | None = None
    since: datetime | None = None
    is_news: bool = True


class Moved(NamedTuple):
    """A move with the standing it made."""

    move: StandingMove
    standing_id: int


def move_many(moves: Sequence[StandingMove], *, design: Design, at: datetime) -> list[Moved]:
    """End what each membership stands on in the ladder and put it on the rung, since the time of its event, at the
    latest `at` and never before the former one began; a membership and ladder occurs once.

    The memberships are locked by the caller, whose audit_context names actor and reason.
    """
    moved: list[Moved] = []
    for start in range(0, len(moves), AT_ONCE):
        batch = moves[start : start + AT_ONCE]
        since = {(one.membership_id, one.tier.group_id): min(one.since or at, at) for one in batch}
        since |= {(row[0], row[1]): row[3] for row in _run(END, batch, since, [], "~")}
        made = {(row[0], row[1]): row[2] for row in _run(STAND, batch, since, [design.program.pk], "+")}
        moved += [Moved(one, made[one.membership_id, one.tier.group_id]) for one in batch]
    exempting = {one.membership_id for one in moves if _exempts(one)}
    if exempting:
        refresh_exemptions(exempting)
    _tell(moved, design)
    return moved


def _run(
    body: str, moves: Sequence[StandingMove], since: Mapping[tuple[int, int], datetime], extra: list[Any], kind: Any
) -> list[tuple[int, int, int, datetime]]:
    told, origin = recording(TierStanding, rows="changed", kind=kind)
    given = [
        array(one.membership_id for one in moves),
        array(one.tier.group_id for one in moves),
        array(one.tier.pk for one in moves),
        array(one.source for one in moves),
        texts(one.reason[:120] for one in moves),
        array(one.until for one in moves),
        array(since[one.membership_id, one.tier.group_id] for one in moves),
    ]
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH {GIVEN}, {body}, told AS ({told}) SELECT membership_id, group_id, id, ended_at FROM changed",  # noqa: S608
            [*given, *extra, *origin],
        )
        return list(cursor.fetchall())


def _exempts(move: StandingMove) -> bool:
    return move.tier.exempt_from_expiry or (move.before is not None and move.before.exempt_from_expiry)


def _tell(moved: Sequence[Moved], design: Design) -> None:
    """One event per membership and ladder."""
    by_ladder: dict[int, dict[int, dict[str, Any]]] = {}
    for move, standing_id in moved:
        by_ladder.setdefault(move.tier.group_id, {})[move.membership_id] = {
            "group": move.tier.group.code,
            "from": None if move.before is None else move.before.code,
            "to": move.tier.code,
            "source": str(move.source),
            "standing": standing_id,
        }
    for facts in by_ladder.values():
        record_events("tier.changed", program_id=design.program.pk, facts=facts)
    for ladder_id in by_ladder:
        _notify([one for one in moved if one.move.tier.group_id == ladder_id], design)


def _notify(moved: Sequence[Moved], design: Design) -> None:
    """Whom it concerns reads it, by the program's text; the same rung for longer is no news."""
    news = [one for one in moved if one.move.is_news and one.move.before != one.move.tier]
    notify_members(
        design.program,
        TIER_CHANGED,
        {move.membership_id: _facts(move, design) for move, _ in news},
        once={move.membership_id: f"standing:{standing_id}" for move, standing_id in news},
    )


def _facts(move: StandingMove, design: Design) -> dict[str, Value]:
    # Until just before that time: its last day.
    last = None if move.until is None else (move.until - timedelta(microseconds=1)).astimezone(design.zone).date()
    return {
        "group": move.tier.group.name,
        "tier": move.tier.name,
        "former_tier": None if move.before is None else move.before.name,
        # What staff write is for staff.
        "reason": "" if move.source == StandingSource.MANUAL else move.reason,
        "until": last,
    }
