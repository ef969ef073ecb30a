"""Points credited to many accounts by one statement: the plain case of `points.ledger.post` for a queue.

Plain are accounts that take credits and owe nothing. The others go through the general form, which repays and
refuses. Both write the same rows; a test holds them against each other.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import connection, transaction

from common import clock
from common.actor import Actor
from common.arrays import columns
from common.db import next_ids
from common.keys import take_key
from common.records import record
from points.drafts import Account, Posted, WrittenEntry, WrittenLot
from points.errors import LedgerError
from points.ledger import lock_accounts, post
from points.models import PostingKind
from points.moves import Cause, Credit, Lifetime, NewLot
from programs.design import design_of

# All rows of a wave have one time of recording, behind the locks of its accounts.
WRITE = """
WITH t AS MATERIALIZED (
    SELECT COALESCE(%(stopped_at)s::timestamptz, clock_timestamp()) + %(offset)s AS at
), p AS (
    INSERT INTO points_posting (id, program_id, kind, for_set_id, person_id, cause_kind, cause_id, occurred_at,
        recorded_at, channel_id, user_id, reason_code, key_digest, ordinal)
    SELECT n.id, %(program)s, %(kind)s, n.for_set, n.person, n.cause_kind, n.cause, n.occurred_at, t.at, %(channel)s,
        %(user)s, '', CASE WHEN n.id = %(keyed)s THEN %(key)s::bytea END,
        CASE WHEN n.id = %(keyed)s THEN %(ordinal)s::smallint ELSE 0 END
    FROM t, unnest(%(p_id)s::bigint[], %(p_set)s::bigint[], %(p_person)s::bigint[], %(p_cause_kind)s::text[],
        %(p_cause)s::bigint[], %(p_at)s::timestamptz[]) AS n(id, for_set, person, cause_kind, cause, occurred_at)
), e AS (
    INSERT INTO points_entry (id, posting_id, account_id, program_id, number, amount, balance_after)
    SELECT id, posting, account, %(program)s, number, amount, after
    FROM unnest(%(e_id)s::bigint[], %(e_posting)s::bigint[], %(e_account)s::bigint[], %(e_number)s::bigint[],
        %(e_amount)s::bigint[], %(e_after)s::bigint[]) AS n(id, posting, account, number, amount, after)
), l AS (
    INSERT INTO points_lot (id, account_id, entry_id, earner_id, contributor_id, amount, remaining, earned_at,
        available_at, expires_at, parent_id, origin_id)
    SELECT id, account, entry, earner, contributor, points, points, earned_at, available_at, expires_at, parent, origin
    FROM unnest(%(l_id)s::bigint[], %(l_account)s::bigint[], %(l_entry)s::bigint[], %(l_earner)s::bigint[],
        %(l_contributor)s::bigint[], %(l_points)s::bigint[], %(l_earned)s::timestamptz[],
        %(l_available)s::timestamptz[], %(l_expires)s::timestamptz[], %(l_parent)s::bigint[], %(l_origin)s::bigint[])
        AS n(id, account, entry, earner, contributor, points, earned_at, available_at, expires_at, parent, origin)
), ev AS (
    INSERT INTO gateway_event (id, program_id, kind, subject_id, facts, recorded_at)
    SELECT id, %(program)s, 'points.posted', posting,
        jsonb_build_object('kind', %(kind)s::text, 'set', for_set, 'entries', entries), clock_timestamp()
    FROM unnest(%(v_id)s::bigint[], %(p_id)s::bigint[], %(p_set)s::bigint[], %(v_entries)s::jsonb[])
        AS n(id, posting, for_set, entries)
), ua AS (
    UPDATE points_pointaccount a SET balance = n.balance, entry_count = n.entries, lifetime_earned = n.earned,
        last_activity_at = GREATEST(a.last_activity_at, n.active_at)
    FROM unnest(%(a_id)s::bigint[], %(a_balance)s::bigint[], %(a_entries)s::bigint[], %(a_earned)s::bigint[],
        %(a_active)s::timestamptz[]) AS n(id, balance, entries, earned, active_at)
    WHERE a.id = n.id AND a.id = ANY(%(a_id)s::bigint[])
)
SELECT at FROM t
"""

NOT_YET = datetime.max.replace(tzinfo=UTC)


@record
class PlainCredit:
    """What one membership earns by one event: a posting for its own set, an entry per account, lots as dated.

    The accounts are open ones of the sets the points belong into: the own set, or the pool for what is pooled.
    """

    for_set_id: int
    person_id: int | None
    cause: Cause
    occurred_at: datetime
    lots: Mapping[int, Sequence[NewLot]]
    counts_as_activity: bool = True


def credit_many(
    credits: Sequence[PlainCredit], *, program_id: int, actor: Actor, kind: str = PostingKind.EARN
) -> list[Posted]:
    """What was written for each credit, in their order; accounts that several share count on from one to the next.

    The caller holds the memberships, has asked whether they may, and has let rested points expire. The first posting
    takes the request's Idempotency-Key. Raises what `post` raises, and then the whole transaction is void.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("credit_many() belongs into a verb's transaction.")
    if not credits:
        return []
    ids = {account for one in credits for account in one.lots}
    accounts = lock_accounts(ids, program_id=program_id)
    special = {account.id for account in accounts.values() if account.debt or account.closed}
    posted = {
        i: _in_general(one, kind, program_id=program_id, actor=actor)
        for i, one in enumerate(credits)
        if not special.isdisjoint(one.lots)
    }
    plain = [i for i in range(len(credits)) if i not in posted]
    if posted and plain:
        # Those postings may have moved accounts that these credits go to as well.
        accounts = lock_accounts(ids, program_id=program_id)
    written = _write([credits[i] for i in plain], accounts, kind, program_id=program_id, actor=actor) if plain else []
    posted |= dict(zip(plain, written, strict=True))
    return [posted[i] for i in range(len(credits))]


def _in_general(one: PlainCredit, kind: str, *, program_id: int, actor: Actor) -> Posted:
    return post(
        kind,
        program_id=program_id,
        for_set_id=one.for_set_id,
        person_id=one.person_id,
        cause=one.cause,
        occurred_at=one.occurred_at,
        actor=actor,
        moves=[Credit(account, lots, Lifetime.EARNED) for account, lots in sorted(one.lots.items())],
        counts_as_activity=one.counts_as_activity,
    )


@dataclass(slots=True)
class _Rows:
    """The rows of a wave, table by table."""

    postings: list[tuple[Any, ...]] = field(default_factory=list)
    entries: list[tuple[Any, ...]] = field(default_factory=list)
    lots: list[tuple[Any, ...]] = field(default_factory=list)
    told: list[str] = field(default_factory=list)
    active: dict[int, datetime] = field(default_factory=dict)
    done: list[tuple[int, list[WrittenEntry], list[WrittenLot]]] = field(default_factory=list)


def _write(
    credits: Sequence[PlainCredit], accounts: Mapping[int, Account], kind: str, *, program_id: int, actor: Actor
) -> list[Posted]:
    key, ordinal = take_key() or (None, 0)
    drafted = draft_credits(credits, accounts, kind, program_id=program_id, actor=actor, key=key, ordinal=ordinal)
    with connection.cursor() as cursor:
        cursor.execute(WRITE, drafted.parameters)
        recorded_at = cursor.fetchone()[0]
    return drafted.written(recorded_at)


@record
class DraftedCredits:
    """The parameters of WRITE, and the postings it will have written."""

    parameters: Mapping[str, Any]
    credits: Sequence[PlainCredit]
    done: Sequence[tuple[int, list[WrittenEntry], list[WrittenLot]]]

    def written(self, recorded_at: datetime = NOT_YET) -> list[Posted]:
        """Of the credits in their order. When they were recorded is WRITE's to say."""
        kind, program = self.parameters["kind"], self.parameters["program"]
        return [
            Posted(one, kind, program, of.occurred_at, recorded_at, "", None, tuple(entries), tuple(lots), (), (), {})
            for of, (one, entries, lots) in zip(self.credits, self.done, strict=True)
        ]


def draft_credits(
    credits: Sequence[PlainCredit],
    accounts: Mapping[int, Account],
    kind: str,
    *,
    program_id: int,
    actor: Actor,
    key: bytes | None = None,
    ordinal: int = 0,
) -> DraftedCredits:
    """Of locked accounts that take credits and owe nothing, which are carried forward."""
    rows = _rows_of(credits, accounts)
    touched = {account for one in credits for account in one.lots}
    parameters: dict[str, Any] = {
        "program": program_id,
        "kind": str(kind),
        "stopped_at": clock.frozen_at(),
        "offset": design_of(program_id).program.clock_offset,
        "channel": actor.channel_id,
        "user": actor.user_id,
        "keyed": rows.done[0][0] if key is not None and rows.done else None,
        "key": key,
        "ordinal": ordinal,
        **columns("p", ("id", "set", "person", "cause_kind", "cause", "at"), rows.postings),
        **columns("e", ("id", "posting", "account", "number", "amount", "after"), rows.entries),
        **columns(
            "l",
            (
                *("id", "account", "entry", "earner", "contributor", "points", "earned"),
                *("available", "expires", "parent", "origin"),
            ),
            rows.lots,
        ),
        **columns("v", ("id",), ([event] for event in next_ids("gateway_event_id_seq", len(credits)))),
        "v_entries": "{" + ",".join(rows.told) + "}",
        **columns("a", ("id", "balance", "entries", "earned", "active"), _after(touched, accounts, rows.active)),
    }
    return DraftedCredits(parameters, credits, rows.done)


def _after(
    touched: Iterable[int], accounts: Mapping[int, Account], active: Mapping[int, datetime]
) -> Iterable[tuple[Any, ...]]:
    for account in (accounts[i] for i in sorted(touched)):
        yield account.id, account.balance, account.entry_count, account.lifetime_earned, active.get(account.id)


def _rows_of(credits: Sequence[PlainCredit], accounts: Mapping[int, Account]) -> _Rows:
    rows = _Rows()
    postings = next_ids("points_posting_id_seq", len(credits))
    entries = iter(next_ids("points_entry_id_seq", sum(len(one.lots) for one in credits)))
    lots = iter(next_ids("points_lot_id_seq", sum(len(ones) for one in credits for ones in one.lots.values())))
    for posting, one in zip(postings, credits, strict=True):
        cause = one.cause
        rows.postings.append((posting, one.for_set_id, one.person_id, cause.kind, cause.id, one.occurred_at))
        written: list[WrittenEntry] = []
        made: list[WrittenLot] = []
        for account_id, news in sorted(one.lots.items()):
            entry = _entry(next(entries), accounts[account_id], news)
            written.append(entry)
            made.extend(WrittenLot(next(lots), entry.id, account_id, new, new.points) for new in news)
            if one.counts_as_activity:
                rows.active[account_id] = max(one.occurred_at, rows.active.get(account_id, one.occurred_at))
        _keep(rows, posting, written, made)
    return rows


def _entry(entry_id: int, account: Account, lots: Sequence[NewLot]) -> WrittenEntry:
    """The account goes on from here, as the next credit to it will find it."""
    points = sum(lot.points for lot in lots)
    if points <= 0:
        raise LedgerError("A move needs a positive number of points.")
    account.balance += points
    account.entry_count += 1
    account.lifetime_earned += points
    return WrittenEntry(entry_id, account.id, account.point_type_id, account.entry_count, points, account.balance)


def _keep(rows: _Rows, posting: int, entries: list[WrittenEntry], lots: list[WrittenLot]) -> None:
    if not entries:
        raise LedgerError("A posting moves at least one point.")
    rows.entries.extend((e.id, posting, e.account_id, e.number, e.amount, e.balance_after) for e in entries)
    for lot in lots:
        new = lot.new
        rows.lots.append(
            (
                *(lot.id, lot.account_id, lot.entry_id, new.earner_id, new.contributor_id, new.points),
                *(new.earned_at, new.available_at, new.expires_at, new.parent_id, new.origin_id),
            )
        )
    told = ",".join([f"[{e.point_type_id},{e.amount},{e.balance_after}]" for e in entries])
    rows.told.append(f'"[{told}]"')
    rows.done.append((posting, entries, lots))
