"""The rules in plain words, and the verbs that come with a sale: each changes the model or raises Refused."""

from datetime import datetime, timedelta
from typing import Any

from tests.stateful.climbing import GOLD
from tests.stateful.rewarding import (
    BUDGET,
    GRACE,
    LIMIT,
    MILES_DAYS,
    ODD,
    PRICE,
    TOLL,
    TOLL_FROM,
    VISIT_DAY_CAP,
    VISIT_DAYS,
    VISIT_POINTS,
    VISIT_TIMES,
    VOUCHER_FROM,
    VOUCHER_TIMES,
    Order,
    Rewards,
    Sale,
    day_of,
    end_after,
    require,
)


def require_time(at: datetime, now: datetime) -> None:
    require(now - GRACE <= at <= now + timedelta(minutes=5), "event_time_out_of_range")


def receive(world: Rewards, person: int, cents: int, at: datetime, now: datetime, *, color: str = "") -> int:
    """The number of the sale, which waits."""
    require_time(at, now)
    world.sales.append(Sale(person, cents, at, color))
    return len(world.sales) - 1


def process(world: Rewards, number: int, now: datetime) -> None:
    process_together(world, [number], now)


def process_together(world: Rewards, numbers: list[int], now: datetime) -> None:
    """Of one person each, and of one who shares a pool; so nobody's toll is another one's."""
    going = [one for one in numbers if not _fails(world, world.sales[one], now)]
    there = {one: world.spendable(world.sales[one].person, world.sales[one].at) for one in going}
    tolls = [one for one in going if world.sales[one].person in world.fans and world.sales[one].cents > TOLL_FROM]
    for number in going:
        _credit(world, number, now)
    for number in tolls:
        sale = world.sales[number]
        sale.drawn = world.draw(sale.person, min(TOLL, there[number]), sale.at)
        sale.drawn_at = world.place(sale.person)
    for number in going:
        _follow(world, world.sales[number], now)


def _fails(world: Rewards, sale: Sale, now: datetime) -> bool:
    """By the rule of its time; what failed by the odd one before asks it as it stands now."""
    if sale.cents == ODD and not _mended(world, sale, now):
        sale.status = "failed"
        return True
    return False


def _mended(world: Rewards, sale: Sale, now: datetime) -> bool:
    asked_at = now if sale.status == "failed" else sale.at
    return [mended for since, mended in world.odd if since <= asked_at][-1]


def _follow(world: Rewards, sale: Sale, now: datetime) -> None:
    """What comes besides points, by the visits there were before."""
    person, visits = sale.person, world.visits[sale.person]
    world.visits[person] = visits + 1
    if visits >= 2:
        world.fans.add(person)
    if sale.color:
        world.colors[person] = sale.color
    if visits == 4:
        world.climbers[person].give(GOLD, sale.at, now)
    if sale.cents >= VOUCHER_FROM and world.vouchers[person] < VOUCHER_TIMES:
        world.vouchers[person] += 1
    sale.status = "processed"
    world.climb(person, sale.at, now)


def _points(world: Rewards, sale: Sale, now: datetime) -> int:
    """Every effect with points, in order; how many of them end after two days."""
    person, euros = sale.person, sale.cents // 100
    rate = [one for one in world.basic if one[0] <= sale.at][-1][1]
    sale.given = [("miles", rate * euros), ("status", euros)]
    soon, day = 0, (person, day_of(sale.at))
    if world.visit_times[person] < VISIT_TIMES and world.visit_points[day] < VISIT_DAY_CAP:
        soon = min(VISIT_POINTS, VISIT_DAY_CAP - world.visit_points[day])
        world.visit_points[day] += soon
        world.visit_times[person] += 1
        sale.given.append(("miles", soon))
    if world.climbers[person].rung_at(sale.at) >= GOLD:
        # Half as much again of what was given so far.
        sale.given.append(("miles", sum(points for kind, points in sale.given if kind == "miles") // 2))
    spring = min(2 * (sale.cents // 1_000), BUDGET - world.spent)
    world.spent += spring
    sale.given.append(("miles", spring))
    if sale.cents == ODD and _mended(world, sale, now):
        sale.given.append(("miles", 1))
    sale.given = [one for one in sale.given if one[1]]
    return soon


def _credit(world: Rewards, number: int, now: datetime) -> None:
    sale = world.sales[number]
    soon = _points(world, sale, now)
    miles = sum(points for kind, points in sale.given if kind == "miles")
    made = [(miles - soon, MILES_DAYS), (soon, VISIT_DAYS)]
    lots = [
        world.credit(sale.person, points, sale.at, end_after(sale.at, days), number) for points, days in made if points
    ]
    world.repay(sale.person, [(lot, lot.points) for lot in lots])
    status = sum(points for kind, points in sale.given if kind == "status")
    if status:
        world.status[sale.person][number] = status


def process_waiting(world: Rewards, waiting: list[int], now: datetime) -> None:
    """Each person's in order of event time, the earliest of everybody together; but who shares a pool waits until
    nothing earlier waits in it, and a pool in which somebody waits is gone through before the others go on."""
    while waiting:
        wave, held = _wave(world, waiting)
        waiting = _processed(world, wave, waiting, now)
        while there := [one for one in waiting if world.place(world.sales[one].person) in held]:
            wave, _ = _wave(world, there)
            waiting = _processed(world, wave, waiting, now)


def _wave(world: Rewards, waiting: list[int]) -> tuple[list[int], set[Any]]:
    """The earliest of each line, and the pools in which somebody else's earliest has to wait."""
    in_order = sorted(waiting, key=lambda one: (world.sales[one].at, one))
    head: dict[Any, int] = {}
    for number in in_order:
        head.setdefault(world.place(world.sales[number].person), number)
    people: dict[Any, set[int]] = {}
    for number in in_order:
        people.setdefault(world.place(world.sales[number].person), set()).add(world.sales[number].person)
    wave = sorted(head.values(), key=lambda one: (world.sales[one].at, one))
    return wave, {place for place, who in people.items() if len(who) > 1}


def _processed(world: Rewards, wave: list[int], waiting: list[int], now: datetime) -> list[int]:
    """What still waits after it."""
    process_together(world, wave, now)
    return [one for one in waiting if one not in wave]


def reprocess(world: Rewards, number: int, now: datetime) -> None:
    require(world.sales[number].status == "failed", "not_failed")
    process(world, number, now)


# Returns.


def take_back(world: Rewards, number: int, cents: int | None, now: datetime) -> None:
    """A part of a sale, or without `cents` all that is left of it."""
    sale = world.sales[number]
    require(sale.returned < sale.cents, "already_returned")
    cents = sale.cents - sale.returned if cents is None else cents
    require(sale.returned + cents <= sale.cents, "return_too_large")
    in_full = sale.returned + cents == sale.cents
    require(in_full or sale.status != "failed", "not_returnable")
    sale.returned += cents
    back = _toll_due(sale)
    world.give_back(sale.person, back, sale.drawn_at, now)
    sale.toll_back += sum(points for _, points in back)
    for kind in ("miles", "status"):
        due = sum(_share(points, sale) for one, points in sale.given if one == kind) - sale.taken[kind]
        sale.taken[kind] += due
        if kind == "status" and due:
            world.status[sale.person][number] -= due
        elif due:
            _take_miles(world, number, due, now)
    world.climb(sale.person, sale.at, now)
    if in_full:
        sale.status = "reversed"


def _share(points: int, sale: Sale) -> int:
    return points * sale.returned // sale.cents


def _toll_due(sale: Sale) -> list[tuple[int, int]]:
    """The last points taken come back first."""
    due = _share(sum(points for _, points in sale.drawn), sale) - sale.toll_back
    skip, found = sale.toll_back, []
    for number, points in reversed(sale.drawn):
        passed = min(skip, points)
        skip -= passed
        part = min(due, points - passed)
        due -= part
        found += [(number, part)] if part else []
    return found


def _take_miles(world: Rewards, number: int, due: int, now: datetime) -> None:
    sale = world.sales[number]
    lots = [lot for lot in world.lots if lot.sale == number]
    for lot in sorted(lots, key=lambda one: (one.expires_at, one.earned_at, one.number), reverse=True):
        part = min(due, lot.points)
        lot.points -= part
        due -= part
    shortfall = min(due, max(0, sum(lot.expired for lot in lots) - sale.forgiven))
    sale.forgiven += shortfall
    due -= shortfall
    require(not due or world.policy != "refuse", "points_spent")
    if due and world.policy == "negative":
        world.debts.append([sale.person, due])


# Rewards.


def order(world: Rewards, person: int, quantity: int, now: datetime) -> None:
    had = sum(one.quantity for one in world.orders if one.person == person and one.status == "ordered")
    require(had + quantity <= LIMIT, "reward_limit_reached")
    drawn = world.draw(person, quantity * PRICE, now)
    require(quantity <= world.stock, "out_of_stock")
    world.stock -= quantity
    world.orders.append(Order(person, quantity, drawn, world.place(person)))


def cancel(world: Rewards, number: int, now: datetime) -> None:
    one = world.orders[number]
    require(one.status == "ordered", "order_wrong_status")
    one.status = "cancelled"
    world.stock += one.quantity
    world.give_back(one.person, list(reversed(one.drawn)), one.drawn_at, now)


def is_told(world: Rewards, person: int, drawn: list[tuple[int, int]]) -> bool:
    """Whether the model says where these points go back to: not where they were of somebody who went away since."""
    return all(world.lots[number].person in world.with_whom(person) for number, _ in drawn)
