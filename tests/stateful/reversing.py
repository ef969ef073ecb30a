"""Reversals on the model: what was credited is taken back, what was debited is given back, wholly or in parts."""

from datetime import datetime

from tests.stateful.model import FOR_EVER, QUALIFYING, Account, Ledger, Posting, Refused
from tests.stateful.verbs import require

LIFETIME = {"earn": "earned", "redeem": "redeemed", "capture": "redeemed"}
Takes = list[tuple[int, int]]


def reverse(ledger: Ledger, number: int, points: int | None, now: datetime) -> None:
    posting = ledger.postings[number]
    wanted = wanted_points(ledger, posting, points)
    taken = {
        code: take_back(ledger, posting, code, asked, now) for code, asked in wanted.items() if code in posting.made
    }
    back: dict[Account, Takes] = {}
    for code, asked in wanted.items():
        if code not in posting.drawn:
            continue
        takes = parents(ledger, taken[code][0]) if code in taken else last_drawn(posting, code, asked)
        if takes:
            back[posting.who, code] = takes
    for code, (takes, debt, shortfall) in taken.items():
        debit(ledger, posting, code, takes, debt, now)
        posting.shortfall[code] = posting.shortfall.get(code, 0) + shortfall
    for account, takes in back.items():
        give_back(ledger, posting, account, takes, now)
    for code, asked in wanted.items():
        posting.asked[code] = posting.asked.get(code, 0) + asked


def wanted_points(ledger: Ledger, posting: Posting, points: int | None) -> dict[str, int]:
    totals = {code: sum(ledger.lots[lot].amount for lot in lots) for code, lots in posting.made.items()}
    totals |= {code: sum(there for _, there in takes) for code, takes in posting.drawn.items()}
    left = {code: total - posting.asked.get(code, 0) for code, total in totals.items()}
    require(any(left.values()), "not_reversible")
    if points is None:
        return {code: there for code, there in left.items() if there}
    named = named_type(posting)
    require(points <= left[named], "not_reversible")
    so_far = totals[named] - left[named] + points
    wanted = {}
    for code, total in totals.items():
        # Half a point and more is a point.
        share = total if so_far >= totals[named] else (2 * total * so_far + totals[named]) // (2 * totals[named])
        wanted[code] = points if code == named else max(0, share - (total - left[code]))
    return {code: there for code, there in wanted.items() if there}


def named_type(posting: Posting) -> str:
    """The type that `points` of a part counts: what was spent, else what was given."""
    return next(iter(posting.drawn or posting.made))


def take_back(ledger: Ledger, posting: Posting, code: str, asked: int, now: datetime) -> tuple[Takes, int, int]:
    """(takes, debt, shortfall)"""
    lots = [(ledger.lots[lot].expires_at or FOR_EVER, ledger.lots[lot].earned_at, lot) for lot in posting.made[code]]
    takes, missing = [], asked
    for _, _, lot in sorted(lots, reverse=True):
        there = min(missing, ledger.free(lot, now))
        takes += [(lot, there)] if there else []
        missing -= there
    if posting.drawn:
        require(not missing, "points_spent")
        return takes, 0, 0
    if code == QUALIFYING:
        return takes, 0, missing
    ran_out = sum(ledger.lots[lot].expired for lot in posting.made[code]) - posting.shortfall.get(code, 0)
    shortfall = min(missing, max(0, ran_out))
    missing -= shortfall
    if missing and ledger.policy == "refuse":
        raise Refused("points_spent")
    return takes, missing if ledger.policy == "negative" else 0, shortfall


def parents(ledger: Ledger, takes: Takes) -> Takes:
    found: dict[int, int] = {}
    for lot, points in takes:
        parent = ledger.lots[lot].parent
        assert parent is not None
        found[parent] = found.get(parent, 0) + points
    return list(found.items())


def last_drawn(posting: Posting, code: str, points: int) -> Takes:
    """The next points in the reverse order of their drawing, after those that came back before."""
    skip, found = posting.asked.get(code, 0), []
    for lot, there in reversed(posting.drawn[code]):
        passed = min(skip, there)
        skip -= passed
        part = min(points, there - passed)
        points -= part
        found += [(lot, part)] if part else []
    return found


def debit(ledger: Ledger, posting: Posting, code: str, takes: Takes, debt: int, now: datetime) -> None:
    account = ledger.lots[posting.made[code][0]].account
    points = sum(there for _, there in takes) + debt
    if not points:
        return
    ledger.draw(account, takes, now)
    if debt:
        ledger.accounts[account].debts.append(debt)
    if LIFETIME.get(posting.kind) == "earned":
        ledger.accounts[account].earned -= points


def give_back(ledger: Ledger, posting: Posting, account: Account, takes: Takes, now: datetime) -> None:
    points = sum(there for _, there in takes)
    ended = {lot for lot, _ in takes if ledger.over(lot, now)}
    ledger.entry(account, now)
    posting.came_back += points
    for lot, there in takes:
        ledger.lots[lot].left += there
    if LIFETIME.get(posting.kind) == "redeemed":
        ledger.accounts[account].redeemed -= points
    # Points past their time repay no debt: they expire at once.
    ledger.repay(account, {lot: there for lot, there in takes if lot not in ended and ledger.lots[lot].usable(now)})
    ledger.expire(account, [(lot, there) for lot, there in takes if lot in ended], now)
