"""The posting of a split: what a leaver takes of a shared set, and the rest where nobody shares it any more (1.9).

Everything is read behind the locks of all accounts concerned, worked out in memory and written by one posting:
the number of statements does not grow with the lots.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from common.actor import Actor
from points.accounts import account_for
from points.drafts import Posted
from points.inactivity import last_activities
from points.ledger import lock_accounts, post
from points.models import Debt, PointAccount, PointAccountSet
from points.moves import Carry, CarryDebt, Cause, Move, Take
from points.shares import Division, HeldPart, Leaving, SharedDebt, SharedLot, share_out
from points.uniting import OPEN_LOTS, follow_lots, tidy_holds
from programs.design import Design
from programs.models import PointKind

HELD_LOTS = """
SELECT h.account_id, h.id, b.lot_id, b.points, h.for_set_id, h.person_id
FROM points_hold h JOIN points_holdlot b ON b.hold_id = h.id
WHERE h.account_id = ANY(%s) AND h.status = 'open' AND h.expires_at > %s ORDER BY h.id, b.id
"""
LOTS_IN_REACH = """
SELECT account_id, id, remaining, contributor_id FROM points_lot
WHERE account_id = ANY(%(accounts)s) AND is_open AND (
    contributor_id = ANY(%(persons)s::bigint[]) OR (%(nobodys)s AND contributor_id IS NULL)
    OR id = ANY(%(held)s::bigint[]))
ORDER BY account_id, expires_at, earned_at, id
"""
FORSAKE = """
WITH gone AS (UPDATE points_lot SET contributor_id = NULL WHERE id = ANY(%(lots)s::bigint[]))
INSERT INTO points_lotcontributorchange (lot_id, old_contributor_id, posting_id, cause_kind, cause_id)
SELECT t.lot, t.old, %(posting)s, %(kind)s, %(cause)s FROM unnest(%(lots)s::bigint[], %(olds)s::bigint[]) AS t(lot, old)
"""


@dataclass(frozen=True, slots=True)
class Held:
    """Points of a lot in an open hold, and who placed it."""

    hold_id: int
    lot_id: int
    points: int
    for_set_id: int
    person_id: int | None


@dataclass(frozen=True, slots=True)
class Reach:
    """Of accounts that thousands use, what concerns one who leaves to `set_id`: their own lots and debts, lots they
    hold, and with `nobodys` what is nobody's. `person_ids` are all their records, `gone_ids` of people who left."""

    set_id: int
    person_ids: frozenset[int]
    nobodys: bool = False
    gone_ids: frozenset[int] = frozenset()


@dataclass(slots=True)
class SharedAccount:
    """What of an account is still undivided."""

    id: int
    lots: list[SharedLot] = field(default_factory=list)
    debts: list[SharedDebt] = field(default_factory=list)
    held: list[Held] = field(default_factory=list)

    def without(self, division: Division, holds: frozenset[int]) -> None:
        """What the division leaves; lots it forsakes are nobody's."""
        forsaken = frozenset(division.forsaken)
        self.lots = [
            SharedLot(lot.id, rest, None if lot.id in forsaken else lot.contributor_id)
            for lot in self.lots
            if (rest := lot.points - division.lots.get(lot.id, 0))
        ]
        self.debts = [
            SharedDebt(debt.id, debt.person_id, rest)
            for debt in self.debts
            if (rest := debt.points - division.debts.get(debt.id, 0))
        ]
        self.held = [part for part in self.held if part.hold_id not in holds]


class Dividing:
    """The accounts of a shared set and what became of them, until `post` writes it."""

    def __init__(
        self,
        from_set_id: int,
        to_set_ids: Sequence[int],
        *,
        design: Design,
        at: datetime,
        reach: Reach | None = None,
    ) -> None:
        """Locks the accounts of all sets; those missing at a receiver are opened. The caller holds the memberships.

        With a `reach` nothing else is read: enough where only who is in it takes something.
        """
        self.design, self.at = design, at
        sources = accounts_by_type(from_set_id)
        self.targets = _targets(to_set_ids, sources, design)
        every = {*sources.values(), *(pk for to in self.targets.values() for pk in to.values())}
        lock_accounts(every, program_id=design.program.pk)
        tidy_holds(sources.values(), at=at)
        self.shared = shared_accounts(sources, at=at, reach=reach)
        self.moves: list[Move] = []
        self.forsaken: dict[int, int | None] = {}
        self.followers: dict[int, list[int]] = {}

    def holds_of(self, set_id: int, person_ids: frozenset[int]) -> frozenset[int]:
        """The open holds that were placed for the own set, or by the person in a set of several."""
        held = (part for account in self.shared.values() for part in account.held)
        return frozenset(part.hold_id for part in held if part.for_set_id == set_id or part.person_id in person_ids)

    def give(self, to_set_id: int, *, person_id: int, leavings: Mapping[int, Leaving]) -> None:
        """The person's part of each point type named, by its terms; the person is the contributor of it from now on.

        Raises SharesNotCovered, HoldTooLarge.
        """
        for type_id in sorted(leavings.keys() & self.shared.keys()):
            account, leaving = self.shared[type_id], leavings[type_id]
            holds = self.holds_of(to_set_id, leaving.leaver_ids)
            parts = [HeldPart(h.hold_id, h.lot_id, h.points, h.hold_id in holds) for h in account.held]
            division = share_out(account.lots, account.debts, parts, leaving)
            self._move(account, type_id, to_set_id, division, contributor_id=person_id)
            self._follow(to_set_id, {part.hold_id for part in parts if part.by_leaver})
            gone = frozenset(division.forsaken)
            self.forsaken |= {lot.id: lot.contributor_id for lot in account.lots if lot.id in gone}
            account.without(division, holds)

    def give_rest(
        self, to_set_id: int, *, contributor_id: int | None = None, type_ids: Sequence[int] | None = None
    ) -> None:
        """All that is left, of the types named or of all; without a contributor each lot keeps its own."""
        for type_id in sorted(self.shared.keys() if type_ids is None else self.shared.keys() & set(type_ids)):
            account = self.shared[type_id]
            lots, debts = {lot.id: lot.points for lot in account.lots}, {debt.id: debt.points for debt in account.debts}
            rest = Division(lots, debts, ())
            self._move(account, type_id, to_set_id, rest, contributor_id=contributor_id)
            holds = {part.hold_id for part in account.held}
            self._follow(to_set_id, holds)
            account.without(rest, frozenset(holds))
            self.forsaken = {lot_id: old for lot_id, old in self.forsaken.items() if lot_id not in lots}

    def post(self, kind: str, *, for_set_id: int, person_id: int | None, cause: Cause, actor: Actor) -> Posted | None:
        """One posting whose legs sum to zero per point type; None where nothing moves."""
        posted = None
        if self.moves:
            posted = post(
                kind,
                program_id=self.design.program.pk,
                for_set_id=for_set_id,
                person_id=person_id,
                cause=cause,
                occurred_at=self.at,
                actor=actor,
                moves=self.moves,
            )
            self._let_holds_follow(posted)
        self._write_forsaken(posted, cause)
        return posted

    def _move(
        self, account: SharedAccount, type_id: int, to_set_id: int, division: Division, *, contributor_id: int | None
    ) -> None:
        target = self.targets[to_set_id][type_id]
        # In spending order, so that the entry's draws read as they were cut.
        takes = [Take(lot.id, division.lots[lot.id]) for lot in account.lots if lot.id in division.lots]
        if takes:
            self.moves.append(
                Carry(
                    account.id,
                    target,
                    division.points,
                    contributor_id=contributor_id,
                    takes=takes,
                    keeps_contributor=contributor_id is None,
                    repays=False,
                )
            )
        persons = {debt.id: debt.person_id for debt in account.debts}
        self.moves += [
            CarryDebt(account.id, target, points, debt_id, persons[debt_id])
            for debt_id, points in division.debts.items()
        ]

    def _follow(self, to_set_id: int, hold_ids: set[int]) -> None:
        if hold_ids:
            self.followers.setdefault(to_set_id, []).extend(sorted(hold_ids))

    def _let_holds_follow(self, posted: Posted) -> None:
        """Each to the child lots in the account it went to: a lot may have children in several."""
        for set_id, hold_ids in self.followers.items():
            accounts = set(self.targets[set_id].values())
            made = tuple(child for child in posted.children if child.account_id in accounts)
            follow_lots(replace(posted, children=made), holds=hold_ids)

    def _write_forsaken(self, posted: Posted | None, cause: Cause) -> None:
        if not self.forsaken:
            return
        asked: dict[str, Any] = {
            "lots": list(self.forsaken),
            "olds": list(self.forsaken.values()),
            "posting": posted.id if posted is not None else None,
            "kind": cause.kind,
            "cause": cause.id,
        }
        with connection.cursor() as cursor:
            cursor.execute(FORSAKE, asked)


def accounts_by_type(set_id: int) -> dict[int, int]:
    return dict(PointAccount.objects.filter(account_set=set_id).values_list("point_type_id", "pk"))


def shared_accounts(
    accounts: Mapping[int, int], *, at: datetime, reach: Reach | None = None
) -> dict[int, SharedAccount]:
    """By point type what is open on these accounts; it may be divided only behind their locks."""
    shared = {type_id: SharedAccount(pk) for type_id, pk in accounts.items()}
    by_account = {account.id: account for account in shared.values()}
    debts = Debt.objects.filter(account_id__in=by_account, remaining__gt=0).order_by("pk")
    with connection.cursor() as cursor:
        cursor.execute(HELD_LOTS, [list(by_account), at])
        for account_id, *held in cursor.fetchall():
            by_account[account_id].held.append(Held(*held))
        for account_id, *lot in _open_lots(cursor, by_account, reach):
            by_account[account_id].lots.append(SharedLot(*lot))
    if reach is not None:
        debts = debts.filter(Q(person__in=reach.person_ids | reach.gone_ids) | Q(person__isnull=True))
    for debt in debts:
        by_account[debt.account_id].debts.append(SharedDebt(debt.pk, debt.person_id, debt.remaining))
    return shared


def _open_lots(cursor: Any, accounts: Mapping[int, SharedAccount], reach: Reach | None) -> list[Any]:
    """In spending order. Where others hold lots of who leaves, lots of anybody may have to stand for them."""
    if reach is not None:
        parts = [part for account in accounts.values() for part in account.held]
        theirs = {one.lot_id for one in parts if one.person_id in reach.person_ids or one.for_set_id == reach.set_id}
        asked = {
            "accounts": list(accounts),
            "persons": sorted(reach.person_ids),
            "nobodys": reach.nobodys,
            "held": sorted(theirs),
        }
        cursor.execute(LOTS_IN_REACH, asked)
        lots: list[Any] = cursor.fetchall()
        if not {lot_id for _, lot_id, *_ in lots} & {one.lot_id for one in parts if one.lot_id not in theirs}:
            return lots
    cursor.execute(OPEN_LOTS, [list(accounts)])
    found: list[Any] = cursor.fetchall()
    return found


def debtors_of(set_id: int) -> set[int]:
    """Everyone who owes on an account of the set."""
    owing = Debt.objects.filter(account__account_set=set_id, remaining__gt=0, person__isnull=False)
    return set(owing.values_list("person_id", flat=True))


def clock_of(set_id: int) -> datetime | None:
    """The latest activity that points of the set live from: each part of it goes on from there."""
    account_ids = list(PointAccount.objects.filter(account_set_id=set_id).values_list("pk", flat=True))
    return max((last for last in last_activities(account_ids).values() if last is not None), default=None)


def _targets(set_ids: Sequence[int], sources: Mapping[int, int], design: Design) -> dict[int, dict[int, int]]:
    """Per receiving set its accounts by point type; types the set is younger than are opened."""
    found: dict[int, dict[int, int]] = {}
    for account_set in PointAccountSet.objects.filter(pk__in=set_ids).order_by("pk"):
        accounts = accounts_by_type(account_set.pk)
        for type_id in sources.keys() - accounts.keys():
            point_type = design.point_types[type_id]
            if not account_set.is_pool or point_type.kind == PointKind.REDEEMABLE:
                accounts[type_id] = account_for(account_set, point_type).pk
        found[account_set.pk] = accounts
    return found
