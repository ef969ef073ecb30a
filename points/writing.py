"""The statement that writes a whole posting: arrays in, every row of every table out of one round trip."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from common import clock
from common.db import next_ids
from points.drafts import Draft, Posted
from points.moves import Cause

WRITE = """
WITH p AS (
    INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
        recorded_at, channel_id, user_id, reason_code, reverses_id, part, key_digest, ordinal)
    VALUES (%(posting)s, %(program)s, %(kind)s, %(for_set)s, %(person)s, %(cause_kind)s, %(cause)s, %(occurred_at)s,
        COALESCE(%(stopped_at)s::timestamptz, clock_timestamp()) + %(offset)s, %(channel)s, %(user)s, %(reason)s,
        %(reverses)s, %(part)s, %(key)s, %(ordinal)s)
    RETURNING recorded_at
), e AS (
    INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
    SELECT id, %(posting)s, account, %(program)s, number, amount, after
    FROM unnest(%(e_id)s::bigint[], %(e_account)s::bigint[], %(e_number)s::bigint[], %(e_amount)s::bigint[],
        %(e_after)s::bigint[]) AS t(id, account, number, amount, after)
), l AS (
    INSERT INTO points_lot (id, account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at,
        available_at, expires_at, parent_id, origin_id)
    SELECT * FROM unnest(%(l_id)s::bigint[], %(l_account)s::bigint[], %(l_entry)s::bigint[], %(l_earner)s::bigint[],
        %(l_contributor)s::bigint[], %(l_amount)s::bigint[], %(l_remaining)s::bigint[], %(l_earned)s::timestamptz[],
        %(l_available)s::timestamptz[], %(l_expires)s::timestamptz[], %(l_parent)s::bigint[], %(l_origin)s::bigint[])
), c AS (
    INSERT INTO points_lot (id, account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at,
        available_at, expires_at, parent_id, origin_id)
    SELECT t.id, t.account, t.entry, l.earner_id, CASE WHEN t.keeps THEN l.contributor_id ELSE t.contributor END,
        t.points, t.points, l.earned_at, l.available_at, l.expires_at, l.id, COALESCE(l.origin_id, l.id)
    FROM unnest(%(c_id)s::bigint[], %(c_entry)s::bigint[], %(c_account)s::bigint[], %(c_parent)s::bigint[],
        %(c_points)s::bigint[], %(c_contributor)s::bigint[], %(c_keeps)s::boolean[])
        AS t(id, entry, account, parent, points, contributor, keeps)
    JOIN points_lot l ON l.id = t.parent
), d AS (
    INSERT INTO points_draw (entry_id, lot_id, posting_id, amount)
    SELECT entry, lot, %(posting)s, amount
    FROM unnest(%(d_entry)s::bigint[], %(d_lot)s::bigint[], %(d_amount)s::bigint[]) AS t(entry, lot, amount)
), o AS (
    INSERT INTO points_debt (entry_id, account_id, person_id, amount, remaining)
    SELECT entry, account, person, amount, amount
    FROM unnest(%(o_entry)s::bigint[], %(o_account)s::bigint[], %(o_person)s::bigint[], %(o_amount)s::bigint[])
        AS t(entry, account, person, amount)
), ul AS (
    UPDATE points_lot l SET remaining = l.remaining - t.points
    FROM unnest(%(u_lot)s::bigint[], %(u_points)s::bigint[]) AS t(id, points) WHERE l.id = t.id
), uo AS (
    UPDATE points_debt o SET remaining = o.remaining - t.points
    FROM unnest(%(r_debt)s::bigint[], %(r_points)s::bigint[]) AS t(id, points) WHERE o.id = t.id
), ev AS (
    INSERT INTO gateway_event (id, program_id, kind, subject_id, facts, recorded_at)
    VALUES (%(event)s, %(program)s, 'points.posted', %(posting)s, %(facts)s, clock_timestamp())
)
UPDATE points_pointaccount a SET balance = t.balance, entry_count = t.entries, debt = t.debt,
    lifetime_earned = t.earned, lifetime_redeemed = t.redeemed,
    last_activity_at = CASE WHEN %(active)s THEN GREATEST(a.last_activity_at, %(occurred_at)s)
        ELSE a.last_activity_at END
FROM unnest(%(a_id)s::bigint[], %(a_balance)s::bigint[], %(a_entries)s::bigint[], %(a_debt)s::bigint[],
    %(a_earned)s::bigint[], %(a_redeemed)s::bigint[]) AS t(id, balance, entries, debt, earned, redeemed)
WHERE a.id = t.id
RETURNING (SELECT recorded_at FROM p)
"""


@dataclass(frozen=True, slots=True)
class Header:
    """What stands on the posting besides what it moved."""

    for_set_id: int
    person_id: int | None
    cause: Cause
    channel_id: int
    user_id: int | None
    part: int | None
    key: tuple[bytes, int] | None
    counts_as_activity: bool


def write(posted: Posted, header: Header, draft: Draft) -> Posted:
    """Send the rows; the database's own checks speak as IntegrityError.

    The time of recording is the database's, behind the locks: one clock for all hosts, in the order of the entries.
    """
    key, ordinal = header.key or (None, 0)
    parameters: dict[str, Any] = {
        "posting": posted.id,
        "program": posted.program_id,
        "kind": posted.kind,
        "for_set": header.for_set_id,
        "person": header.person_id,
        "cause_kind": header.cause.kind,
        "cause": header.cause.id,
        "occurred_at": posted.occurred_at,
        "stopped_at": clock.frozen_at(),
        "offset": draft.design.program.clock_offset,
        "channel": header.channel_id,
        "user": header.user_id,
        "reason": posted.reason_code,
        "reverses": posted.reverses,
        "part": header.part,
        "key": key,
        "ordinal": ordinal,
        "event": next_ids("gateway_event_id_seq")[0],
        "facts": Jsonb(event_facts(posted, header.for_set_id)),
        "active": header.counts_as_activity,
    }
    for prefix, columns in _arrays(posted, draft).items():
        parameters |= {f"{prefix}_{name}": values for name, values in columns.items()}
    with connection.cursor() as cursor:
        cursor.execute(WRITE, parameters)
        return replace(posted, recorded_at=cursor.fetchone()[0])


def event_facts(posted: Posted, for_set_id: int) -> dict[str, Any]:
    """Ids and figures only: [point type, amount, balance after] per entry."""
    return {
        "kind": posted.kind,
        "set": for_set_id,
        "entries": [[entry.point_type_id, entry.amount, entry.balance_after] for entry in posted.entries],
    }


def _arrays(posted: Posted, draft: Draft) -> dict[str, dict[str, Any]]:
    entries, lots, draws = posted.entries, posted.lots, posted.draws
    accounts = draft.accounts.values()
    return {
        "e": _columns(
            ("id", "account", "number", "amount", "after"),
            ((e.id, e.account_id, e.number, e.amount, e.balance_after) for e in entries),
        ),
        "l": _columns(
            (
                "id",
                "account",
                "entry",
                "earner",
                "contributor",
                "amount",
                "remaining",
                "earned",
                "available",
                "expires",
                "parent",
                "origin",
            ),
            (
                (
                    lot.id,
                    lot.account_id,
                    lot.entry_id,
                    lot.new.earner_id,
                    lot.new.contributor_id,
                    lot.new.points,
                    lot.remaining,
                    lot.new.earned_at,
                    lot.new.available_at,
                    lot.new.expires_at,
                    lot.new.parent_id,
                    lot.new.origin_id,
                )
                for lot in lots
            ),
        ),
        "c": _columns(("id", "entry", "account", "parent", "points", "contributor", "keeps"), posted.children),
        "d": _columns(("entry", "lot", "amount"), ((d.entry_id, d.lot_id, d.points) for d in draws)),
        "o": _columns(("entry", "account", "person", "amount"), draft.debts),
        "u": _columns(("lot", "points"), ((i, n) for i, n in draft.lot_changes.items() if n)),
        "r": _columns(("debt", "points"), draft.repaid.items()),
        "a": _columns(
            ("id", "balance", "entries", "debt", "earned", "redeemed"),
            ((a.id, a.balance, a.entry_count, a.debt, a.lifetime_earned, a.lifetime_redeemed) for a in accounts),
        ),
    }


def _columns(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
    filled = list(zip(*rows, strict=True))
    return {name: _array(filled[i]) if filled else "{}" for i, name in enumerate(names)}


def _array(values: Sequence[Any]) -> Any:
    """Numbers as the text PostgreSQL reads: the driver takes twenty times as long for thousands of them."""
    if any(isinstance(value, datetime) for value in values):
        return list(values)
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def living_lots(lot_ids: list[int], *, at: datetime, exempt_until: datetime | None = None) -> list[int]:
    """Those of the lots that are not past their time at `at`, pending ones too, in spending order."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT id FROM points_lot
            WHERE id = ANY(%s) AND (expires_at IS NULL OR expires_at > %s OR %s::timestamptz > %s)
            ORDER BY expires_at, earned_at, id""",
            [lot_ids, at, exempt_until, at],
        )
        return [row[0] for row in cursor.fetchall()]
