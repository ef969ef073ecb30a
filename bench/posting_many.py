"""Crediting many accounts: `credit_many` against INSERT ... SELECT that writes the same rows, a wave at a time."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import count

from django.db import connection, transaction

from bench import rows
from bench.report import Figure, ratio
from bench.world import LOT_POINTS, Sizes, World
from common import clock
from gateway.channels import system_actor
from points.crediting_many import PlainCredit, credit_many
from points.moves import Cause, NewLot

WAVE = 2_000
# The cause of a posting, where nothing looks for the activity.
CAUSES = count(1)
RAW = """
WITH acc AS MATERIALIZED (
    SELECT a.id, a.account_set_id, a.point_type_id, a.balance + %(points)s AS balance, a.entry_count + 1 AS number,
        nextval('points_posting_id_seq') AS posting, nextval('points_entry_id_seq') AS entry, m.customer_id
    FROM points_pointaccount a JOIN memberships_membership s ON s.own_set_id = a.account_set_id
    JOIN memberships_member m ON m.membership_id = s.id
    WHERE a.id = ANY(%(accounts)s)
), p AS (
    INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
        recorded_at, channel_id, reason_code, ordinal)
    SELECT posting, %(program)s, 'earn', account_set_id, customer_id, 'activity', 1, now(), now(), 2, '', 0 FROM acc
), e AS (
    INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
    SELECT entry, posting, id, %(program)s, number, %(points)s, balance FROM acc
), l AS (
    INSERT INTO points_lot (account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at, expires_at)
    SELECT id, entry, customer_id, customer_id, %(points)s, %(points)s, now(), now() + interval '3 years' FROM acc
), ua AS (
    UPDATE points_pointaccount a SET balance = acc.balance, entry_count = acc.number,
        lifetime_earned = a.lifetime_earned + %(points)s, last_activity_at = now()
    FROM acc WHERE a.id = acc.id
)
INSERT INTO gateway_event (program_id, kind, subject_id, facts, recorded_at)
SELECT %(program)s, 'points.posted', posting, jsonb_build_object('kind', 'earn', 'set', account_set_id, 'entries',
    jsonb_build_array(jsonb_build_array(point_type_id, %(points)s, balance))), now() FROM acc
"""
Wave = list[tuple[int, int, int]]


def posting_many(world: World, sizes: Sizes) -> Iterator[Figure]:
    """Both on one connection, a transaction a wave, in turn."""
    waves = _waves(world)
    written = rows.require_same_rows("wave", partial(_raw, world, waves[0]), partial(_ours, world, waves[0]))
    print(f"one wave of credits writes: {', '.join(f'{n} {name}' for name, n in written.items())}")
    raw, ours = [], []
    for _ in range(sizes.rounds):
        raw.append(_rate(partial(_raw, world), waves))
        ours.append(_rate(partial(_ours, world), waves))
    yield Figure("set-based posting: raw INSERT ... SELECT", sorted(raw)[len(raw) // 2], "1/s", rounds=raw)
    yield Figure("set-based posting: credit_many", sorted(ours)[len(ours) // 2], "1/s", rounds=ours)
    yield ratio("set-based posting / raw", ours, raw, 0.5)


def _waves(world: World) -> list[Wave]:
    """(account, set, customer) of those who hold nothing yet."""
    steps = range(world.spenders, world.members - 1)
    found = [(world.first_account + n, world.first_set + n, world.first_customer + n) for n in steps]
    return [found[at : at + WAVE] for at in range(0, len(found), WAVE)]


def _rate(way: Callable[[Wave], None], waves: list[Wave]) -> float:
    began = time.perf_counter()
    for wave in waves:
        way(wave)
    return sum(len(wave) for wave in waves) / (time.perf_counter() - began)


def _raw(world: World, wave: Wave) -> None:
    accounts = [account for account, _, _ in wave]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(RAW, {"program": world.program, "points": LOT_POINTS, "accounts": accounts})


def _ours(world: World, wave: Wave) -> None:
    now = clock.now()
    until = now + timedelta(days=3 * 365)
    credits = [
        PlainCredit(
            own,
            person,
            Cause("activity", next(CAUSES)),
            now,
            {account: [NewLot(LOT_POINTS, now, expires_at=until, earner_id=person, contributor_id=person)]},
        )
        for account, own, person in wave
    ]
    with transaction.atomic():
        credit_many(credits, program_id=world.program, actor=system_actor())
