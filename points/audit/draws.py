"""Did every debit draw the right lots? Replayed per account in the order of its entries (domain 1.6).

Nearest expiry first, then oldest: before a debit takes from a lot, or leaves a debt, every lot that comes earlier
and could be spent must be empty but for what holds keep. What is uncertain counts in favour of the debit: a hold
that began or ended within a minute of it, one that a change moved to another account since, and a lot past its time
in a set that a tier exempts.
"""

from bisect import insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from common.audit import Invariant, Row, Scope, query
from points.audit.sources import SOURCES

# These choose lots themselves; all other debits name theirs, or take them from a hold.
CHOOSING = ("redeem", "transfer", "donate", "convert", "adjust")
# Times are read as microseconds since 1970: to make a datetime of each costs more than all the rest.
MARGIN = 60_000_000
FOR_EVER = 1 << 62
ACCOUNTS_AT_ONCE = 5_000


def _micros(time: str) -> str:
    return f"(extract(epoch FROM {time}) * 1000000)::bigint"


# Accounts where a lot was drawn while one that comes before it was drawn later or is open, or before it could give, or
# where debts, moved dates or returned points make that too simple. In all others the order is right already: a hold
# matters only where its own lots were drawn meanwhile, for who passed a held lot over is found by the order.
SUSPECTS = f"""
drawn AS (
    SELECT d.lot_id, min(e.number) AS first, max(e.number) AS last,
        bool_or(d.amount < 0 OR d.posting_id <> e.posting_id) AS odd,
        min(p.occurred_at) FILTER (WHERE p.kind IN {CHOOSING}) AS earliest
    FROM draw d JOIN points_entry e ON e.id = d.entry_id JOIN points_posting p ON p.id = d.posting_id GROUP BY 1
), walked AS (
    SELECT l.account_id, d.first, d.odd OR d.first <= m.number OR l.available_at > d.earliest AS odd,
        max(CASE WHEN l.remaining > 0 THEN 9223372036854775807 ELSE d.last END) OVER (
            PARTITION BY l.account_id ORDER BY l.expires_at, l.earned_at, l.id
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before
    FROM lot l JOIN points_entry m ON m.id = l.entry_id LEFT JOIN drawn d ON d.lot_id = l.id
), suspect AS (
    SELECT account_id FROM walked WHERE first IS NOT NULL AND (odd OR first < before)
    UNION SELECT account_id FROM debt
    UNION SELECT l.account_id FROM draw d JOIN points_lot l ON l.id = d.lot_id
        JOIN points_holdlot b ON b.lot_id = d.lot_id JOIN points_hold h ON h.id = b.hold_id
        JOIN points_posting p ON p.id = d.posting_id
        WHERE p.kind IN {CHOOSING} AND p.recorded_at >= h.occurred_at + interval '1 minute'
            AND p.recorded_at < LEAST(h.expires_at, h.ended_at) - interval '1 minute'
    UNION SELECT l.account_id FROM points_lotdatechange c JOIN lot l ON l.id = c.lot_id
)
SELECT a.id, a.entry_count, s.exempt_until IS NOT NULL, t.expiry_policy = 'inactivity' FROM suspect
JOIN points_pointaccount a ON a.id = suspect.account_id JOIN points_pointaccountset s ON s.id = a.account_set_id
JOIN programs_pointtype t ON t.id = a.point_type_id ORDER BY a.id
"""  # noqa: S608 - names of our own
DEBITS = f"""
SELECT e.account_id, e.number, e.id, {_micros("p.occurred_at")}, {_micros("p.recorded_at")}, coalesce(o.amount, 0)
FROM points_entry e JOIN points_posting p ON p.id = e.posting_id LEFT JOIN points_debt o ON o.entry_id = e.id
WHERE e.account_id = ANY(%(chunk)s::bigint[]) AND e.amount < 0 AND p.kind IN {CHOOSING}
ORDER BY e.account_id, e.number
"""  # noqa: S608 - names of our own
# By way of the entries: lots that are used up have no index by account.
LOTS = f"""
SELECT e.account_id, e.number, l.id, l.amount, {_micros("l.earned_at")}, {_micros("l.available_at")},
    {_micros("l.expires_at")}
FROM points_entry e JOIN points_lot l ON l.entry_id = e.id WHERE e.account_id = ANY(%(chunk)s::bigint[])
"""  # noqa: S608 - names of our own
# A repaid debt was drawn when the later credit was posted: there the draw has its place.
DRAWS = """
SELECT e.account_id, CASE WHEN e.posting_id = d.posting_id THEN e.number ELSE (
    SELECT max(c.number) FROM points_entry c WHERE c.posting_id = d.posting_id AND c.account_id = e.account_id) END,
    d.entry_id, d.lot_id, d.amount
FROM points_entry e JOIN points_draw d ON d.entry_id = e.id WHERE e.account_id = ANY(%(chunk)s::bigint[])
"""
# Likewise: a lot that is on another account than its entry is for P04 to tell.
HELD = f"""
SELECT e.account_id, l.id, b.points, {_micros("h.occurred_at")}, {_micros("LEAST(h.expires_at, h.ended_at)")}
FROM points_hold h JOIN points_holdlot b ON b.hold_id = h.id JOIN points_lot l ON l.id = b.lot_id
JOIN points_entry e ON e.id = l.entry_id AND e.account_id = h.account_id WHERE h.account_id = ANY(%(chunk)s::bigint[])
"""  # noqa: S608 - names of our own
# A change moves holds along: which lots they kept before, nobody knows any more. Accounts are linked by such postings.
MOVED = f"""
WITH RECURSIVE linked (account_id, other_id) AS (
    SELECT c.id, c.id FROM unnest(%(chunk)s::bigint[]) AS c(id)
    UNION
    SELECT k.account_id, o.account_id FROM linked k JOIN points_pointaccount a ON a.id = k.account_id
    JOIN points_entry e ON e.account_id = k.other_id
    JOIN points_posting p ON p.id = e.posting_id AND p.kind IN ('merge', 'split', 'undo')
    JOIN points_entry o ON o.posting_id = p.id
    JOIN points_pointaccount b ON b.id = o.account_id AND b.point_type_id = a.point_type_id
)
SELECT k.account_id, h.points, {_micros("h.occurred_at")}, {_micros("LEAST(h.expires_at, h.ended_at)")}
FROM linked k JOIN points_hold h ON h.account_id = k.other_id WHERE k.other_id <> k.account_id
"""  # noqa: S608 - names of our own
DATES = f"""
SELECT e.account_id, l.id, {_micros("c.recorded_at")}, {_micros("c.old_expires_at")} FROM points_lotdatechange c
JOIN points_lot l ON l.id = c.lot_id JOIN points_entry e ON e.id = l.entry_id
WHERE e.account_id = ANY(%(chunk)s::bigint[]) ORDER BY c.id
"""  # noqa: S608 - names of our own


@dataclass(slots=True, eq=False)
class _Lot:
    id: int
    left: int
    earned_at: int
    available_at: int | None
    expires_at: int
    held: list[tuple[int, int, int]] = field(default_factory=list)
    dates: list[tuple[int, int]] = field(default_factory=list)
    order: tuple[int, int, int] = (FOR_EVER, FOR_EVER, 0)

    def expiry(self, recorded_at: int) -> int:
        """Its date as it was then: that before the first change recorded later."""
        return next((old for changed_at, old in self.dates if changed_at > recorded_at), self.expires_at)

    def kept(self, at: int, *, surely: bool) -> int:
        """Points in holds that were in force, surely or possibly."""
        margin = MARGIN if surely else -MARGIN
        return sum(points for points, start, end in self.held if start + margin <= at < end - margin)


@dataclass(frozen=True, slots=True)
class _Debit:
    entry_id: int
    occurred_at: int
    recorded_at: int
    debt: int


@dataclass(slots=True)
class _Account:
    """The events of an account by entry number, and its lots as they stand while they are replayed."""

    exempt: bool
    inactivity: bool
    debits: dict[int, _Debit] = field(default_factory=dict)
    made: dict[int, list[_Lot]] = field(default_factory=lambda: defaultdict(list))
    draws: dict[int, list[tuple[int, int, int]]] = field(default_factory=lambda: defaultdict(list))
    lots: dict[int, _Lot] = field(default_factory=dict)
    open: list[_Lot] = field(default_factory=list)
    moved: list[tuple[int, int, int]] = field(default_factory=list)
    redated: bool = False

    def replay(self) -> Iterator[Row]:
        for number in sorted(self.made.keys() | self.draws.keys() | self.debits.keys()):
            debit = self.debits.get(number)
            if debit is not None:
                yield from self._judge(debit, self.draws.get(number, ()))
            for lot in self.made.get(number, ()):
                self._add(lot)
            for _, lot_id, amount in self.draws.get(number, ()):
                self._draw(lot_id, amount)

    def _add(self, lot: _Lot) -> None:
        lot.order = (lot.expires_at, lot.earned_at, lot.id)
        insort(self.open, lot, key=attrgetter("order"))

    def _draw(self, lot_id: int, amount: int) -> None:
        lot = self.lots.get(lot_id)
        if lot is None:
            return  # Its entry is not of this account, which P04 tells.
        was_open, lot.left = lot.left > 0, lot.left - amount
        if was_open and lot.left <= 0:
            self.open.remove(lot)
        elif not was_open and lot.left > 0:
            self._add(lot)

    def _judge(self, debit: _Debit, draws: Sequence[tuple[int, int, int]]) -> Iterator[Row]:
        took = {lot_id: amount for entry_id, lot_id, amount in draws if entry_id == debit.entry_id}
        passed_over, passed, elsewhere = None, 0, self._moved_since(debit.recorded_at)
        for lot in self._in_order(debit):
            taken = took.pop(lot.id, 0)
            if taken and passed_over is not None:
                yield debit.entry_id, f"drew lot {lot.id} while lot {passed_over} came first"
                return
            if taken and not self._may_give(lot, taken, debit):
                yield debit.entry_id, f"drew {taken} of lot {lot.id}, which could not give them"
                return
            passed += max(0, self._surely_free(lot, debit) - taken)
            if passed_over is None and passed > elsewhere:
                passed_over = lot.id
            if not took and not debit.debt:
                return
        if took:
            yield debit.entry_id, f"drew lot {min(took)}, which had nothing left"
        elif debit.debt and passed_over is not None and not self.inactivity:
            yield debit.entry_id, f"left a debt of {debit.debt} while lot {passed_over} had points"

    def _moved_since(self, at: int) -> int:
        """Points of holds that may have kept lots of this account then and were moved to another one by a change."""
        return sum(points for points, start, end in self.moved if start - MARGIN <= at < end + MARGIN)

    def _in_order(self, debit: _Debit) -> Sequence[_Lot]:
        if not self.redated:
            return self.open
        return sorted(self.open, key=lambda lot: (lot.expiry(debit.recorded_at), lot.earned_at, lot.id))

    def _may_give(self, lot: _Lot, points: int, debit: _Debit) -> bool:
        if lot.available_at is not None and lot.available_at > debit.occurred_at:
            return False
        if lot.expiry(debit.recorded_at) <= debit.occurred_at and not self.exempt:
            return False
        return points <= lot.left - lot.kept(debit.recorded_at, surely=True)

    def _surely_free(self, lot: _Lot, debit: _Debit) -> int:
        if lot.available_at is not None and lot.available_at > debit.occurred_at:
            return 0
        if lot.expiry(debit.recorded_at) <= debit.occurred_at:
            return 0
        return lot.left - lot.kept(debit.recorded_at, surely=False)


def wrong_draws(scope: Scope) -> Iterator[Row]:
    """(entry id, what is wrong) of every debit that drew other lots than the rule says."""
    limited = ", ".join(source.sql(scope) for source in SOURCES if source.name in ("draw", "lot", "debt", "hold"))
    for chunk in _chunks(query(f"WITH {limited}, {SUSPECTS}", scope)):
        for account in _load(chunk, scope):
            yield from account.replay()


def _chunks(rows: Sequence[Any]) -> Iterator[list[Any]]:
    """Accounts in order, so many at a time that their lots fit into memory."""
    chunk: list[Any] = []
    entries = 0
    for row in rows:
        chunk.append(row)
        entries += row[1]
        if len(chunk) >= ACCOUNTS_AT_ONCE or entries >= 10 * ACCOUNTS_AT_ONCE:
            yield chunk
            chunk, entries = [], 0
    if chunk:
        yield chunk


def _load(chunk: Sequence[Any], scope: Scope) -> list[_Account]:
    accounts = {row[0]: _Account(exempt=row[2], inactivity=row[3]) for row in chunk}
    for account_id, number, entry_id, occurred_at, recorded_at, debt in query(DEBITS, scope, chunk=list(accounts)):
        accounts[account_id].debits[number] = _Debit(entry_id, occurred_at, recorded_at, debt)
    choosing = {account_id: account for account_id, account in accounts.items() if account.debits}
    for account_id, number, lot_id, amount, earned_at, available_at, expires_at in query(
        LOTS, scope, chunk=list(choosing)
    ):
        lot = _Lot(lot_id, amount, earned_at, available_at, expires_at or FOR_EVER)
        choosing[account_id].made[number].append(lot)
        choosing[account_id].lots[lot_id] = lot
    _load_changes(choosing, scope)
    return list(choosing.values())


def _load_changes(accounts: dict[int, _Account], scope: Scope) -> None:
    ids = list(accounts)
    for account_id, number, entry_id, lot_id, amount in query(DRAWS, scope, chunk=ids):
        if number is not None:
            accounts[account_id].draws[number].append((entry_id, lot_id, amount))
    for account_id, lot_id, points, start, end in query(HELD, scope, chunk=ids):
        accounts[account_id].lots[lot_id].held.append((points, start, end))
    for account_id, points, start, end in query(MOVED, scope, chunk=ids):
        accounts[account_id].moved.append((points, start, end))
    for account_id, lot_id, changed_at, old in query(DATES, scope, chunk=ids):
        accounts[account_id].lots[lot_id].dates.append((changed_at, old or FOR_EVER))
        accounts[account_id].redated = True


INVARIANTS = (
    Invariant(
        "P11",
        "lots",
        "debits drew the lots that expire first, then the oldest",
        "Members may have lost points to expiry: extend the lot that was passed over, and find out who drew unlocked.",
        find=wrong_draws,
        limits_itself=True,
    ),
)
