"""The verbs on the model: each changes it, or raises Refused with the code channels would read."""

from datetime import date, datetime, time, timedelta

from tests.stateful.model import (
    ADJUSTMENT_DAY,
    ADJUSTMENT_LIMIT,
    GRACE,
    INACTIVITY,
    QUALIFYING,
    RATES,
    REDEMPTION_LIMIT,
    TRANSFER_MAXIMUM,
    TRANSFER_MINIMUM,
    ZONE,
    Account,
    Adjustment,
    Hold,
    Ledger,
    Lot,
    Posting,
    Refused,
    dates_of,
    midnight_after,
)


def require(condition: bool, code: str) -> None:
    if not condition:
        raise Refused(code)


def new_lot(account: Account, points: int, at: datetime, *, pending: bool) -> Lot:
    available_at, expires_at = dates_of(account[1], at)
    return Lot(account, points, points, at, available_at if pending else None, expires_at)


def require_time(at: datetime, now: datetime) -> None:
    require(now - GRACE <= at <= now + timedelta(minutes=5), "event_time_out_of_range")


def earn(ledger: Ledger, account: Account, points: int, at: datetime, now: datetime) -> None:
    require_time(at, now)
    require(account[0] not in ledger.suspended, "membership_not_able")
    ledger.activity(account[0], at, now)
    made = ledger.credit([new_lot(account, points, at, pending=True)], at)
    ledger.accounts[account].earned += points
    ledger.postings.append(Posting("earn", account[0], at, made={account[1]: made}))


def redeem(ledger: Ledger, account: Account, points: int, at: datetime, now: datetime) -> None:
    who, code = account
    require_time(at, now)
    require(who not in ledger.suspended, "membership_not_able")
    require(code != QUALIFYING, "not_redeemable")
    require(points <= REDEMPTION_LIMIT, "limit_exceeded")
    ledger.activity(who, at, now)
    takes = ledger.choose(account, points, at, now)
    ledger.draw(account, takes, at)
    ledger.accounts[account].redeemed += points
    ledger.postings.append(Posting("redeem", who, at, drawn={code: takes}))


def hold(ledger: Ledger, account: Account, points: int, seconds: int, now: datetime) -> None:
    require(account[1] != QUALIFYING, "not_redeemable")
    require(account[0] not in ledger.suspended, "membership_not_able")
    ledger.refuse_rested(account, now)
    takes = ledger.choose(account, points, now, now)
    ledger.holds.append(Hold(account, takes, now + timedelta(seconds=seconds)))


def capture(ledger: Ledger, number: int, points: int | None, now: datetime) -> None:
    held = ledger.holds[number]
    require(held.in_force(now), "hold_not_open")
    points = held.points if points is None else points
    require(1 <= points <= held.points, "capture_too_large")
    taken, rest = [], []
    for lot, there in sorted(held.takes, key=lambda take: ledger.spending_order(take[0])):
        part = min(points, there)
        points -= part
        taken += [(lot, part)] if part else []
        rest += [(lot, there - part)] if part < there else []
    freed = [(lot, there) for lot, there in rest if ledger.over(lot, now)]
    # While the hold still counts, what is in it does not end with the rest of a set without activity.
    ledger.activity(held.account[0], now, now)
    held.status = "captured"
    ledger.draw(held.account, taken, now)
    ledger.accounts[held.account].redeemed += sum(there for _, there in taken)
    ledger.postings.append(Posting("capture", held.account[0], now, drawn={held.account[1]: taken}))
    ledger.expire(held.account, freed, now)


def release(ledger: Ledger, number: int, now: datetime) -> None:
    held = ledger.holds[number]
    require(held.in_force(now), "hold_not_open")
    held.status = "released"
    ledger.expire(held.account, [take for take in held.takes if ledger.over(take[0], now)], now)


def tidy_holds(ledger: Ledger, now: datetime) -> int:
    over = [hold for hold in ledger.holds if hold.status == "open" and hold.expires_at <= now]
    for one in over:
        one.status = "lapsed"
    return len(over)


def transfer(ledger: Ledger, giver: int, taker: int, code: str, points: int, now: datetime, *, donate: bool) -> None:
    require(code != QUALIFYING, "not_transferable")
    require(giver != taker, "same_account")
    require(not {giver, taker} & ledger.suspended, "membership_not_able")
    require(not donate or taker == ledger.beneficiary, "not_beneficiary")
    require(TRANSFER_MINIMUM <= points <= TRANSFER_MAXIMUM, "transfer_limit")
    year = now.astimezone(ZONE).year
    sent = sum(
        sum(there for _, there in posting.drawn[posting_code]) - posting.came_back
        for posting in ledger.postings
        for posting_code in posting.drawn
        if posting.kind in ("transfer", "donate") and posting.who == giver and posting.at.astimezone(ZONE).year == year
    )
    require(ledger.year_limit is None or sent + points <= ledger.year_limit, "transfer_limit")
    source, target = (giver, code), (taker, code)
    ledger.refuse_rested(source, now)
    ledger.refuse_rested(target, now)
    takes = ledger.choose(source, points, now, now)
    ledger.draw(source, takes, now)
    children = [child(ledger, lot, there, target) for lot, there in takes]
    made = ledger.credit(children, now)
    kind = "donate" if donate else "transfer"
    ledger.postings.append(Posting(kind, giver, now, drawn={code: takes}, made={code: made}))


def child(ledger: Ledger, parent: int, points: int, account: Account) -> Lot:
    lot = ledger.lots[parent]
    return Lot(account, points, points, lot.earned_at, lot.available_at, lot.expires_at, parent)


def convert(ledger: Ledger, who: int, pair: tuple[str, str], points: int, now: datetime) -> None:
    require(who not in ledger.suspended, "membership_not_able")
    require(pair in RATES, "no_conversion_rate")
    numerator, denominator = RATES[pair]
    gained = points * numerator // denominator
    require(gained >= 1, "conversion_too_small")
    source, target = ((who, code) for code in pair)
    ledger.refuse_rested(source, now)
    ledger.refuse_rested(target, now)
    takes = ledger.choose(source, points, now, now)
    ledger.draw(source, takes, now)
    made = ledger.credit([new_lot(target, gained, now, pending=False)], now)
    ledger.postings.append(Posting("convert", who, now, drawn={pair[0]: takes}, made={pair[1]: made}))


def adjust(ledger: Ledger, account: Account, points: int, requester: int, now: datetime) -> None:
    require_covered(ledger, account, points, now)
    today = datetime.combine(now.astimezone(ZONE).date(), time.min, tzinfo=ZONE)
    alone = [one for one in ledger.adjustments if one.alone and one.status == "posted" and one.at >= today]
    by_account = sum(abs(one.points) for one in alone if one.account[0] == account[0])
    by_requester = sum(abs(one.points) for one in alone if one.requester == requester)
    size = abs(points)
    waits = size > ADJUSTMENT_LIMIT or max(by_account, by_requester) + size > ADJUSTMENT_DAY
    ledger.adjustments.append(Adjustment(account, points, requester, now, "waiting", alone=not waits))
    if not waits:
        post_adjustment(ledger, len(ledger.adjustments) - 1, now)


def require_covered(ledger: Ledger, account: Account, points: int, now: datetime) -> None:
    ledger.refuse_rested(account, now)
    if points < 0:
        ledger.choose(account, -points, now, now)


def post_adjustment(ledger: Ledger, number: int, now: datetime) -> None:
    one = ledger.adjustments[number]
    posting = Posting("adjust", one.account[0], now)
    if one.points > 0:
        posting.made[one.account[1]] = ledger.credit([new_lot(one.account, one.points, now, pending=False)], now)
    else:
        takes = posting.drawn[one.account[1]] = ledger.choose(one.account, -one.points, now, now)
        ledger.draw(one.account, takes, now)
    one.status = "posted"
    ledger.postings.append(posting)


def decide(ledger: Ledger, number: int, approver: int, now: datetime, *, approve: bool) -> None:
    one = ledger.adjustments[number]
    require(one.status == "waiting", "adjustment_decided")
    require(one.requester != approver, "not_allowed")
    if not approve:
        one.status = "refused"
        return
    require_covered(ledger, one.account, one.points, now)
    post_adjustment(ledger, number, now)


def expire_run(ledger: Ledger, now: datetime) -> None:
    until = now - GRACE
    for account in ledger.accounts:
        dated = [(lot, ledger.lots[lot].expires_at) for lot in ledger.lots_of(account)]
        due = [(lot, ledger.free(lot, now)) for lot, end in dated if end is not None and end <= until]
        ledger.expire(account, due, until)
        if account[1] == INACTIVITY:
            ledger.expire_rested(account, until, now)


def extend(ledger: Ledger, number: int, last_day: date, now: datetime) -> None:
    lot, until = ledger.lots[number], midnight_after(last_day)
    require(lot.left > 0 and lot.expires_at is not None, "lot_not_extendable")
    require(lot.expires_at is not None and until > max(lot.expires_at, now), "lot_not_extendable")
    lot.expires_at = until


def suspend(ledger: Ledger, who: int) -> None:
    require(who not in ledger.suspended, "membership_status")
    ledger.suspended.add(who)


def reinstate(ledger: Ledger, who: int) -> None:
    require(who in ledger.suspended, "membership_status")
    ledger.suspended.remove(who)
