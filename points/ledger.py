"""The only writer of postings, entries, lots, draws, debts and balances (domain 1.6).

`post` is the general form: it locks the accounts in order of their ids, reads what the lock protects, works out
every row in memory and writes all of them by one statement. The online forms of earning and redeeming write the
same rows by the statements of `points.sql`; a test holds the two forms against each other.
"""

from collections.abc import Sequence
from datetime import datetime

from django.db import connection, transaction

from common import clock
from common.actor import Actor
from common.db import next_ids
from common.keys import take_key
from points import writing
from points.carrying import child_lots
from points.drafts import Account, Draft, NewDebt, Posted, WrittenChild, WrittenDraw, WrittenEntry, WrittenLot
from points.errors import AccountClosed, InsufficientPoints, LedgerError
from points.freezing import refuse_frozen
from points.models import Debt
from points.moves import (
    Carry,
    CarryDebt,
    Cause,
    Credit,
    Debit,
    GiveBack,
    Lifetime,
    Move,
    NewLot,
    Settle,
    Take,
    accounts_of,
)
from points.spending import choose_lots
from programs.design import design_of
from programs.models import ExpiryPolicy

# Every lot of a type with one of these has a date.
DATED = frozenset({ExpiryPolicy.ON_DATE, ExpiryPolicy.AFTER_DAYS, ExpiryPolicy.AFTER_MONTHS, ExpiryPolicy.TIER_PERIOD})

ACCOUNTS = """
SELECT a.id, a.point_type_id, a.balance, a.entry_count, a.debt, a.lifetime_earned, a.lifetime_redeemed, a.closed,
       s.exempt_until, a.frozen_until
FROM points_pointaccount a JOIN points_pointaccountset s ON s.id = a.account_set_id
WHERE a.id = ANY(%s) AND a.program_id = %s
ORDER BY a.id
FOR NO KEY UPDATE OF a
"""


def post(
    kind: str,
    *,
    program_id: int,
    for_set_id: int,
    person_id: int | None,
    cause: Cause,
    occurred_at: datetime,
    actor: Actor,
    moves: Sequence[Move],
    reason_code: str = "",
    reverses: int | None = None,
    part: int | None = None,
    counts_as_activity: bool = False,
    posting_id: int | None = None,
) -> Posted:
    """Write one posting with an entry per move, inside the caller's transaction.

    The caller holds the memberships' locks and has asked whether they may. The posting takes the request's
    Idempotency-Key. Raises InsufficientPoints, AccountClosed, SpendingFrozen; IntegrityError where a key or a
    reversal's part was used before.
    """
    if not connection.in_atomic_block:
        raise transaction.TransactionManagementError("post() belongs into a verb's transaction.")
    if not moves:
        raise LedgerError("A posting moves at least one point.")
    accounts = lock_accounts(accounts_of(moves), program_id=program_id)
    design = design_of(program_id)
    draft = Draft(design, person_id, occurred_at, clock.program_now(design.program), accounts)
    refuse_frozen(kind, moves, accounts, at=draft.now)
    for move in moves:
        _enter(draft, move)
    posted = Posted(
        id=posting_id or next_ids("points_posting_id_seq")[0],
        kind=kind,
        program_id=program_id,
        occurred_at=occurred_at,
        recorded_at=draft.now,
        reason_code=reason_code,
        reverses=reverses,
        entries=tuple(draft.entries),
        lots=tuple(draft.lots),
        children=tuple(draft.children),
        draws=tuple(draft.draws),
        shortfall={debt.account_id: debt.points for debt in draft.debts},
    )
    header = writing.Header(
        for_set_id, person_id, cause, actor.channel_id, actor.user_id, part, take_key(), counts_as_activity
    )
    return writing.write(posted, header, draft)


def lock_accounts(account_ids: set[int], *, program_id: int) -> dict[int, Account]:
    """The accounts by id, locked in ascending order; all must belong to the program."""
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS, [sorted(account_ids), program_id])
        accounts = {row[0]: Account(*row) for row in cursor.fetchall()}
    if len(accounts) != len(account_ids):
        raise LedgerError("An account of this posting belongs to another program or does not exist.")
    return accounts


def _enter(draft: Draft, move: Move) -> None:
    if move.points <= 0:
        raise LedgerError("A move needs a positive number of points.")
    account = draft.accounts[move.account_id]
    match move:
        case Credit():
            _credit(draft, account, move)
        case Debit():
            _debit(draft, account, move)
        case GiveBack():
            _give_back(draft, account, move)
        case Carry():
            _carry(draft, account, move)
        case CarryDebt():
            _carry_debt(draft, account, move)
        case Settle():
            _settle(draft, account, move.debt_id, move.points)


def _entry(draft: Draft, account: Account, amount: int, lifetime: Lifetime) -> WrittenEntry:
    account.balance += amount
    account.entry_count += 1
    if lifetime is Lifetime.EARNED:
        account.lifetime_earned += amount
    elif lifetime is Lifetime.REDEEMED:
        account.lifetime_redeemed -= amount
    entry = WrittenEntry(
        next_ids("points_entry_id_seq")[0],
        account.id,
        account.point_type_id,
        account.entry_count,
        amount,
        account.balance,
    )
    draft.entries.append(entry)
    return entry


def _refuse_closed(account: Account) -> None:
    if account.closed:
        raise AccountClosed(
            "The points of this membership are pooled: credit the pool instead.", facts={"account": account.id}
        )


def _credit(draft: Draft, account: Account, move: Credit) -> None:
    _refuse_closed(account)
    entry = _entry(draft, account, move.points, move.lifetime)
    ids = next_ids("points_lot_id_seq", len(move.lots))
    made = [WrittenLot(i, entry.id, account.id, lot, lot.points) for i, lot in zip(ids, move.lots, strict=True)]
    if move.repays and account.debt:
        usable = sorted(made, key=lambda lot: _spending_order(lot.id, lot.new))
        taken = _repay(draft, account, [(lot.id, lot.remaining) for lot in usable])
        made = [
            WrittenLot(lot.id, lot.entry_id, lot.account_id, lot.new, lot.remaining - taken.get(lot.id, 0))
            for lot in made
        ]
    draft.lots.extend(made)


def _spending_order(lot_id: int, lot: NewLot) -> tuple[bool, datetime, datetime, int]:
    return (lot.expires_at is None, lot.expires_at or lot.earned_at, lot.earned_at, lot_id)


def _debit(draft: Draft, account: Account, move: Debit) -> Sequence[Take]:
    if move.takes is not None:
        takes, covered, free = list(move.takes), sum(take.points for take in move.takes), None
    else:
        chosen = choose_lots(
            account.id,
            points=move.points,
            keep=0 if move.debt else account.debt,
            at=draft.occurred_at,
            now=draft.now,
            exempt_until=account.exempt_until,
            already=draft.lot_changes,
        )
        takes, covered, free = chosen.takes, chosen.covered, chosen.free
    short = move.points - covered
    if short < 0 or short > move.debt:
        raise InsufficientPoints(
            available=max(0, (covered if free is None else free) - account.debt),
            asked=move.points,
            point_type=draft.design.point_types[account.point_type_id].code,
        )
    entry = _entry(draft, account, -move.points, move.lifetime)
    for take in takes:
        draft.draws.append(WrittenDraw(entry.id, take.lot_id, take.points))
        draft.lot_changes[take.lot_id] = draft.lot_changes.get(take.lot_id, 0) + take.points
    if short:
        account.debt += short
        draft.debts.append(NewDebt(entry.id, account.id, move.debtor_id or draft.person_id, short))
    return takes


def _carry(draft: Draft, account: Account, move: Carry) -> None:
    target = _target(draft, account, move.to_account_id)
    takes = _debit(draft, account, Debit(account.id, move.points, takes=move.takes))
    if move.repays:
        lots = child_lots(takes, contributor_id=move.contributor_id, keeps_contributor=move.keeps_contributor)
        _credit(draft, target, Credit(target.id, lots))
        return
    # Nothing of the parents has to be known here, and there may be thousands.
    _refuse_closed(target)
    entry = _entry(draft, target, move.points, Lifetime.NONE)
    draft.children.extend(
        WrittenChild(i, entry.id, target.id, take.lot_id, take.points, move.contributor_id, move.keeps_contributor)
        for i, take in zip(next_ids("points_lot_id_seq", len(takes)), takes, strict=True)
    )


def _carry_debt(draft: Draft, account: Account, move: CarryDebt) -> None:
    target = _target(draft, account, move.to_account_id)
    _settle(draft, account, move.debt_id, move.points)
    owed = _entry(draft, target, -move.points, Lifetime.NONE)
    target.debt += move.points
    draft.debts.append(NewDebt(owed.id, target.id, move.person_id, move.points))


def _settle(draft: Draft, account: Account, debt_id: int, points: int) -> None:
    """The lot of the credit is drawn by the old debt as soon as it is there."""
    debt = Debt.objects.get(pk=debt_id, account_id=account.id)
    dated = draft.design.point_types[account.point_type_id].expiry_policy in DATED
    lot = NewLot(
        points,
        earned_at=draft.occurred_at,
        expires_at=draft.occurred_at if dated else None,
        earner_id=debt.person_id,
        contributor_id=debt.person_id,
    )
    entry = _entry(draft, account, points, Lifetime.NONE)
    made = WrittenLot(next_ids("points_lot_id_seq")[0], entry.id, account.id, lot, 0)
    draft.lots.append(made)
    draft.draws.append(WrittenDraw(debt.entry_id, made.id, points))
    draft.repaid[debt.pk] = draft.repaid.get(debt.pk, 0) + points
    account.debt -= points


def _target(draft: Draft, account: Account, to_account_id: int) -> Account:
    target = draft.accounts[to_account_id]
    if target.point_type_id != account.point_type_id:
        raise LedgerError("Points are carried to an account of the same type only.")
    return target


def _give_back(draft: Draft, account: Account, move: GiveBack) -> None:
    entry = _entry(draft, account, move.points, move.lifetime)
    for take in move.takes:
        draft.draws.append(WrittenDraw(entry.id, take.lot_id, -take.points))
        draft.lot_changes[take.lot_id] = draft.lot_changes.get(take.lot_id, 0) - take.points
    if account.debt and move.repays:
        lot_ids = [take.lot_id for take in move.takes]
        usable = writing.living_lots(lot_ids, at=draft.occurred_at, exempt_until=account.exempt_until)
        back = {take.lot_id: take.points for take in move.takes}
        for lot_id, points in _repay(draft, account, [(lot, back[lot]) for lot in usable]).items():
            draft.lot_changes[lot_id] += points


def _repay(draft: Draft, account: Account, lots: Sequence[tuple[int, int]]) -> dict[int, int]:
    """Let open debts draw from lots that just came in: the posting's person's first, then the oldest."""
    taken: dict[int, int] = {}
    debts = list(Debt.objects.filter(account_id=account.id, remaining__gt=0))
    debts.sort(key=lambda debt: (debt.person_id != draft.person_id, debt.pk))
    queue = [Take(lot_id, points) for lot_id, points in lots if points > 0]
    for debt in debts:
        owed = debt.remaining - draft.repaid.get(debt.pk, 0)
        while owed and queue:
            take = queue.pop(0)
            points = min(owed, take.points)
            if points < take.points:
                queue.insert(0, Take(take.lot_id, take.points - points))
            draft.draws.append(WrittenDraw(debt.entry_id, take.lot_id, points))
            taken[take.lot_id] = taken.get(take.lot_id, 0) + points
            draft.repaid[debt.pk] = draft.repaid.get(debt.pk, 0) + points
            account.debt -= points
            owed -= points
    return taken
