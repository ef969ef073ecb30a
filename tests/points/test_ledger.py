"""post(): every row of a posting, and what it refuses."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.transaction import TransactionManagementError

from common import clock
from common.keys import carrying_key
from gateway.models import Event
from memberships.models import Membership
from points.errors import AccountClosed, InsufficientPoints, LedgerError
from points.ledger import post
from points.models import Debt, Draw, Entry, Lot, PointAccount, PointAccountSet, Posting
from points.moves import Cause, Credit, Debit, GiveBack, Lifetime, NewLot, Take
from tests.factories import ACTOR, account_of, counted, lots_of, make_membership, member_of

pytestmark = pytest.mark.django_db
TABLES = (Posting, Entry, Lot, Draw, Debt, Event)


def posting(membership: Membership, kind: str, *moves: Any, **values: Any) -> Any:
    with transaction.atomic():
        return post(
            kind,
            program_id=membership.program_id,
            for_set_id=membership.own_set_id,
            person_id=member_of(membership),
            cause=Cause("run", 1),
            occurred_at=values.pop("at", clock.now()),
            actor=ACTOR,
            moves=moves,
            **values,
        )


def credit(membership: Membership, points: int, *, days: int | None = None, **values: Any) -> Any:
    """`points` earned now that expire in so many days."""
    now = clock.now()
    expires_at = None if days is None else now + timedelta(days=days)
    lot = NewLot(points, earned_at=now, expires_at=expires_at)
    return posting(membership, "earn", Credit(account_of(membership).pk, [lot], Lifetime.EARNED), **values)


def debit(membership: Membership, points: int, **values: Any) -> Any:
    move = Debit(account_of(membership).pk, points, lifetime=Lifetime.REDEEMED, debt=values.pop("debt", 0))
    return posting(membership, "redeem", move, **values)


def test_a_credit_makes_one_entry_one_lot_one_event_and_the_balance(michael_adams: Membership) -> None:
    before = counted(*TABLES)
    posted = credit(michael_adams, 300)
    account = account_of(michael_adams)
    entry = Entry.objects.get(posting_id=posted.id)
    assert counted(*TABLES) == before | {name: before[name] + 1 for name in ("Posting", "Entry", "Lot", "Event")}
    assert (entry.number, entry.amount, entry.balance_after) == (1, 300, 300)
    assert (account.balance, account.entry_count, account.debt, account.lifetime_earned) == (300, 1, 0, 300)
    assert lots_of(michael_adams) == [(300, 300)]
    event = Event.objects.get(kind="points.posted", subject_id=posted.id)
    assert event.facts == {
        "kind": "earn", "set": michael_adams.own_set_id, "entries": [[account.point_type_id, 300, 300]]
    }  # fmt: skip


def test_a_debit_draws_nearest_expiry_first_and_leaves_the_never_lot(michael_adams: Membership) -> None:
    for points, days in ((100, 100), (100, 70), (100, None)):
        credit(michael_adams, points, days=days)
    posted = debit(michael_adams, 150)
    assert lots_of(michael_adams) == [(100, 0), (100, 50), (100, 100)]
    assert [draw.points for draw in posted.draws] == [100, 50]
    account = account_of(michael_adams)
    assert (account.balance, account.lifetime_redeemed, account.lifetime_earned) == (150, 150, 300)


def test_of_two_lots_of_one_date_the_older_goes_first(michael_adams: Membership) -> None:
    now = clock.now()
    expires_at = now + timedelta(days=10)
    account = account_of(michael_adams).pk
    young = NewLot(10, earned_at=now, expires_at=expires_at)
    old = NewLot(20, earned_at=now - timedelta(days=1), expires_at=expires_at)
    posting(michael_adams, "earn", Credit(account, [young, old]))
    debit(michael_adams, 15)
    assert lots_of(michael_adams) == [(20, 5), (10, 10)]


def test_more_than_fifty_lots_are_drawn_when_fifty_do_not_suffice(michael_adams: Membership) -> None:
    now = clock.now()
    lots = [NewLot(1, earned_at=now, expires_at=now + timedelta(days=day)) for day in range(1, 71)]
    posting(michael_adams, "earn", Credit(account_of(michael_adams).pk, lots))
    debit(michael_adams, 60)
    assert [left for _, left in lots_of(michael_adams)] == [0] * 60 + [1] * 10


def test_points_past_their_time_or_pending_are_not_drawn_and_nothing_changes(michael_adams: Membership) -> None:
    now = clock.now()
    account = account_of(michael_adams).pk
    late = NewLot(100, earned_at=now - timedelta(days=9), expires_at=now - timedelta(days=1))
    pending = NewLot(50, earned_at=now, available_at=now + timedelta(days=1))
    posting(michael_adams, "earn", Credit(account, [late, pending, NewLot(7, earned_at=now)]))
    before = counted(*TABLES), lots_of(michael_adams)
    with pytest.raises(InsufficientPoints) as refused:
        debit(michael_adams, 8)
    assert refused.value.facts == {"available": 7, "asked": 8, "point_type": "miles"}
    assert (counted(*TABLES), lots_of(michael_adams)) == before


def test_an_event_before_the_expiry_still_draws_the_lot(michael_adams: Membership) -> None:
    now = clock.now()
    late = NewLot(100, earned_at=now - timedelta(days=9), expires_at=now - timedelta(hours=1))
    posting(michael_adams, "earn", Credit(account_of(michael_adams).pk, [late]))
    debit(michael_adams, 40, at=now - timedelta(hours=2))
    assert lots_of(michael_adams) == [(100, 60)]


def test_what_no_lot_covers_becomes_debt_of_the_person_where_allowed(michael_adams: Membership) -> None:
    credit(michael_adams, 60)
    posted = debit(michael_adams, 100, debt=40)
    account = account_of(michael_adams)
    debt = Debt.objects.get()
    assert (account.balance, account.debt) == (-40, 40)
    assert (debt.amount, debt.remaining, debt.person_id) == (40, 40, member_of(michael_adams))
    assert posted.shortfall == {account.pk: 40}


def test_a_later_credit_repays_the_debt_visibly(michael_adams: Membership) -> None:
    credit(michael_adams, 60)
    owed = debit(michael_adams, 100, debt=40)
    repaid = credit(michael_adams, 100)
    account = account_of(michael_adams)
    assert (account.balance, account.debt) == (60, 0)
    assert lots_of(michael_adams) == [(60, 0), (100, 60)]
    draw = Draw.objects.get(posting_id=repaid.id)
    assert (draw.entry.posting_id, draw.lot.entry.posting_id, draw.amount) == (owed.id, repaid.id, 40)
    assert Debt.objects.get().remaining == 0


def test_the_own_debt_is_repaid_before_an_older_one_of_another_person(michael_adams: Membership) -> None:
    other = member_of(make_membership(michael_adams.program, "John Miller"))
    account = account_of(michael_adams).pk
    for person in (other, member_of(michael_adams)):
        with transaction.atomic():
            post(
                "reverse", program_id=michael_adams.program_id, for_set_id=michael_adams.own_set_id, person_id=person,
                cause=Cause("run", 1), occurred_at=clock.now(), actor=ACTOR, moves=[Debit(account, 30, debt=30)],
                reverses=credit(michael_adams, 1).id, part=1,
            )  # fmt: skip
    credit(michael_adams, 30)
    # The first debit found one point and owes 29, of which the second single point repaid one.
    assert {debt.person_id: debt.remaining for debt in Debt.objects.all()} == {other: 28, member_of(michael_adams): 0}


def test_points_given_back_return_to_the_lots_they_came_from(michael_adams: Membership) -> None:
    credit(michael_adams, 100, days=5)
    spent = debit(michael_adams, 80)
    takes = [Take(draw.lot_id, draw.points) for draw in spent.draws]
    posting(
        michael_adams, "reverse", GiveBack(account_of(michael_adams).pk, takes, Lifetime.REDEEMED),
        reverses=spent.id, part=1,
    )  # fmt: skip
    account = account_of(michael_adams)
    assert lots_of(michael_adams) == [(100, 100)]
    assert (account.balance, account.lifetime_redeemed) == (100, 0)
    assert sorted(Draw.objects.values_list("amount", flat=True)) == [-80, 80]


def test_points_given_back_repay_a_debt_even_past_their_time_while_the_set_is_exempt(
    michael_adams: Membership,
) -> None:
    now = clock.now()
    PointAccountSet.objects.filter(pk=michael_adams.own_set_id).update(exempt_until=now + timedelta(days=30))
    late = NewLot(100, earned_at=now - timedelta(days=9), expires_at=now - timedelta(days=1))
    posting(michael_adams, "earn", Credit(account_of(michael_adams).pk, [late]))
    spent = debit(michael_adams, 100)
    debit(michael_adams, 30, debt=30)
    takes = [Take(draw.lot_id, draw.points) for draw in spent.draws]
    move = GiveBack(account_of(michael_adams).pk, takes, Lifetime.REDEEMED)
    posting(michael_adams, "reverse", move, reverses=spent.id, part=1)
    account = account_of(michael_adams)
    assert (account.balance, account.debt, lots_of(michael_adams)) == (70, 0, [(100, 70)])


def test_a_closed_account_takes_no_credit(michael_adams: Membership) -> None:
    PointAccount.objects.filter(pk=account_of(michael_adams).pk).update(closed=True)
    with pytest.raises(AccountClosed):
        credit(michael_adams, 1)
    assert Entry.objects.count() == 0


def test_an_account_of_another_program_is_refused(michael_adams: Membership, miles: Any) -> None:
    from_elsewhere = make_membership(miles, "Emma Stone")
    with pytest.raises(LedgerError), transaction.atomic():
        post(
            "earn", program_id=miles.pk + 1, for_set_id=from_elsewhere.own_set_id, person_id=None,
            cause=Cause("run", 1), occurred_at=clock.now(), actor=ACTOR,
            moves=[Credit(account_of(from_elsewhere).pk, [NewLot(1, earned_at=clock.now())])],
        )  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_a_posting_outside_a_transaction_is_a_fault() -> None:
    with pytest.raises(TransactionManagementError):
        post(
            "earn", program_id=1, for_set_id=1, person_id=None, cause=Cause("run", 1), occurred_at=clock.now(),
            actor=ACTOR, moves=[],
        )  # fmt: skip


def test_the_first_posting_of_a_request_keeps_its_key_for_ever(michael_adams: Membership) -> None:
    with carrying_key(b"k" * 32, 3):
        first, second = credit(michael_adams, 1), credit(michael_adams, 1)
    keys = {p.pk: (p.key_digest and bytes(p.key_digest), p.ordinal) for p in Posting.objects.all()}
    assert keys == {first.id: (b"k" * 32, 3), second.id: (None, 0)}
    with pytest.raises(IntegrityError), transaction.atomic(), carrying_key(b"k" * 32, 3):
        credit(michael_adams, 1)


@pytest.mark.parametrize("model", [Posting, Entry, Draw])
def test_the_database_refuses_to_change_or_delete_history(michael_adams: Membership, model: Any) -> None:
    credit(michael_adams, 10)
    debit(michael_adams, 5)
    row = model.objects.latest("id")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.filter(pk=row.pk).update(id=row.pk)
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        model.objects.filter(pk=row.pk)._raw_delete(model.objects.db)


def test_a_balance_without_its_entry_is_refused_at_commit(michael_adams: Membership) -> None:
    credit(michael_adams, 10)
    with pytest.raises(IntegrityError, match="balance of account"), transaction.atomic():
        PointAccount.objects.filter(pk=account_of(michael_adams).pk).update(balance=11)
        connection.check_constraints()
