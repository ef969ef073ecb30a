"""Expiry: what is due, when, once, and the same by the batch as by the general form (domain 1.6)."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest import mock

import pytest
from django.db import connection, transaction

from common import clock
from gateway.models import Event
from points import expiry, ledger
from points.errors import InsufficientPoints
from points.expiry import Expired, ensure_not_rested, expire_account, expire_points
from points.models import Draw, Entry, Lot, PointAccount, PointAccountSet, Posting, PostingKind
from points.moves import Cause, Debit, Take
from programs.models import ExpiryPolicy, PointType, Program, ProgramStatus

from .moving_world import (
    NOW,
    SYSTEM,
    balance,
    balances,
    counted,
    day,
    design,
    give,
    left,
    make_program,
    make_set,
    make_type,
    prove,
)

GRACE = timedelta(days=3)


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def sky(db: None) -> Program:
    return make_program(late_grace=GRACE)


@pytest.fixture
def miles(sky: Program) -> PointType:
    return make_type(sky, is_default=True)


def spend(own: PointAccountSet, point_type: PointType, points: int, at: datetime = NOW) -> Any:
    with transaction.atomic():
        return ledger.post(
            "redeem",
            program_id=own.program_id,
            for_set_id=own.pk,
            person_id=None,
            cause=Cause("activity", 1),
            occurred_at=at,
            actor=SYSTEM,
            moves=[Debit(own.accounts.get(point_type=point_type).pk, points)],
        )


def test_only_what_is_left_of_a_lot_expires(miles, sky):
    own = make_set(sky)
    lot = give(own, miles, 100, until=day("2026-03-01"))
    spend(own, miles, 60, at=day("2026-02-20"))
    assert expire_points(sky, actor=SYSTEM) == 1
    posting = Posting.objects.get(kind="expire")
    entry = Entry.objects.get(posting=posting)
    assert (entry.amount, entry.balance_after, entry.number) == (-40, 0, 3)
    assert (balance(own, miles), left(lot)) == (0, [0])
    prove()


def test_a_lot_expires_late_grace_after_its_date_and_not_a_moment_before(miles, sky):
    own = make_set(sky)
    give(own, miles, 100, until=day("2026-03-01"))
    due = day("2026-03-01") + GRACE
    assert expire_points(sky, actor=SYSTEM, at=due - timedelta(microseconds=1)) == 0
    assert expire_points(sky, actor=SYSTEM, at=due) == 1
    posting = Posting.objects.get(kind="expire")
    assert (posting.occurred_at, posting.recorded_at) == (day("2026-03-01"), NOW)
    assert (posting.reason_code, posting.cause_kind, posting.cause_id) == ("date", "point_type", miles.pk)


def test_before_the_run_an_earlier_event_still_counts_and_a_later_one_finds_nothing(miles, sky):
    own = make_set(sky)
    give(own, miles, 100, until=day("2026-03-09"))
    with pytest.raises(InsufficientPoints):
        spend(own, miles, 10, at=day("2026-03-09"))
    spend(own, miles, 10, at=day("2026-03-09") - timedelta(microseconds=1))
    assert balance(own, miles) == 90


def test_one_posting_per_account_in_account_order_and_twice_changes_nothing(miles, sky):
    sets = [make_set(sky) for _ in range(3)]
    for own in reversed(sets):
        give(own, miles, 10, until=day("2026-03-01"))
        give(own, miles, 20, until=day("2026-03-02"))
        give(own, miles, 40)
    seen: list[Expired] = []
    assert expire_points(sky, actor=SYSTEM, progress=seen.append) == 3
    accounts = [own.accounts.get().pk for own in sets]
    assert [(one.account_id, one.points, one.lots) for one in seen] == [(pk, 30, 2) for pk in accounts]
    assert [one.posting_id for one in seen] == sorted(one.posting_id for one in seen)
    assert Posting.objects.get(pk=seen[0].posting_id).occurred_at == day("2026-03-02")
    before = counted(), balances()
    assert expire_points(sky, actor=SYSTEM) == 0
    assert (counted(), balances()) == before
    prove()


def test_a_run_that_broke_off_goes_on_where_it_stopped(miles, sky):
    sets = [make_set(sky) for _ in range(5)]
    for own in sets:
        give(own, miles, 10, until=day("2026-03-01"))

    def break_off(expired: Expired) -> None:
        if expired.account_id == sets[2].accounts.get().pk:
            raise KeyboardInterrupt

    with mock.patch.object(expiry, "ACCOUNTS_AT_ONCE", 1):
        with pytest.raises(KeyboardInterrupt):
            expire_points(sky, actor=SYSTEM, progress=break_off)
        assert [balance(own, miles) for own in sets] == [0, 0, 0, 10, 10]
        assert expire_points(sky, actor=SYSTEM) == 2
    assert [balance(own, miles) for own in sets] == [0] * 5
    assert Draw.objects.count() == 5
    prove()


def test_an_exempt_set_keeps_its_points_until_the_exemption_is_over(miles, sky):
    own = make_set(sky, exempt_until=day("2026-05-01"))
    lot = give(own, miles, 100, until=day("2026-03-01"))
    assert expire_points(sky, actor=SYSTEM, at=day("2026-05-01") + GRACE - timedelta(seconds=1)) == 0
    assert expire_points(sky, actor=SYSTEM, at=day("2026-05-01") + GRACE) == 1
    assert left(lot) == [0]
    assert Posting.objects.get(kind="expire").occurred_at == day("2026-05-01")


@pytest.mark.parametrize("status", [ProgramStatus.LOCKED, ProgramStatus.CLOSED, ProgramStatus.DRAFT])
def test_a_program_that_is_not_released_waits(status, miles, sky):
    own = make_set(sky)
    give(own, miles, 100, until=day("2026-03-01"))
    sky.status = status
    sky.save()
    assert expire_points(sky, actor=SYSTEM) == 0
    assert expire_account(own.accounts.get().pk, program_id=sky.pk, actor=SYSTEM) == []
    assert balance(own, miles) == 100


def test_other_programs_are_left_alone(miles, sky):
    sea = make_program("sea", late_grace=GRACE)
    shells = make_type(sea, "shells")
    ours, theirs = make_set(sky), make_set(sea)
    give(ours, miles, 10, until=day("2026-03-01"))
    give(theirs, shells, 10, until=day("2026-03-01"))
    assert expire_points(sky, actor=SYSTEM) == 1
    assert (balance(ours, miles), balance(theirs, shells)) == (0, 10)
    assert expire_points(actor=SYSTEM) == 1
    assert balance(theirs, shells) == 0


def test_the_batch_writes_the_rows_the_general_form_writes(miles, sky):
    """Two accounts alike, one by each form; nothing but ids may differ."""
    own, twin = make_set(sky), make_set(sky)
    for each in (own, twin):
        give(each, miles, 10, until=day("2026-03-01"))
        give(each, miles, 20, until=day("2026-03-02"))
        give(each, miles, 40)
        spend(each, miles, 5, at=day("2026-02-20"))
    account = own.accounts.get()
    lots = Lot.objects.filter(account=account, expires_at__isnull=False).order_by("expires_at")
    with transaction.atomic():
        ledger.post(
            PostingKind.EXPIRE,
            program_id=sky.pk,
            for_set_id=own.pk,
            person_id=None,
            cause=Cause("point_type", miles.pk),
            occurred_at=day("2026-03-02"),
            actor=SYSTEM,
            moves=[Debit(account.pk, 25, takes=[Take(lot.pk, lot.remaining) for lot in lots])],
            reason_code="date",
        )
    assert expire_points(sky, actor=SYSTEM) == 1
    assert rows_of(own) == rows_of(twin)
    assert rows_of(twin)["entry"] == [(5, -25, 40)]
    prove()


def rows_of(own: PointAccountSet) -> dict[str, Any]:
    """Everything an expiry of this set wrote or changed, without the ids that tell two sets apart."""
    posting = Posting.objects.get(kind="expire", for_set=own)
    account = PointAccount.objects.filter(account_set=own)
    event = Event.objects.get(kind="points.posted", subject_id=posting.pk)
    without = {"id", "for_set_id"}
    row = Posting.objects.filter(pk=posting.pk).values().get()
    return {
        "posting": {name: value for name, value in row.items() if name not in without},
        "entry": list(Entry.objects.filter(posting=posting).values_list("number", "amount", "balance_after")),
        "draws": sorted(Draw.objects.filter(posting=posting).values_list("amount", "lot__amount")),
        "lots": sorted(Lot.objects.filter(account__in=account).values_list("amount", "remaining")),
        "account": account.values_list(
            "balance", "entry_count", "debt", "lifetime_earned", "lifetime_redeemed", "last_activity_at", "closed"
        ).get(),
        "event": {name: value for name, value in event.facts.items() if name != "set"},
        "event_set": event.facts["set"] == own.pk,
        "event_program": event.program_id,
    }


# Points of a type that ends without activity.


@pytest.fixture
def lively(sky: Program) -> PointType:
    return make_type(sky, "lively", expiry_policy=ExpiryPolicy.INACTIVITY, expiry_length=3)


def test_without_activity_all_points_of_the_type_expire_after_the_months_and_the_grace(lively, sky):
    own = make_set(sky)
    give(own, lively, 60, earned_at=datetime(2025, 11, 30, 15, 0, tzinfo=UTC))
    give(own, lively, 40, earned_at=datetime(2025, 11, 1, 15, 0, tzinfo=UTC))
    # Three months after 30 November is the end of 28 February.
    due = day("2026-03-01") + GRACE
    assert expire_points(sky, actor=SYSTEM, at=due - timedelta(seconds=1)) == 0
    assert expire_points(sky, actor=SYSTEM, at=due) == 1
    posting = Posting.objects.get(kind="expire")
    assert (posting.occurred_at, posting.reason_code) == (day("2026-03-01"), "inactivity")
    assert balance(own, lively) == 0
    prove()


def test_activity_on_any_account_of_the_set_keeps_the_points(lively, miles, sky):
    own = make_set(sky)
    give(own, lively, 60, earned_at=day("2025-06-01"))
    give(own, miles, 1, earned_at=day("2026-02-01"))
    assert expire_points(sky, actor=SYSTEM) == 0
    assert balance(own, lively) == 60


def test_a_clock_carried_over_from_a_merged_set_keeps_the_points(lively, sky):
    own = make_set(sky, activity_at=day("2026-02-01"))
    give(own, lively, 60, earned_at=day("2025-06-01"))
    assert expire_points(sky, actor=SYSTEM) == 0


def test_where_nothing_counted_as_activity_the_months_run_from_the_first_entry(lively, sky):
    own, later = make_set(sky), make_set(sky)
    give(own, lively, 60, earned_at=day("2025-11-01"), active=False)
    give(later, lively, 60, earned_at=day("2026-01-01"), active=False)
    assert expire_points(sky, actor=SYSTEM) == 1
    assert (balance(own, lively), balance(later, lively)) == (0, 60)


def test_before_an_activity_starts_the_clock_anew_rested_points_expire_without_grace(lively, sky):
    own = make_set(sky)
    give(own, lively, 60, earned_at=day("2025-12-08"))
    account, ended = own.accounts.get(), day("2026-03-09")
    with transaction.atomic():
        early = ensure_not_rested(account.pk, design=design(sky), actor=SYSTEM, at=ended - timedelta(microseconds=1))
        assert early == []
        (done,) = ensure_not_rested(account.pk, design=design(sky), actor=SYSTEM, at=ended)
    assert done.points == 60
    assert balance(own, lively) == 0


def test_a_lot_with_a_date_keeps_it_when_its_type_turns_to_inactivity(lively, sky):
    own = make_set(sky)
    dated = give(own, lively, 60, earned_at=day("2025-06-01"), until=day("2026-12-01"))
    rest = give(own, lively, 40, earned_at=day("2025-06-01"))
    assert expire_points(sky, actor=SYSTEM) == 1
    assert left(dated, rest) == [60, 0]


# Expiry against spending, with real threads.


def collide(own: PointAccountSet, point_type: PointType, *, lock: bool) -> list[object]:
    """Spend all and expire all at once; what each of the two got."""
    sky = point_type.program
    ready = threading.Barrier(2)
    answers: list[object] = []

    def run(job: Any) -> None:
        ready.wait()
        try:
            answers.append(job())
        except Exception as error:  # noqa: BLE001 - whatever came out is the answer
            answers.append(error)
        finally:
            connection.close()

    jobs = [
        lambda: spend(own, point_type, 100, at=day("2026-02-28")).kind,
        lambda: ("expired", expire_points(sky, actor=SYSTEM)),
    ]
    threads = [threading.Thread(target=run, args=(job,)) for job in jobs]
    with mock.patch.object(expiry, "_lock", expiry._lock if lock else lambda accounts: None):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    return answers


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
def test_spending_and_expiry_at_once_take_every_point_exactly_once():
    program = make_program(late_grace=GRACE)
    miles = make_type(program)
    for _ in range(15):
        own = make_set(program)
        lot = give(own, miles, 100, until=day("2026-03-01"))
        answers = collide(own, miles, lock=True)
        spent = "redeem" in answers
        assert ("expired", 0 if spent else 1) in answers
        assert (balance(own, miles), left(lot)) == (0, [0])
        assert any(isinstance(one, InsufficientPoints) for one in answers) is not spent
    prove()


@pytest.mark.concurrency
@pytest.mark.django_db(transaction=True)
@pytest.mark.control
def test_without_the_lock_spending_and_expiry_do_collide():
    """The negative control: the statement reads lots that the other transaction is just drawing."""
    program = make_program(late_grace=GRACE)
    miles = make_type(program)
    broken = 0
    for _ in range(60):
        own = make_set(program)
        give(own, miles, 100, until=day("2026-03-01"))
        answers = collide(own, miles, lock=False)
        broken += any(isinstance(one, Exception) and not isinstance(one, InsufficientPoints) for one in answers)
        if broken:
            break
    assert broken
