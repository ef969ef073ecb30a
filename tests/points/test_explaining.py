"""explain(): lots, debts, holds and the chain of postings at a point in time."""

from datetime import UTC, datetime, timedelta

import pytest

from common import clock
from memberships.models import Membership
from points.explaining import explain
from points.holds import place_hold
from points.moves import Debit
from programs.design import design_of
from programs.models import Program, RefundPolicy
from tests.factories import ACTOR, account_of, member_of
from tests.points.world import earned, posting, sent, spent, taken_back

pytestmark = pytest.mark.django_db
START = datetime(2031, 1, 1, tzinfo=UTC)


def at(day: int) -> datetime:
    return START + timedelta(days=day)


def test_a_balance_is_explained_as_it_was_then_whatever_came_later(michael_adams: Membership) -> None:
    with clock.frozen(at(0)):
        first = earned(michael_adams, 100, days=300)
    with clock.frozen(at(1)):
        earned(michael_adams, 50, days=100)
    with clock.frozen(at(2)):
        redeemed = spent(michael_adams, 70)
    with clock.frozen(at(3)):
        back = taken_back(redeemed, 30)
    assert back.posted is not None
    account = account_of(michael_adams)
    shown = {day: explain(account, at=at(day)) for day in (-1, 0, 1, 2, 3)}
    assert {day: one.balance for day, one in shown.items()} == {-1: 0, 0: 100, 1: 150, 2: 80, 3: 110}
    assert [(lot["amount"], lot["left"]) for lot in shown[1].lots] == [(50, 50), (100, 100)]
    assert [(lot["amount"], lot["left"]) for lot in shown[2].lots] == [(100, 80)]
    assert [(lot["amount"], lot["left"]) for lot in shown[3].lots] == [(50, 10), (100, 100)]
    assert shown[2].lots[0]["came_by"][0]["posting"]["id"] == first.id
    drawn = [(one["points"], one["posting"]["kind"]) for one in shown[3].lots[0]["drawn_by"]]
    assert drawn == [(50, "redeem"), (-10, "reverse")]
    reversal = shown[3].lots[0]["drawn_by"][1]["posting"]
    assert (reversal["id"], reversal["reverses"], reversal["reason"]) == (back.posted.id, redeemed.id, "returned")
    assert all(sum(lot["left"] for lot in one.lots) - one.debt == one.balance for one in shown.values())


def test_transferred_points_lead_back_to_who_earned_them(michael_adams: Membership, katrin_bauer: Membership) -> None:
    first = earned(michael_adams, 100)
    away = sent(michael_adams, katrin_bauer, 40)
    (lot,) = explain(account_of(katrin_bauer), at=clock.now()).lots
    assert (lot["left"], lot["earner"], lot["contributor"]) == (40, member_of(michael_adams), member_of(katrin_bauer))
    assert [step["posting"]["id"] for step in lot["came_by"]] == [first.id, away.id]
    assert [step["account"] for step in lot["came_by"]] == [account_of(michael_adams).pk, account_of(katrin_bauer).pk]


def test_a_debt_is_shown_with_its_person_until_it_was_repaid(michael_adams: Membership, miles: Program) -> None:
    miles.refund_policy = RefundPolicy.NEGATIVE
    miles.save()
    with clock.frozen(at(0)):
        first = earned(michael_adams, 100)
        spent(michael_adams, 60)
    with clock.frozen(at(1)):
        done = taken_back(first)
    with clock.frozen(at(2)):
        earned(michael_adams, 25)
    with clock.frozen(at(3)):
        earned(michael_adams, 100)
    assert done.posted is not None
    account = account_of(michael_adams)
    shown = [explain(account, at=at(day)) for day in (1, 2, 3)]
    assert [(one.balance, one.debt) for one in shown] == [(-60, 60), (-35, 35), (65, 0)]
    assert shown[1].debts == [{"person": member_of(michael_adams), "amount": 60, "open": 35, "posting": done.posted.id}]
    assert [lot["left"] for lot in shown[2].lots] == [65]


def test_a_hold_is_shown_while_it_was_in_force(michael_adams: Membership, miles: Program) -> None:
    with clock.frozen(at(0)):
        earned(michael_adams, 100)
        hold = place_hold(
            account_of(michael_adams),
            points=30,
            for_set_id=michael_adams.own_set_id,
            person_id=member_of(michael_adams),
            design=design_of(miles.pk),
            actor=ACTOR,
            expires_in=3600,
        )
    account = account_of(michael_adams)
    during, after = explain(account, at=at(0)), explain(account, at=at(1))
    assert [(one["id"], one["points"]) for one in during.holds] == [(hold.pk, 30)]
    assert (after.holds, after.balance) == ([], 100)


def test_many_lots_are_cut_and_said_so(michael_adams: Membership) -> None:
    for _ in range(4):
        earned(michael_adams, 10)
    found = explain(account_of(michael_adams), at=clock.now(), most_lots=3)
    assert (len(found.lots), found.complete, found.balance) == (3, False, 40)
    posting(michael_adams, "adjust", Debit(account_of(michael_adams).pk, 10), reason_code="correction")
    assert explain(account_of(michael_adams), at=clock.now(), most_lots=3).complete
