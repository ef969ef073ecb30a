"""Sales and interactions: whom they concern, what they earn and pay, and that a reference tells one (domain 1.11)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.errors import NotThatPersons, ReferenceTaken, UnknownPartner
from activities.models import MemberActivity, Transaction, TransactionItem
from activities.transaction_shown import shown
from cards.issuing import issue_card
from cards.models import CardKind
from common import clock
from common.actor import Actor
from common.errors import LoyaltyError, NotFound
from customers.models import Customer
from gateway.models import Event
from memberships.card_holding import give_card
from memberships.enrolment import enrol
from memberships.errors import CardEarnsOnly, MembershipNotAble, NotAMember
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.errors import EventTimeOutOfRange, InsufficientPoints
from points.models import Posting
from programs.models import Program
from tests.activities.conftest import earned
from tests.activities.sales import (
    LONG_AGO,
    entries_of,
    paying,
    per_euro,
    released,
    sale,
    without_words,
)
from tests.activities.till import main_card
from tests.audit.helpers import assert_audit_clean
from tests.changes import pool_of
from tests.factories import (
    ACTOR,
    account_of,
    actor_in,
    counted,
    make_customer,
    make_program,
    member_of,
)
from tests.temporary import temporary_card

pytestmark = pytest.mark.django_db
MADE = (Transaction, TransactionItem, MemberActivity, Posting, Event, Membership)


@pytest.fixture
def miles(miles: Program) -> Program:
    """One mile for every full euro."""
    released(miles, per_euro())
    return miles


def refused(error: type[LoyaltyError], func: Callable[[], Any]) -> LoyaltyError:
    """What it was refused with, after which nothing is there that was not there before."""
    before = counted(*MADE)
    with pytest.raises(error) as found:
        func()
    assert counted(*MADE) == before
    return found.value


def test_a_sale_is_recorded_with_its_items_and_earns(michael_adams: Membership) -> None:
    told = sale(michael_adams, "120.50", ("shirt", "2", "80.50"), ("socks", "1", "40.00"), location="Berlin")
    row = Transaction.objects.get()
    assert (row.reference, row.type, row.program.code, row.customer_id) == (
        told["reference"], "purchase", "miles", member_of(michael_adams),
    )  # fmt: skip
    assert (row.amount, row.currency, row.location) == (Decimal("120.50"), "EUR", "Berlin")
    assert [(one.line, one.sku, one.quantity, one.amount) for one in row.items.all()] == [
        (1, "shirt", 2, Decimal("80.50")),
        (2, "socks", 1, Decimal("40.00")),
    ]
    activity = MemberActivity.objects.get()
    assert (activity.type.code, activity.status, activity.transaction_id) == ("purchase", "processed", row.pk)
    assert (activity.amount, activity.currency, activity.reference) == (Decimal("120.50"), "EUR", row.reference)
    assert entries_of(told) == [("miles", 120)]
    assert account_of(michael_adams).balance == 120
    assert told["memberships"] == [michael_adams.pk]
    assert {(one["membership"], one["point_type"], one["balance"]) for one in told["balances"]} == {
        (michael_adams.pk, "miles", 120), (michael_adams.pk, "status", 0),
    }  # fmt: skip
    assert told["unattributed"] is None
    assert Event.objects.get(kind="transaction.taken").facts == {
        "type": "purchase", "customer": member_of(michael_adams), "memberships": [michael_adams.pk],
        "amount": "120.50", "currency": "EUR", "original": None,
    }  # fmt: skip
    assert_audit_clean()


def test_the_amount_is_the_sum_of_the_items_where_none_is_told(michael_adams: Membership) -> None:
    told = sale(michael_adams, None, ("shirt", "1", "19.90"), ("hat", "1", "5.05"))
    assert told["amount"] == "24.95"


def test_the_effects_name_rule_and_version_and_say_why(michael_adams: Membership) -> None:
    (effect,) = sale(michael_adams, "50")["effects"]
    assert (effect["version"], effect["action"], effect["point_type"], effect["points"]) == (1, "credit", "miles", 50)
    assert effect["rule"].startswith("rule-")
    assert "50" in effect["because"]


def test_one_sale_earns_on_one_membership_and_redeems_on_another(miles: Program) -> None:
    brand = make_program("style")
    person = make_customer("Emma Rodriguez")
    first, second = (_enrolled(person, program) for program in (miles, brand))
    earned(second, 300)
    told = sale(first, "80", redeem=paying(second, 200))
    assert entries_of(told) == [("miles", -200), ("miles", 80)]
    assert told["memberships"] == sorted([first.pk, second.pk])
    assert (account_of(first).balance, account_of(second).balance) == (80, 100)
    spent, bought = MemberActivity.objects.filter(transaction=told["id"]).order_by("pk")
    assert [(one.type.code, one.membership_id) for one in (spent, bought)] == [
        ("redeem", second.pk),
        ("purchase", first.pk),
    ]
    assert_audit_clean()


def test_points_of_the_sale_itself_do_not_pay_for_it(michael_adams: Membership) -> None:
    earned(michael_adams, 10)
    error = refused(InsufficientPoints, lambda: sale(michael_adams, "500", redeem=paying(michael_adams, 11)))
    assert error.facts["available"] == 10
    assert account_of(michael_adams).balance == 10


def test_another_customers_membership_pays_only_with_that_persons_card(
    michael_adams: Membership, katrin_bauer: Membership
) -> None:
    earned(katrin_bauer, 100)
    error = refused(NotThatPersons, lambda: sale(michael_adams, "10", redeem=paying(katrin_bauer, 60)))
    assert error.facts == {"membership": katrin_bauer.pk, "customer": member_of(michael_adams)}
    assert "card of the person" in error.message
    wrong = main_card(michael_adams).number_id
    refused(NotThatPersons, lambda: sale(michael_adams, "10", redeem=paying(katrin_bauer, 60, card_number=wrong)))
    assert account_of(katrin_bauer).balance == 100
    shown = main_card(katrin_bauer).number_id
    sale(michael_adams, "10", redeem=paying(katrin_bauer, 60, card_number=shown))
    assert (account_of(katrin_bauer).balance, account_of(michael_adams).balance) == (40, 10)
    assert_audit_clean()


def test_a_sale_of_nobody_pays_with_points_only_by_card(michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    refused(NotThatPersons, lambda: sale(None, "10", redeem=paying(michael_adams, 60)))
    sale(None, "10", redeem=paying(michael_adams, 60, card_number=main_card(michael_adams).number_id))
    assert account_of(michael_adams).balance == 40


def test_a_member_of_a_pool_pays_from_the_pool(miles: Program) -> None:
    anna, ben = pool_of(miles)
    earned(ben, 100)
    told = sale(anna, "20", redeem=paying(anna, 30))
    assert entries_of(told) == [("miles", -30), ("miles", 20)]
    (pooled,) = [one for one in told["balances"] if one["pooled"] and one["membership"] == anna.pk]
    assert pooled["balance"] == 90


def test_a_customer_without_membership_is_recorded_and_told_so(miles: Program) -> None:
    emma = make_customer()
    told = sale(None, "70", ("hat", "1", "70"), customer_id=emma.pk, program="miles")
    assert told["unattributed"]["code"] == "not_a_member"
    assert (told["customer"], told["program"], told["activities"], told["memberships"]) == (emma.pk, None, [], [])
    row = Transaction.objects.get()
    assert (row.customer_id, row.program_id, row.amount) == (emma.pk, None, Decimal("70.00"))
    assert not MemberActivity.objects.exists()
    assert_audit_clean()


def test_a_customer_earns_on_the_current_participation_in_the_program_named(michael_adams: Membership) -> None:
    person = member_of(michael_adams)
    told = sale(None, "30", customer_id=person, program="miles")
    assert (told["memberships"], told["program"], told["unattributed"]) == ([michael_adams.pk], "miles", None)
    other = sale(None, "30", customer_id=person)
    assert (other["unattributed"]["code"], other["memberships"]) == ("no_program_named", [])
    assert account_of(michael_adams).balance == 30


def test_a_customer_merged_into_another_is_that_one(michael_adams: Membership) -> None:
    old = make_customer("Mike Adams", merged_into_id=member_of(michael_adams))
    told = sale(None, "30", customer_id=old.pk, program="miles")
    assert (told["customer"], told["memberships"]) == (member_of(michael_adams), [michael_adams.pk])


def test_an_unused_temporary_card_earns_as_anonymous_membership(miles: Program) -> None:
    card = temporary_card(miles)
    told = sale(None, "45", card_number=card.number_id)
    made = Membership.objects.get()
    assert (made.type, told["memberships"], told["customer"]) == ("anonymous", [made.pk], None)
    assert account_of(made).balance == 45
    assert_audit_clean()


def test_an_additional_card_earns_and_does_not_pay(michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    number = _additional(michael_adams)
    refused(CardEarnsOnly, lambda: sale(None, "10", card_number=number, redeem=paying(michael_adams, 5)))
    sale(None, "10", card_number=number)
    assert account_of(michael_adams).balance == 110


def test_a_reference_tells_one_transaction_of_a_channel(michael_adams: Membership, katrin_bauer: Membership) -> None:
    first = sale(michael_adams, "10", reference="R-1")
    error = refused(ReferenceTaken, lambda: sale(katrin_bauer, "20", reference="R-1"))
    assert error.facts == {"transaction": first["id"], "reference": "R-1"}
    assert error.status == 409
    assert account_of(katrin_bauer, "status").balance == 0


def test_another_channel_may_use_the_same_reference(michael_adams: Membership) -> None:
    sale(michael_adams, "10", reference="R-1")
    sale(michael_adams, "10", reference="R-1", actor=_desk())
    assert Transaction.objects.count() == 2


def test_a_suspended_membership_is_refused_and_nothing_is_recorded(michael_adams: Membership) -> None:
    suspend(michael_adams, actor=ACTOR, reason="asked")
    error = refused(MembershipNotAble, lambda: sale(michael_adams, "10"))
    assert error.facts["capability"] == "earn"


def test_what_cannot_be_seen_answers_like_what_does_not_exist(michael_adams: Membership) -> None:
    abroad = actor_in(make_program("abroad"))
    for unknown in ({"membership_id": michael_adams.pk}, {"membership_id": 10**9}):
        error = refused(NotFound, lambda unknown=unknown: sale(None, "10", actor=abroad, **unknown))
        assert error.message == "There is no such membership that you can see."


def test_a_partner_that_is_unknown_is_refused(michael_adams: Membership) -> None:
    refused(UnknownPartner, lambda: sale(michael_adams, "10", partner="hotel"))


def test_a_sale_outside_of_programs_does_not_lie_in_the_future(miles: Program) -> None:
    ahead = clock.now() + timedelta(minutes=1)
    refused(EventTimeOutOfRange, lambda: sale(None, "10", customer_id=make_customer().pk, occurred_at=ahead))


def test_a_member_who_is_none_is_refused(michael_adams: Membership, katrin_bauer: Membership) -> None:
    refused(NotAMember, lambda: sale(michael_adams, "10", member=member_of(katrin_bauer)))


def test_an_interaction_needs_no_amount(michael_adams: Membership) -> None:
    told = sale(michael_adams, None, type="interaction")
    assert (told["type"], told["amount"], told["currency"], told["effects"]) == ("interaction", None, "", [])
    assert [one["type"] for one in told["activities"]] == ["interaction"]


def test_attributes_and_partner_reach_the_activity(michael_adams: Membership) -> None:
    sale(michael_adams, "10", attributes={"cabin": "business"})
    assert MemberActivity.objects.get().attributes == {"cabin": "business"}


def _enrolled(person: Customer, program: Program) -> Membership:
    return enrol(person, program=program, actor=ACTOR)


def _additional(membership: Membership) -> str:
    """The number of an additional card of the member."""
    card = issue_card(membership.program, actor=ACTOR, kind=CardKind.ADDITIONAL, active=True)
    give_card(card, membership=membership, customer_id=member_of(membership), actor=ACTOR, at=LONG_AGO)
    return str(card.number_id)


def _desk() -> Actor:
    return replace(ACTOR, channel_id=1)


def test_rules_of_the_type_redeem_follow_what_a_sale_was_paid_with(michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    released(michael_adams.program, {"do": "credit", "points": 3}, code="thanks", types=("redeem",))
    told = sale(michael_adams, "10", redeem=paying(michael_adams, 40))
    assert entries_of(told) == [("miles", -40), ("miles", 3), ("miles", 10)]
    assert [one["rule"] == "thanks" for one in told["effects"]] == [True, False]
    assert_audit_clean()


def test_a_transaction_read_again_says_the_same(michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    told = sale(michael_adams, "10", ("hat", "1", "10"), redeem=paying(michael_adams, 40))
    assert without_words(shown(Transaction.objects.get(), ACTOR)) == without_words(told)
