"""What the review reads and writes, thousands of memberships a statement."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection

from common.arrays import columns
from memberships.ladders import Ladder, reviewed_states
from programs.design import Design
from programs.models import Tier
from programs.tiers import Period

BATCH = "SELECT id FROM memberships_membership WHERE program_id = %s AND id > %s ORDER BY id LIMIT %s"
LOCK = "SELECT id FROM memberships_membership WHERE id = ANY(%s::bigint[]) ORDER BY id FOR NO KEY UPDATE"

# A standing that a change of memberships brought along may be older than the membership: what ended before somebody
# came to it is no period of its own. One that a review or a late event left may be younger than periods still to be
# made up: those since the rung before it was come by otherwise. Whoever stands on the lowest rung and never had such a
# point has nothing to be judged by.
CANDIDATES = """
SELECT m.id, s.tier_id, s.source, s.since, s.until, m.enrolled_at, j.judged, r.period_end
FROM memberships_membership m
JOIN memberships_tierstanding s ON s.membership_id = m.id AND s.group_id = %(ladder)s AND s.ended_at IS NULL
CROSS JOIN LATERAL (
    SELECT max(r.period_end) AS period_end FROM memberships_tierreview r
    WHERE r.membership_id = m.id AND r.group_id = %(ladder)s
) r
CROSS JOIN LATERAL (
    SELECT GREATEST(CASE WHEN s.source = 'review' THEN COALESCE(r.period_end, (
            SELECT GREATEST(max(z.since), (SELECT min(x.joined_at) FROM memberships_member x
                WHERE x.membership_id = m.id))
            FROM memberships_tierstanding z
            WHERE z.membership_id = m.id AND z.group_id = %(ladder)s AND z.source <> 'review'), s.since)
            ELSE s.since END,
        CASE WHEN s.source = 'change' THEN (
            SELECT min(x.joined_at) FROM memberships_member x WHERE x.membership_id = m.id) END,
        r.period_end) AS judged
) j
WHERE m.id = ANY(%(ids)s::bigint[]) AND m.current AND m.status || '/' || m.type = ANY(%(states)s)
    AND (%(judged_before)s::timestamptz IS NULL OR j.judged < %(judged_before)s)
    AND (%(until_by)s::timestamptz IS NULL OR s.until <= %(until_by)s)
    AND (s.tier_id <> %(lowest)s OR %(type)s::bigint IS NULL OR EXISTS (
        SELECT 1 FROM points_pointaccount a
        WHERE a.account_set_id = m.own_set_id AND a.point_type_id = %(type)s AND a.entry_count > 0))
ORDER BY m.id
"""
WRITE = """
INSERT INTO memberships_tierreview (membership_id, program_id, group_id, period_end, again, figure, before_id, after_id,
    reviewed_at)
SELECT t.membership, %(program)s, %(ladder)s, t.ended, COALESCE((
        SELECT max(r.again) + 1 FROM memberships_tierreview r
        WHERE r.membership_id = t.membership AND r.group_id = %(ladder)s AND r.period_end = t.ended), 0),
    t.figure, t.before, t.after, %(at)s
FROM unnest(%(t_membership)s::bigint[], %(t_ended)s::timestamptz[], %(t_figure)s::numeric[], %(t_before)s::bigint[],
    %(t_after)s::bigint[]) AS t(membership, ended, figure, before, after)
"""
AVAILABLE = """
SELECT m.id, min(l.earned_at)
FROM memberships_membership m
JOIN points_pointaccount a ON a.account_set_id = m.own_set_id AND a.point_type_id = %(type)s
JOIN points_lot l ON l.account_id = a.id AND l.is_open AND l.available_at IS NOT NULL AND l.available_at <= %(at)s
    AND (%(since)s::timestamptz IS NULL OR l.available_at > %(since)s)
WHERE m.id = ANY(%(ids)s::bigint[]) AND m.current
GROUP BY m.id ORDER BY m.id
"""


class Candidate(NamedTuple):
    """An open standing; `judged` is up to when it was reviewed, or since when it stands, whichever is later."""

    membership_id: int
    tier_id: int
    source: str
    since: datetime
    until: datetime | None
    enrolled_at: datetime
    judged: datetime
    reviewed: datetime | None


class Due(NamedTuple):
    """The rung to be judged by the figure of `period`, which ended `ended`; `kept` is not lowered this time, and
    `again` where the next period is over, too."""

    candidate: Candidate
    stood: Tier
    period: Period
    ended: datetime
    kept: bool = False
    again: bool = False

    @property
    def membership_id(self) -> int:
        return self.candidate.membership_id


class Judgement(NamedTuple):
    """What a review made of one membership for the period that ended then."""

    membership_id: int
    ended: datetime
    figure: Decimal
    before: Tier
    after: Tier
    reason: str


def batches(program_id: int, size: int) -> Iterator[list[int]]:
    """The ids of the program's memberships in order, so many at a time."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(BATCH, [program_id, after, size])
            ids = [row[0] for row in cursor.fetchall()]
        if not ids:
            return
        yield ids
        after = ids[-1]


def lock(ids: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(LOCK, [numbers(ids)])


def candidates(
    ids: Sequence[int],
    ladder: Ladder,
    design: Design,
    *,
    judged_before: datetime | None = None,
    until_by: datetime | None = None,
) -> list[Candidate]:
    """Those that are reviewed at all, were judged before, and stand until, the times given."""
    given: dict[str, Any] = {
        "ids": numbers(ids),
        "ladder": ladder.group.pk,
        "lowest": ladder.lowest.pk,
        "type": None if ladder.point_type is None else ladder.point_type.pk,
        "states": [f"{status}/{kind}" for status, kind in reviewed_states(design)],
        "judged_before": judged_before,
        "until_by": until_by,
    }
    with connection.cursor() as cursor:
        cursor.execute(CANDIDATES, given)
        return [Candidate._make(row) for row in cursor.fetchall()]


def write(judgements: Sequence[Judgement], ladder: Ladder, design: Design, *, at: datetime) -> None:
    given: dict[str, Any] = {
        "program": design.program.pk,
        "ladder": ladder.group.pk,
        "at": at,
    } | columns(
        "t",
        ("membership", "ended", "figure", "before", "after"),
        ((one.membership_id, one.ended, one.figure, one.before.pk, one.after.pk) for one in judgements),
    )
    with connection.cursor() as cursor:
        cursor.execute(WRITE, given)


def became_available(
    ids: Sequence[int], point_type_id: int, *, since: datetime | None, at: datetime
) -> dict[int, datetime]:
    """By membership the earliest event whose points were pending and are usable since then."""
    given: dict[str, Any] = {"ids": numbers(ids), "type": point_type_id, "since": since, "at": at}
    with connection.cursor() as cursor:
        cursor.execute(AVAILABLE, given)
        return dict(cursor.fetchall())


def numbers(values: Sequence[int]) -> str:
    """As the text PostgreSQL reads: the driver takes twenty times as long for thousands of them."""
    return "{" + ",".join(map(str, values)) + "}"
