"""Returns: by lines, by an amount, whole; what they take back of points; what they refuse (domain 1.6)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import pytest

from activities.errors import (
    AlreadyReturned,
    NotReturnable,
    ReferenceTaken,
    ReturnTooLarge,
    UnknownItem,
)
from activities.models import ActivityStatus, MemberActivity, Transaction, TransactionItem
from activities.return_shares import AskedItem
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from activities.reversing import reverse_posting
from common import clock
from common.actor import Actor
from common.errors import LoyaltyError, NotFound
from gateway.models import Event
from memberships.ending import terminate
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.errors import PointsSpent
from points.models import Posting, Reversal
from points.reversal_parts import Part
from programs.models import Program, RefundPolicy
from tests.activities.conftest import earned
from tests.activities.sales import paying, per_euro, released, sale
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, actor_in, counted, lots_of, make_customer, make_program

pytestmark = pytest.mark.django_db
MADE = (Transaction, TransactionItem, MemberActivity, Posting, Reversal, Event)
_returns = count(1)


@pytest.fixture
def miles(miles: Program) -> Program:
    """One mile for every full euro."""
    released(miles, per_euro())
    return miles


def back(told: dict[str, Any], *items: AskedItem, actor: Actor = ACTOR, **values: Any) -> dict[str, Any]:
    given = {"reference": f"B{next(_returns)}", "items": items}
    return return_transaction(told["id"], ReturnCall(**(given | values)), actor=actor)


def refused(error: type[LoyaltyError], func: Callable[[], Any]) -> LoyaltyError:
    """What it was refused with, after which nothing is there that was not there before."""
    before = counted(*MADE)
    with pytest.raises(error) as found:
        func()
    assert counted(*MADE) == before
    return found.value


def test_a_line_comes_back_with_its_money_and_its_share_of_the_points(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100", ("shirt", "3", "75"), ("hat", "1", "25"))
    answer = back(told, AskedItem(line=1, quantity=Decimal(1)))
    row = Transaction.objects.get(original=told["id"])
    assert (row.type, row.amount, row.customer_id) == ("return", Decimal("25.00"), told["customer"])
    (item,) = row.items.select_related("returns")
    assert (item.line, item.returns.line, item.sku, item.quantity, item.amount) == (1, 1, "shirt", 1, Decimal(25))
    assert (answer["return_of"], answer["amount"], answer["in_full"]) == (told["id"], "25.00", False)
    ((line,),) = [one["points"] for one in answer["reversed"]]
    assert (line["point_type"], line["asked"], line["posted"]) == ("miles", 25, 25)
    assert account_of(michael_adams).balance == 75
    returned = MemberActivity.objects.get(transaction=row)
    assert (returned.type.code, returned.status, returned.amount) == ("return", "processed", Decimal("25.00"))
    assert MemberActivity.objects.get(transaction=told["id"]).status == ActivityStatus.PROCESSED
    assert Event.objects.get(kind="transaction.returned").facts["original"] == told["id"]
    assert_audit_clean()


def test_parts_sum_exactly_to_everything(michael_adams: Membership) -> None:
    """Thirds of 100 euros and 100 points: no cent and no point is left or taken twice."""
    told = sale(michael_adams, "100", ("shirt", "3", "100"))
    amounts, points = [], []
    for _ in range(3):
        answer = back(told, AskedItem(sku="shirt", quantity=Decimal(1)))
        amounts.append(answer["amount"])
        points.append(answer["reversed"][0]["points"][0]["asked"])
    assert amounts == ["33.33", "33.34", "33.33"]
    assert points == [33, 33, 34]
    assert account_of(michael_adams).balance == 0
    assert answer["in_full"]
    assert MemberActivity.objects.get(transaction=told["id"]).status == ActivityStatus.REVERSED
    assert_audit_clean()


def test_a_return_by_amount_takes_its_share(michael_adams: Membership) -> None:
    told = sale(michael_adams, "99.99")
    back(told, amount=Decimal("33.33"))
    assert account_of(michael_adams).balance == 66
    assert back(told)["amount"] == "66.66"
    assert account_of(michael_adams).balance == 0


def test_without_items_or_amount_everything_that_is_left_comes_back(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100", ("shirt", "2", "60"), ("hat", "1", "40"))
    back(told, AskedItem(line=1, quantity=Decimal(1)))
    answer = back(told)
    assert [(one["returns_line"], one["quantity"], one["amount"]) for one in answer["items"]] == [
        (1, "1", "30.00"),
        (2, "1", "40.00"),
    ]
    assert (answer["amount"], answer["in_full"], account_of(michael_adams).balance) == ("70.00", True, 0)


def test_points_that_paid_come_back_to_the_lots_they_came_from(michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    told = sale(michael_adams, "50", redeem=paying(michael_adams, 80))
    assert account_of(michael_adams).balance == 70
    back(told, amount=Decimal("25"))
    assert account_of(michael_adams).balance == 70 + 40 - 25
    back(told)
    assert account_of(michael_adams).balance == 100
    assert {one.status for one in MemberActivity.objects.filter(transaction=told["id"])} == {"reversed"}
    assert_audit_clean()


def test_a_return_larger_than_its_sale_is_refused(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100")
    back(told, amount=Decimal("60"))
    error = refused(ReturnTooLarge, lambda: back(told, amount=Decimal("40.01")))
    assert error.facts == {"transaction": told["id"], "sold": "100.00", "left": "40.00", "asked": "40.01"}
    assert account_of(michael_adams).balance == 40


def test_more_of_a_line_than_was_sold_is_refused(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100", ("shirt", "3", "100"))
    error = refused(ReturnTooLarge, lambda: back(told, AskedItem(line=1, quantity=Decimal(4))))
    assert error.facts == {"line": 1, "left": "3", "sold": "3"}


def test_a_second_return_of_everything_is_refused(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100", ("shirt", "1", "100"))
    back(told)
    error = refused(AlreadyReturned, lambda: back(told))
    assert error.facts == {"transaction": told["id"], "left": "0.00"}
    refused(ReturnTooLarge, lambda: back(told, AskedItem(line=1)))
    assert account_of(michael_adams).balance == 0


def test_an_unknown_item_is_refused_with_what_was_sold(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100", ("shirt", "1", "100"))
    error = refused(UnknownItem, lambda: back(told, AskedItem(sku="hat")))
    assert error.facts == {"lines": [1], "skus": ["shirt"]}
    refused(UnknownItem, lambda: back(told, AskedItem(line=2)))


def test_one_reference_tells_one_return(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100")
    back(told, amount=Decimal(10), reference="B-1")
    refused(ReferenceTaken, lambda: back(told, amount=Decimal(10), reference="B-1"))
    assert account_of(michael_adams).balance == 90


def test_only_a_purchase_can_be_returned(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100")
    returned = back(told, amount=Decimal(10))
    visit = sale(michael_adams, None, type="interaction")
    for one in (returned, visit):
        assert refused(NotReturnable, lambda one=one: back(one)).facts["type"] in ("return", "interaction")
    priceless = sale(michael_adams, None)
    refused(NotReturnable, lambda: back(priceless))


def test_nothing_comes_back_before_it_was_sold(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100")
    before = clock.now() - timedelta(hours=1)
    refused(NotReturnable, lambda: back(told, occurred_at=before))


def test_a_sale_of_another_program_is_not_there(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100")
    refused(NotFound, lambda: back(told, actor=actor_in(make_program("abroad"))))


@pytest.mark.parametrize(("policy", "balance"), [(RefundPolicy.NEGATIVE, -50), (RefundPolicy.CUT_REFUND, 0)])
def test_points_spent_meanwhile_follow_the_programs_refund_policy(
    michael_adams: Membership, policy: str, balance: int
) -> None:
    _policy(michael_adams.program, policy)
    told = sale(michael_adams, "100")
    sale(None, None, type="interaction", membership_id=michael_adams.pk, redeem=paying(michael_adams, 50))
    ((line,),) = [one["points"] for one in back(told)["reversed"]]
    assert account_of(michael_adams).balance == balance
    cut = 0 if policy == RefundPolicy.NEGATIVE else 50
    assert (line["asked"], line["debt"], line["cut"]) == (100, 50 - cut, cut)
    assert (line["cut_from_refund"] is None) == (not cut)
    assert_audit_clean()


def test_where_the_program_refuses_refunds_after_spending_nothing_is_returned(michael_adams: Membership) -> None:
    _policy(michael_adams.program, RefundPolicy.REFUSE)
    told = sale(michael_adams, "100")
    sale(None, None, type="interaction", membership_id=michael_adams.pk, redeem=paying(michael_adams, 50))
    refused(PointsSpent, lambda: back(told))
    assert account_of(michael_adams).balance == 50


@pytest.mark.parametrize("end", [suspend, terminate])
def test_a_return_is_allowed_in_every_status(michael_adams: Membership, end: Callable[..., Any]) -> None:
    told = sale(michael_adams, "100")
    end(michael_adams, actor=ACTOR, reason="asked")
    answer = back(told)
    assert account_of(michael_adams).balance == 0
    assert [(one["type"], one["status"]) for one in answer["activities"]] == [("return", "processed")]
    assert_audit_clean()


def test_what_staff_took_back_by_hand_counts(michael_adams: Membership) -> None:
    told = sale(michael_adams, "100")
    posting = told["activities"][0]["postings"][0]["id"]
    reverse_posting(posting, Part("goodwill", points=70), actor=ACTOR)
    assert back(told, amount=Decimal(50))["reversed"] == []
    back(told)
    assert account_of(michael_adams).balance == 0
    assert_audit_clean()


def test_a_sale_of_a_customer_in_no_program_comes_back_too(miles: Program) -> None:
    told = sale(None, "70", ("hat", "1", "70"), customer_id=make_customer().pk)
    answer = back(told, AskedItem(line=1))
    assert (answer["amount"], answer["in_full"], answer["reversed"], answer["activities"]) == ("70.00", True, [], [])
    refused(AlreadyReturned, lambda: back(told))


def test_what_cost_nothing_comes_back_once(michael_adams: Membership) -> None:
    told = sale(michael_adams, "0", ("gift", "1", "0"))
    assert back(told)["in_full"]
    refused(AlreadyReturned, lambda: back(told))


def test_while_the_rules_have_not_decided_only_the_whole_sale_comes_back(michael_adams: Membership) -> None:
    told = sale(michael_adams, "0")
    waiting = MemberActivity.objects.filter(transaction=told["id"])
    waiting.update(status=ActivityStatus.RECEIVED)
    Transaction.objects.filter(pk=told["id"]).update(amount=Decimal(100))
    error = refused(NotReturnable, lambda: back(told, amount=Decimal(10)))
    assert error.facts == {"activities": [waiting.get().pk]}
    back(told)
    assert waiting.get().status == ActivityStatus.REVERSED


def test_a_return_of_points_that_were_given_up_or_down_ends_at_everything(michael_adams: Membership) -> None:
    """Two rules, one rounding up: their shares are rounded each by itself, and in the end all is back."""
    released(michael_adams.program, {"do": "credit", "points": 5, "point_type": "status"})
    told = sale(michael_adams, "30")
    for _ in range(3):
        back(told, amount=Decimal(10))
    assert (account_of(michael_adams).balance, account_of(michael_adams, "status").balance) == (0, 0)
    assert_audit_clean()


def test_rules_of_the_type_return_run_for_the_amount_that_came_back(michael_adams: Membership) -> None:
    action = {"do": "debit", "points": 7, "if_short": "skip"}
    released(michael_adams.program, action, code="handling", types=("return",))
    told = sale(michael_adams, "100")
    answer = back(told, amount=Decimal(10))
    assert [(one["rule"], one["points"]) for one in answer["effects"]] == [("handling", -7)]
    assert account_of(michael_adams).balance == 100 - 10 - 7
    assert_audit_clean()


@pytest.mark.parametrize("policy", RefundPolicy.values)
def test_what_rules_took_away_comes_back_before_what_they_gave_is_taken(
    michael_adams: Membership, policy: RefundPolicy
) -> None:
    program = michael_adams.program
    _policy(program, policy)
    released(
        program, {"do": "credit", "points": 20, "expires_days": 2}, {"do": "debit", "points": 35, "if_short": "skip"}
    )
    earned(michael_adams, 40)
    # The debit draws what ends first: the twenty of this very sale.
    told = sale(michael_adams, "10.00")
    assert account_of(michael_adams).balance == 40 + 10 + 20 - 35
    whole = back(told)
    assert [line for one in whole["reversed"] for line in one["points"] if line["debt"] or line["cut"]] == []
    assert lots_of(michael_adams) == [(20, 0), (40, 40), (10, 0)]


def _policy(program: Program, policy: str) -> None:
    program.refund_policy = policy
    program.save()
