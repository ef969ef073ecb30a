"""Balances taken over by many new memberships in one statement: the plain case of `open_balances`.

Plain are accounts opened in this very transaction, which nobody else can know, and points that are left, not owed. The
rows are those of the general form; a test holds the two against each other.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection
from psycopg.types.json import Jsonb

from common import clock
from common.actor import Actor
from common.db import next_ids
from points.models import PostingKind
from points.opening import NewOpening
from programs.design import design_of

WRITE = """
WITH p AS (
    INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
        recorded_at, channel_id, user_id, reason_code, ordinal)
    SELECT id, %(program)s, %(kind)s, for_set, person, cause_kind, cause, occurred_at,
        COALESCE(%(stopped_at)s::timestamptz, clock_timestamp()) + %(offset)s, %(channel)s, %(user)s, '', 0
    FROM unnest(%(p_id)s::bigint[], %(p_set)s::bigint[], %(p_person)s::bigint[], %(p_cause_kind)s::text[],
        %(p_cause)s::bigint[], %(p_at)s::timestamptz[]) AS t(id, for_set, person, cause_kind, cause, occurred_at)
), e AS (
    INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
    SELECT id, posting, account, %(program)s, 1, amount, amount
    FROM unnest(%(e_id)s::bigint[], %(e_posting)s::bigint[], %(e_account)s::bigint[], %(e_amount)s::bigint[])
        AS t(id, posting, account, amount)
), l AS (
    INSERT INTO points_lot (account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at,
        available_at, expires_at)
    SELECT account, entry, person, person, points, points, earned_at, available_at, expires_at
    FROM unnest(%(l_account)s::bigint[], %(l_entry)s::bigint[], %(l_person)s::bigint[], %(l_points)s::bigint[],
        %(l_earned)s::timestamptz[], %(l_available)s::timestamptz[], %(l_expires)s::timestamptz[])
        AS t(account, entry, person, points, earned_at, available_at, expires_at)
), ev AS (
    INSERT INTO gateway_event (program_id, kind, subject_id, facts, recorded_at)
    SELECT %(program)s, 'points.posted', subject, facts, clock_timestamp()
    FROM unnest(%(p_id)s::bigint[], %(facts)s::jsonb[]) AS t(subject, facts)
)
UPDATE points_pointaccount a SET balance = t.amount, entry_count = 1, last_activity_at = t.active_at
FROM unnest(%(e_account)s::bigint[], %(e_amount)s::bigint[], %(e_active)s::timestamptz[]) AS t(id, amount, active_at)
WHERE a.id = t.id AND a.entry_count = 0
"""


def open_plain(openings: Sequence[NewOpening], *, program_id: int, actor: Actor) -> None:
    """A posting each, with an entry per point type. The lots are dated and their rules were asked."""
    if not openings:
        return
    postings = next_ids("points_posting_id_seq", len(openings))
    rows = _Rows([], [], [], [])
    for posting, opening in zip(postings, openings, strict=True):
        _add(rows, posting, opening)
    parameters: dict[str, Any] = {
        "program": program_id,
        "kind": PostingKind.OPENING.value,
        "stopped_at": clock.frozen_at(),
        "offset": design_of(program_id).program.clock_offset,
        "channel": actor.channel_id,
        "user": actor.user_id,
        "facts": rows.facts,
        **_columns("p", ("id", "set", "person", "cause_kind", "cause", "at"), rows.postings),
        **_columns("e", ("id", "posting", "account", "amount", "active"), rows.entries),
        **_columns("l", ("account", "entry", "person", "points", "earned", "available", "expires"), rows.lots),
    }
    with connection.cursor() as cursor:
        cursor.execute(WRITE, parameters)


@dataclass(frozen=True, slots=True)
class _Rows:
    postings: list[tuple[Any, ...]]
    entries: list[tuple[Any, ...]]
    lots: list[tuple[Any, ...]]
    facts: list[Jsonb]


def _add(rows: _Rows, posting: int, opening: NewOpening) -> None:
    at, person, cause = opening.occurred_at, opening.person_id, opening.cause
    rows.postings.append((posting, opening.for_set_id, person, cause.kind, cause.id, at))
    told = []
    for type_id, lots in sorted(opening.lots.items()):
        (entry,) = next_ids("points_entry_id_seq")
        account, amount = opening.accounts[type_id], sum(lot.points for lot in lots)
        rows.entries.append((entry, posting, account, amount, at if opening.counts_as_activity else None))
        told.append([type_id, amount, amount])
        rows.lots.extend(
            (account, entry, person, lot.points, lot.earned_at or at, lot.available_at, lot.expires_at) for lot in lots
        )
    rows.facts.append(Jsonb({"kind": PostingKind.OPENING.value, "set": opening.for_set_id, "entries": told}))


def _columns(prefix: str, names: Sequence[str], rows: Iterable[tuple[Any, ...]]) -> dict[str, list[Any]]:
    columns = zip(*rows, strict=True)
    return {f"{prefix}_{name}": list(values) for name, values in zip(names, columns, strict=True)}
