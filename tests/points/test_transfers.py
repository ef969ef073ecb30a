"""Transfers and donations: child lots, limits, refusals, and races between them (domain 1.6)."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from unittest import mock

import pytest
from django.db import OperationalError, transaction

from common import clock
from points import ledger
from points.drafts import Posted
from points.errors import InsufficientPoints
from points.models import Draw, Entry, Lot, PointAccountSet, Posting
from points.moves import Cause
from points.transfers import sent_in_year, transfer
from programs.design import forget_designs
from programs.models import ExpiryPolicy, PointKind, PointType, Program
from tests.threads import together

from .moving_world import (
    NOW,
    SYSTEM,
    balance,
    day,
    design,
    give,
    left,
    make_person,
    make_program,
    make_set,
    make_type,
    party,
    prove,
)
from .refusals import refused


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    forget_designs()
    with clock.frozen(NOW):
        yield
    forget_designs()


@pytest.fixture
def sky(db: None) -> Program:
    return make_program()


@pytest.fixture
def miles(sky: Program) -> PointType:
    return make_type(sky, is_default=True)


def send(
    point_type: PointType,
    points: int,
    giver: PointAccountSet,
    taker: PointAccountSet,
    *,
    at: datetime = NOW,
    donate: bool = False,
    **people: object,
) -> Posted:
    with transaction.atomic():
        return transfer(
            point_type,
            points=points,
            sender=party(giver, people.get("sender")),
            receiver=party(taker, people.get("receiver")),
            design=design(point_type.program),
            cause=Cause("membership", 1),
            occurred_at=at,
            actor=SYSTEM,
            donate=donate,
        )


def test_a_transfer_draws_nearest_expiry_first_and_makes_child_lots_with_the_parents_dates(miles, sky):
    emma, john = make_person("Emma"), make_person("John")
    giver, taker = make_set(sky), make_set(sky)
    never = give(giver, miles, 100, person=emma)
    late = give(giver, miles, 100, until=day("2026-06-01"), person=emma)
    soon = give(giver, miles, 100, until=day("2026-04-01"), person=emma)

    posted = send(miles, 150, giver, taker, sender=emma, receiver=john)

    assert left(soon, late, never) == [0, 50, 100]
    children = list(Lot.objects.filter(account__account_set=taker).order_by("id"))
    assert [(c.amount, c.remaining, c.expires_at, c.parent_id, c.origin_id) for c in children] == [
        (100, 100, day("2026-04-01"), soon.pk, soon.pk),
        (50, 50, day("2026-06-01"), late.pk, late.pk),
    ]
    assert {(c.earner_id, c.contributor_id, c.earned_at) for c in children} == {(emma.pk, john.pk, soon.earned_at)}
    assert (balance(giver, miles), balance(taker, miles)) == (150, 150)
    posting = Posting.objects.get(pk=posted.id)
    assert (posting.kind, posting.for_set_id, posting.person_id) == ("transfer", giver.pk, emma.pk)
    amounts = Entry.objects.filter(posting=posting).order_by("id").values_list("amount", "balance_after")
    assert list(amounts) == [(-150, 150), (150, 150)]
    assert list(Draw.objects.values_list("lot_id", "amount")) == [(soon.pk, 100), (late.pk, 50)]
    prove()


def test_a_lot_passed_on_twice_keeps_its_first_lot_as_origin(miles, sky):
    first, second, third = make_set(sky), make_set(sky), make_set(sky)
    earned = give(first, miles, 100)
    send(miles, 80, first, second)
    send(miles, 30, second, third)
    last = Lot.objects.get(account__account_set=third)
    assert (last.parent.parent_id, last.origin_id, last.amount) == (earned.pk, earned.pk, 30)
    prove()


def test_a_transfer_is_no_activity_of_either_side_and_counts_in_no_lifetime_figure(miles, sky):
    giver, taker = make_set(sky), make_set(sky)
    give(giver, miles, 100, earned_at=day("2026-01-05"))
    send(miles, 40, giver, taker)
    mine, theirs = giver.accounts.get(), taker.accounts.get()
    assert (mine.last_activity_at, theirs.last_activity_at) == (day("2026-01-05"), None)
    assert (mine.lifetime_redeemed, theirs.lifetime_earned) == (0, 0)


def test_a_donation_is_a_posting_of_its_own_kind(miles, sky):
    giver, taker = make_set(sky), make_set(sky)
    give(giver, miles, 100)
    assert send(miles, 100, giver, taker, donate=True).kind == "donate"
    assert (balance(giver, miles), balance(taker, miles)) == (0, 100)


def test_qualifying_points_are_not_transferred(sky):
    status = make_type(sky, "status", kind=PointKind.QUALIFYING)
    giver, taker = make_set(sky), make_set(sky)
    give(giver, status, 100)
    refused("not_transferable", lambda: send(status, 100, giver, taker))


def test_points_never_cross_programs(miles, sky):
    sea = make_program("sea")
    make_type(sea, is_default=True)
    giver, taker = make_set(sky), make_set(sea)
    give(giver, miles, 100)
    refused("different_program", lambda: send(miles, 100, giver, taker))


def test_a_transfer_inside_one_account_is_refused(miles, sky):
    giver = make_set(sky)
    give(giver, miles, 100)
    refused("same_account", lambda: send(miles, 100, giver, giver))


def test_more_than_is_available_is_refused_with_the_figures(miles, sky):
    giver, taker = make_set(sky), make_set(sky)
    give(giver, miles, 100)
    give(giver, miles, 50, until=day("2026-03-01"), earned_at=day("2026-01-01"))
    error = refused("insufficient_points", lambda: send(miles, 101, giver, taker))
    assert error.facts == {"available": 100, "asked": 101, "point_type": "miles"}


@pytest.mark.parametrize(("points", "name"), [(9, "minimum"), (101, "maximum")])
def test_the_program_limits_one_transfer(points, name):
    program = make_program(transfer_minimum=10, transfer_maximum=100)
    miles = make_type(program)
    giver, taker = make_set(program), make_set(program)
    give(giver, miles, 1000)
    error = refused("transfer_limit", lambda: send(miles, points, giver, taker))
    assert error.facts[name] == {"minimum": 10, "maximum": 100}[name]
    send(miles, 10, giver, taker)
    send(miles, 100, giver, taker)
    assert balance(taker, miles) == 110


test_the_program_limits_one_transfer = pytest.mark.django_db(test_the_program_limits_one_transfer)


@pytest.mark.django_db
def test_the_yearly_limit_counts_the_calendar_year_in_the_programs_zone():
    program = make_program(transfer_year_limit=100, time_zone="Europe/Berlin")
    miles = make_type(program)
    giver, taker = make_set(program), make_set(program)
    give(giver, miles, 1000, earned_at=day("2025-06-01"))
    # 23:30 UTC on New Year's Eve is the new year in Berlin already.
    send(miles, 70, giver, taker, at=datetime(2025, 12, 31, 22, 30, tzinfo=UTC))
    send(miles, 60, giver, taker, at=datetime(2025, 12, 31, 23, 30, tzinfo=UTC), donate=True)
    assert sent_in_year(giver.pk, design=design(program), at=NOW) == 60
    error = refused("transfer_limit", lambda: send(miles, 41, giver, taker))
    assert error.facts == {"points": 41, "sent": 60, "year_limit": 100}
    send(miles, 40, giver, taker)
    assert (balance(giver, miles), balance(taker, miles)) == (830, 170)


def test_a_debt_of_the_sender_cannot_be_given_away_and_the_receivers_is_repaid(miles, sky):
    giver, taker = make_set(sky), make_set(sky)
    give(giver, miles, 100)
    give(taker, miles, 20)
    owe(giver, miles, 130)
    give(giver, miles, 70)
    owe(taker, miles, 50)
    assert (balance(giver, miles), balance(taker, miles)) == (40, -30)
    error = refused("insufficient_points", lambda: send(miles, 41, giver, taker))
    assert error.facts["available"] == 40
    send(miles, 35, giver, taker)
    account = taker.accounts.get()
    assert (account.balance, account.debt) == (5, 0)
    assert left(*Lot.objects.filter(account=account).order_by("id")) == [0, 5]
    prove()


def owe(account_set: PointAccountSet, point_type: PointType, points: int) -> None:
    account = account_set.accounts.get(point_type=point_type)
    with transaction.atomic():
        ledger.post(
            "adjust",
            program_id=account_set.program_id,
            for_set_id=account_set.pk,
            person_id=None,
            cause=Cause("adjustment", 1),
            occurred_at=NOW,
            actor=SYSTEM,
            moves=[ledger.Debit(account.pk, points, debt=points)],
            reason_code="correction",
        )


@pytest.mark.django_db
def test_neither_side_may_have_been_without_activity_too_long():
    program = make_program()
    miles = make_type(program, expiry_policy=ExpiryPolicy.INACTIVITY, expiry_length=3)
    rested, lively, new = make_set(program), make_set(program), make_set(program)
    give(rested, miles, 100, earned_at=day("2025-11-01"))
    give(lively, miles, 100, earned_at=day("2026-02-01"))
    error = refused("account_rested", lambda: send(miles, 10, rested, lively))
    assert error.facts["ended_at"] == "2026-02-02T00:00:00+00:00"
    refused("account_rested", lambda: send(miles, 10, lively, rested))
    send(miles, 10, lively, new)
    assert balance(new, miles) == 10


# Races, with real threads on committed rows.


def many(times: int, do: Callable[[], object]) -> Callable[[], list[object]]:
    def job() -> list[object]:
        answers: list[object] = []
        for _ in range(times):
            try:
                answers.append(do())
            except OperationalError as error:
                return [*answers, error]
        return answers

    return job


def failures(answers: list[object]) -> list[object]:
    flat = [one for each in answers for one in (each if isinstance(each, list) else [each])]
    return [one for one in flat if isinstance(one, Exception)]


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_of_twelve_parallel_transfers_of_everything_exactly_one_succeeds():
    program = make_program()
    miles = make_type(program)
    giver, taker = make_set(program), make_set(program)
    give(giver, miles, 100)
    answers = together(*[lambda: send(miles, 100, giver, taker)] * 12)
    assert sum(isinstance(one, Posted) for one in answers) == 1
    assert sum(isinstance(one, InsufficientPoints) for one in answers) == 11
    assert (balance(giver, miles), balance(taker, miles)) == (0, 100)
    prove()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_crossing_transfers_never_meet_in_a_deadlock():
    program = make_program()
    miles = make_type(program)
    one, other = make_set(program), make_set(program)
    give(one, miles, 1000)
    give(other, miles, 1000)
    jobs = [many(20, lambda: send(miles, 3, one, other)), many(20, lambda: send(miles, 5, other, one))] * 4
    assert failures(together(*jobs)) == []
    assert (balance(one, miles), balance(other, miles)) == (1000 - 240 + 400, 1000 + 240 - 400)
    prove()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_a_ring_of_transfers_ends_where_it_began():
    program = make_program()
    miles = make_type(program)
    ring = [make_set(program) for _ in range(8)]
    for account_set in ring:
        give(account_set, miles, 500)
    pairs = [(ring[i], ring[(i + 1) % 8]) for i in range(8)]
    jobs = [many(15, lambda pair=pair: send(miles, 7, *pair)) for pair in pairs]
    assert failures(together(*jobs)) == []
    assert [balance(account_set, miles) for account_set in ring] == [500] * 8
    prove()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
@pytest.mark.control
def test_without_the_order_of_locks_crossing_transfers_do_meet():
    """The negative control of the two tests before: accounts locked as they are named."""
    program = make_program()
    miles = make_type(program)
    one, other = make_set(program), make_set(program)
    give(one, miles, 10_000)
    give(other, miles, 10_000)

    def lock_as_named(account_ids: set[int], *, program_id: int) -> dict[int, object]:
        name = threading.current_thread().name
        return {
            account_id: lock_in_order({account_id}, program_id=program_id)[account_id]
            for account_id in sorted(account_ids, reverse=name.endswith("back"))
        }

    def backwards(do: Callable[[], object]) -> Callable[[], object]:
        def job() -> object:
            threading.current_thread().name += "back"
            return do()

        return job

    lock_in_order = ledger.lock_accounts
    there, back = many(200, lambda: send(miles, 3, one, other)), many(200, lambda: send(miles, 5, other, one))
    with mock.patch.object(ledger, "lock_accounts", lock_as_named):
        answers = together(there, backwards(back))
    assert failures(answers) != []
