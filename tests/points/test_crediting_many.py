"""Crediting many accounts by one statement: the rows are those of post(), and what is not plain goes through post()."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.transaction import TransactionManagementError

from common import clock
from common.keys import carrying_key
from gateway.models import Event
from points.accounts import account_for, accounts_for
from points.crediting_many import PlainCredit, credit_many
from points.drafts import Posted
from points.errors import AccountClosed, LedgerError
from points.ledger import post
from points.models import Debt, Draw, Entry, Lot, PointAccount, PointAccountSet, Posting
from points.moves import Cause, Credit, Debit, Lifetime, NewLot
from programs.design import design_of
from programs.models import PointKind, PointType, Program
from tests.queries import asked

from .moving_world import NOW, SYSTEM, give, make_person, make_program, make_set, make_type, prove

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def at_noon() -> Iterator[None]:
    with clock.frozen(NOW):
        yield


@pytest.fixture
def sky(db: None) -> Program:
    return make_program()


@pytest.fixture
def miles(sky: Program) -> PointType:
    return make_type(sky, is_default=True)


@pytest.fixture
def status(sky: Program) -> PointType:
    return make_type(sky, "status", kind=PointKind.QUALIFYING)


def lot(points: int, person: int | None = None, *, days: int | None = None, pending: int | None = None) -> NewLot:
    return NewLot(
        points,
        earned_at=NOW - timedelta(days=1),
        available_at=None if pending is None else NOW + timedelta(days=pending),
        expires_at=None if days is None else NOW + timedelta(days=days),
        earner_id=person,
        contributor_id=person,
    )


def credit(own: PointAccountSet, number: int, lots: dict[PointAccount, list[NewLot]], **values: Any) -> PlainCredit:
    """By activity `number`, an event of yesterday."""
    given = {account.pk: ones for account, ones in lots.items()}
    return PlainCredit(own.pk, values.pop("person", None), Cause("activity", number), NOW - timedelta(days=1), given)


def credited(*credits: PlainCredit) -> list[Posted]:
    with transaction.atomic():
        return credit_many(credits, program_id=_program(credits), actor=SYSTEM)


def posted(*credits: PlainCredit) -> list[Posted]:
    """The same, one by one through the general form."""
    with transaction.atomic():
        return [
            post(
                "earn",
                program_id=_program(credits),
                for_set_id=one.for_set_id,
                person_id=one.person_id,
                cause=one.cause,
                occurred_at=one.occurred_at,
                actor=SYSTEM,
                moves=[Credit(account, lots, Lifetime.EARNED) for account, lots in sorted(one.lots.items())],
                counts_as_activity=one.counts_as_activity,
            )
            for one in credits
        ]


def _program(credits: Sequence[PlainCredit]) -> int:
    return PointAccountSet.objects.values_list("program_id", flat=True).get(pk=credits[0].for_set_id)


def written() -> dict[str, list[Any]]:
    """Every row of the ledger without the ids it drew; postings are known by their causes."""
    cause = dict(Posting.objects.values_list("pk", "cause_id"))
    entry = {e.pk: (e.account_id, e.number) for e in Entry.objects.all()}
    lots = {one.pk: (entry[one.entry_id], one.amount, one.expires_at) for one in Lot.objects.all()}
    return {
        "postings": sorted(
            _plain(Posting.objects.values(), "id", "key_digest")
            + [{"key": row} for row in Posting.objects.exclude(key_digest=None).values_list("cause_id", "ordinal")],
            key=str,
        ),
        "entries": sorted(
            [(cause[e.posting_id], *entry[e.pk], e.amount, e.balance_after) for e in Entry.objects.all()]
        ),
        "lots": sorted(
            [row | {"entry_id": entry[row["entry_id"]]} for row in _plain(Lot.objects.values(), "id")], key=str
        ),
        "draws": sorted(
            [(entry[d.entry_id], lots[d.lot_id], cause[d.posting_id], d.amount) for d in Draw.objects.all()], key=str
        ),
        "debts": sorted((entry[d.entry_id], d.person_id, d.amount, d.remaining) for d in Debt.objects.all()),
        "events": sorted(
            [(e.program_id, e.kind, cause[e.subject_id], e.facts) for e in Event.objects.filter(kind="points.posted")],
            key=str,
        ),
        "accounts": list(PointAccount.objects.order_by("pk").values()),
    }


def _plain(rows: Any, *without: str) -> list[dict[str, Any]]:
    return [{name: value for name, value in row.items() if name not in without} for row in rows]


def both_ways(*credits: PlainCredit) -> dict[str, list[Any]]:
    """What the general form wrote, after it was undone and the form for many wrote the same."""
    with transaction.atomic():
        posted(*credits)
        in_general = written()
        transaction.set_rollback(True)
    credited(*credits)
    assert written() == in_general
    prove()
    return in_general


def test_many_credits_write_the_rows_of_as_many_postings(sky: Program, miles: PointType, status: PointType) -> None:
    emma, john = make_person(), make_person("John Miller")
    one, two = make_set(sky), make_set(sky)
    give(one, miles, 50)
    rows = both_ways(
        credit(
            one,
            11,
            {
                account_for(one, miles): [lot(100, emma.pk, days=30), lot(7, emma.pk, days=60, pending=3)],
                account_for(one, status): [lot(40, emma.pk)],
            },
            person=emma.pk,
        ),
        credit(two, 12, {account_for(two, miles): [lot(5, john.pk)]}, person=john.pk),
    )
    assert [(row[0], row[3], row[4]) for row in rows["entries"] if row[0] != 1] == [
        (11, 107, 157),
        (11, 40, 40),
        (12, 5, 5),
    ]
    account = account_for(one, miles)
    assert (account.balance, account.entry_count, account.lifetime_earned) == (157, 2, 107)
    assert account.last_activity_at == NOW - timedelta(days=1)


def test_what_was_written_is_told_like_a_posting(sky: Program, miles: PointType) -> None:
    own = make_set(sky)
    (told,) = credited(credit(own, 11, {account_for(own, miles): [lot(100, days=9)]}))
    posting, entry, made = Posting.objects.get(), Entry.objects.get(), Lot.objects.get()
    assert (told.id, told.kind, told.recorded_at) == (posting.pk, "earn", posting.recorded_at)
    assert [(e.id, e.account_id, e.point_type_id, e.number, e.amount, e.balance_after) for e in told.entries] == [
        (entry.pk, entry.account_id, miles.pk, 1, 100, 100)
    ]
    assert [(one.id, one.entry_id, one.remaining) for one in told.lots] == [(made.pk, entry.pk, 100)]


def test_credits_to_one_account_count_on_from_each_other(sky: Program, miles: PointType) -> None:
    pool, one, two = make_set(sky), make_set(sky), make_set(sky)
    shared = account_for(pool, miles)
    both_ways(credit(one, 11, {shared: [lot(10)]}), credit(two, 12, {shared: [lot(20)]}))
    entries = Entry.objects.filter(account=shared).order_by("number")
    assert [(e.number, e.amount, e.balance_after) for e in entries] == [(1, 10, 10), (2, 20, 30)]


def test_an_event_that_counts_for_nothing_leaves_the_clock_of_inactivity(sky: Program, miles: PointType) -> None:
    own = make_set(sky)
    one = credit(own, 11, {account_for(own, miles): [lot(10)]})
    both_ways(replace(one, counts_as_activity=False))
    assert account_for(own, miles).last_activity_at is None


def test_an_earlier_event_does_not_set_the_last_activity_back(sky: Program, miles: PointType) -> None:
    own = make_set(sky)
    give(own, miles, 50, earned_at=NOW - timedelta(hours=1))
    both_ways(credit(own, 11, {account_for(own, miles): [lot(10)]}))
    assert account_for(own, miles).last_activity_at == NOW - timedelta(hours=1)


def test_a_debt_is_repaid_as_by_one_posting_and_the_others_go_on_behind_it(sky: Program, miles: PointType) -> None:
    emma = make_person()
    pool, other = make_set(sky), make_set(sky)
    owing, plain = account_for(pool, miles), account_for(other, miles)
    with transaction.atomic():
        post(
            "adjust",
            program_id=sky.pk,
            for_set_id=pool.pk,
            person_id=emma.pk,
            cause=Cause("activity", 1),
            occurred_at=NOW,
            actor=SYSTEM,
            moves=[Debit(owing.pk, 30, debt=30)],
        )
    credited(
        credit(other, 12, {plain: [lot(5)]}),
        credit(pool, 11, {owing: [lot(100, emma.pk)], plain: [lot(1)]}, person=emma.pk),
        credit(other, 13, {plain: [lot(7)]}),
    )
    prove()
    assert [(d.amount, d.remaining) for d in Debt.objects.all()] == [(30, 0)]
    assert (account_for(pool, miles).balance, account_for(pool, miles).debt) == (70, 0)
    entries = Entry.objects.filter(account=plain).order_by("number").values_list("posting__cause_id", "balance_after")
    assert list(entries) == [(11, 1), (12, 6), (13, 13)]


def test_a_closed_account_refuses_and_nothing_of_the_others_is_written(sky: Program, miles: PointType) -> None:
    own, pooled = make_set(sky), make_set(sky)
    PointAccount.objects.filter(account_set=pooled).update(closed=True)
    before = written()
    with pytest.raises(AccountClosed):
        credited(
            credit(own, 11, {account_for(own, miles): [lot(5)]}),
            credit(pooled, 12, {account_for(pooled, miles): [lot(5)]}),
        )
    assert written() == before


@pytest.mark.parametrize("points", [0, -5])
def test_a_credit_of_nothing_or_less_is_refused(sky: Program, miles: PointType, points: int) -> None:
    own = make_set(sky)
    with pytest.raises(LedgerError):
        credited(credit(own, 11, {account_for(own, miles): [lot(points)]}))
    with pytest.raises(LedgerError):
        credited(credit(own, 11, {}))
    assert written()["postings"] == []


def test_an_account_of_another_program_is_refused(sky: Program, miles: PointType) -> None:
    own, foreign = make_set(sky), make_set(make_program("sea"))
    theirs = account_for(foreign, make_type(foreign.program, "shells"))
    with pytest.raises(LedgerError, match="another program"):
        credited(credit(own, 11, {theirs: [lot(5)]}))
    assert written()["postings"] == []


def test_the_first_posting_keeps_the_key_of_the_request(sky: Program, miles: PointType) -> None:
    own = make_set(sky)
    account = account_for(own, miles)
    with carrying_key(b"k" * 32, 3):
        credited(credit(own, 11, {account: [lot(5)]}), credit(own, 12, {account: [lot(5)]}))
    kept = [(p.cause_id, p.key_digest and bytes(p.key_digest), p.ordinal) for p in Posting.objects.order_by("pk")]
    assert kept == [(11, b"k" * 32, 3), (12, None, 0)]


def test_a_hundred_credits_take_as_many_statements_as_one(sky: Program, miles: PointType) -> None:
    sets = [make_set(sky) for _ in range(100)]
    credits = [credit(own, i, {account_for(own, miles): [lot(1)]}) for i, own in enumerate(sets, start=1)]
    design_of(sky.pk)
    with transaction.atomic(), asked() as asked_for:
        credit_many(credits, program_id=sky.pk, actor=SYSTEM)
    assert len([sql for sql in asked_for if "INSERT" in sql]) == 1
    assert len([sql for sql in asked_for if "FOR NO KEY UPDATE" in sql]) == 1
    assert len(asked_for) <= 3
    assert PointAccount.objects.filter(balance=1, entry_count=1).count() == 100


def test_outside_a_transaction_nothing_is_credited() -> None:
    with pytest.raises(TransactionManagementError):
        _outside()


def _outside() -> None:
    inside = connection.in_atomic_block
    connection.in_atomic_block = False
    try:
        credit_many([], program_id=1, actor=SYSTEM)
    finally:
        connection.in_atomic_block = inside


def test_missing_accounts_are_opened_by_one_statement_and_found_again(sky: Program, miles: PointType) -> None:
    one, two = make_set(sky), make_set(sky)
    young = make_type(sky, "young")
    there = account_for(one, young).pk
    wanted = [(one.pk, miles.pk), (one.pk, young.pk), (two.pk, young.pk)]
    with asked() as sent:
        found = accounts_for(wanted, program_id=sky.pk)
    assert set(found) == set(wanted)
    assert found[(one.pk, young.pk)] == there
    assert found[(two.pk, young.pk)] == account_for(two, young).pk
    assert len([sql for sql in sent if "INSERT" in sql]) == 1
    assert accounts_for(wanted, program_id=sky.pk) == found
