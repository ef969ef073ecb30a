"""Expiring lots, ten an account: `expire_points` against one set-based statement per batch that writes the same rows.

Raw takes the lower half of the accounts, the product the rest; at the end every balance is proved from entries and
lots. A hundred thousand spenders make a million lots: `python -m bench expiry --spenders 100000`.
"""

import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial

from django.db import connection, transaction

from bench import rows
from bench.report import Figure, ratio
from bench.world import Sizes, World, make_world, settle
from common import clock
from gateway.channels import system_actor
from points.expiry import expire_points
from programs.models import Program

# Later than the last lot of the world ends.
AHEAD = timedelta(days=365 * 4)
# Accounts a statement of raw takes: few enough for its sorts and hashes to stay in memory.
RAW_BATCH = 10_000
RAW = """
WITH due AS (
    SELECT l.account_id, l.id AS lot, l.remaining AS points, l.expires_at AS ended
    FROM points_lot l WHERE l.is_open AND l.expires_at <= %(until)s AND l.account_id BETWEEN %(first)s AND %(last)s
), acc AS MATERIALIZED (
    SELECT s.*, a.account_set_id, a.point_type_id, a.balance - s.points AS balance, a.entry_count + 1 AS number,
        nextval('points_posting_id_seq') AS posting, nextval('points_entry_id_seq') AS entry
    FROM (SELECT account_id, sum(points)::bigint AS points, max(ended) AS ended FROM due GROUP BY 1) s
    JOIN points_pointaccount a ON a.id = s.account_id
), p AS (
    INSERT INTO points_posting (id, program_id, kind, for_set_id, cause_kind, cause_id, occurred_at, recorded_at,
        channel_id, reason_code, ordinal)
    SELECT posting, %(program)s, 'expire', account_set_id, 'point_type', point_type_id, ended, now(), 2, 'date', 0
    FROM acc
), e AS (
    INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
    SELECT entry, posting, account_id, %(program)s, number, -points, balance FROM acc
), d AS (
    INSERT INTO points_draw (entry_id, lot_id, posting_id, amount)
    SELECT acc.entry, due.lot, acc.posting, due.points FROM due JOIN acc USING (account_id)
), ul AS (
    UPDATE points_lot l SET remaining = 0 WHERE l.is_open AND l.expires_at <= %(until)s
        AND l.account_id BETWEEN %(first)s AND %(last)s
), ua AS (
    UPDATE points_pointaccount a SET balance = acc.balance, entry_count = acc.number FROM acc
    WHERE a.id = acc.account_id
)
INSERT INTO gateway_event (program_id, kind, subject_id, facts, recorded_at)
SELECT %(program)s, 'points.posted', posting, jsonb_build_object('kind', 'expire', 'set', account_set_id, 'entries',
    jsonb_build_array(jsonb_build_array(point_type_id, -points, balance))), now() FROM acc
"""


def expiry(sizes: Sizes) -> Iterator[Figure]:
    """A world of its own per round, as all lots of one are gone afterwards."""
    raw, ours = [], []
    for _ in range(max(1, sizes.rounds // 2)):
        own = make_world(Sizes(members=sizes.spenders + 2, spenders=sizes.spenders))
        settle()
        half = own.first_account + own.spenders // 2
        until = clock.now() + AHEAD
        raw.append(_rate(partial(_raw, own, half, until)))
        ours.append(_rate(partial(_ours, own, until)))
        rows.prove()
    yield Figure("expiry: raw", sorted(raw)[len(raw) // 2], "lots/s", rounds=raw)
    yield Figure("expiry: expire_points", sorted(ours)[len(ours) // 2], "lots/s", rounds=ours)
    yield ratio("expiry: expire_points / raw", ours, raw, 0.6)


def _rate(run: Callable[[], object]) -> float:
    before, began = _open_lots(), time.perf_counter()
    run()
    return (before - _open_lots()) / (time.perf_counter() - began)


def _raw(world: World, half: int, until: datetime) -> None:
    for first in range(world.first_account, half, RAW_BATCH):
        with transaction.atomic(), connection.cursor() as cursor:
            last = min(first + RAW_BATCH, half) - 1
            cursor.execute(RAW, {"program": world.program, "until": until, "first": first, "last": last})


def _ours(world: World, until: datetime) -> None:
    expire_points(Program.objects.get(pk=world.program), actor=system_actor(), at=until)


def _open_lots() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM points_lot WHERE is_open")
        return int(cursor.fetchone()[0])
