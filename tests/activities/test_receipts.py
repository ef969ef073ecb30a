"""One receipt on both sides of a merge: flagged, and counted once; the history of a customer (domain 1.11)."""

from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import transaction

from activities.models import MemberActivity
from activities.receipts import repeated_receipts, repeated_sales
from activities.return_shares import AskedItem
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from activities.transaction_history import history_of, transactions_of
from common.history import audit_context
from customers.models import Customer
from memberships.enrolment import enrol
from memberships.models import Membership
from programs.models import Program
from tests.activities.sales import sale
from tests.factories import ACTOR, actor_in, make_customer, make_program, member_of

pytestmark = pytest.mark.django_db
DESK = replace(ACTOR, channel_id=1)


def test_a_receipt_on_both_sides_is_found_with_both_attributions(
    michael_adams: Membership, katrin_bauer: Membership
) -> None:
    first = sale(michael_adams, "80", reference="R-7")
    again = sale(katrin_bauer, "80", reference="R-7", actor=DESK)
    sale(katrin_bauer, "80", reference="R-8")
    sale(michael_adams, "81", reference="R-8", actor=DESK)
    (found,) = repeated_receipts([michael_adams.pk, katrin_bauer.pk])
    assert (found.receipt, found.amount, found.currency) == ("R-7", Decimal("80.00"), "EUR")
    assert found.memberships == (michael_adams.pk, katrin_bauer.pk)
    assert found.activities == (first["activities"][0]["id"], again["activities"][0]["id"])
    assert repeated_receipts([michael_adams.pk]) == []


def test_a_sale_and_its_return_are_no_repeated_receipt(michael_adams: Membership) -> None:
    bought = sale(michael_adams, "80", reference="R-7")
    return_transaction(bought["id"], ReturnCall("R-7b"), actor=ACTOR)
    assert repeated_receipts([michael_adams.pk]) == []
    assert MemberActivity.objects.count() == 2


def test_after_the_merge_of_two_records_a_receipt_told_twice_counts_once(michael_adams: Membership) -> None:
    person = member_of(michael_adams)
    other = make_customer("Mike Adams")
    first = sale(michael_adams, "80", reference="R-7")
    again = sale(None, "80", reference="R-7", customer_id=other.pk, actor=DESK)
    sale(None, "20", reference="R-9", customer_id=other.pk)
    assert history_of(person, ACTOR).repeated == {}
    with transaction.atomic(), audit_context(ACTOR, "test"):
        other.merged_into_id = person
        other.save()
    history = history_of(person, ACTOR)
    assert history.repeated == {again["id"]: first["id"]}
    (total,) = history.total
    assert (total.purchases, total.bought, total.net) == (2, Decimal("100.00"), Decimal("100.00"))
    assert transactions_of(person, ACTOR).count() == 3
    assert repeated_sales([person]) == {}


def test_returns_of_a_repeated_receipt_do_not_count_either(michael_adams: Membership) -> None:
    bought = sale(michael_adams, "80", reference="R-7")
    again = sale(michael_adams, "80", reference="R-7", actor=DESK)
    return_transaction(again["id"], ReturnCall("B-1", amount=Decimal(30)), actor=ACTOR)
    return_transaction(bought["id"], ReturnCall("B-2", amount=Decimal(10)), actor=ACTOR)
    (total,) = history_of(member_of(michael_adams), ACTOR).total
    assert (total.bought, total.returned, total.net) == (Decimal("80.00"), Decimal("10.00"), Decimal("70.00"))


def test_the_history_totals_over_all_and_per_membership(miles: Program, michael_adams: Membership) -> None:
    brand = make_program("style")
    person = Customer.objects.get(pk=member_of(michael_adams))
    second = enrol(person, program=brand, actor=ACTOR)
    bought = sale(michael_adams, "100", ("hat", "2", "100"))
    sale(second, "40")
    sale(second, "7", currency="CHF")
    sale(None, "5", customer_id=person.pk)
    sale(michael_adams, None, type="interaction")
    back = ReturnCall("B-1", (AskedItem(line=1, quantity=Decimal(1)),))
    return_transaction(bought["id"], back, actor=ACTOR)
    history = history_of(person.pk, ACTOR)
    chf, eur = history.total
    assert (chf.currency, chf.purchases, chf.bought) == ("CHF", 1, Decimal("7.00"))
    assert (eur.purchases, eur.bought, eur.returns, eur.returned) == (3, Decimal("145.00"), 1, Decimal("50.00"))
    assert eur.net == Decimal("95.00")
    per = {membership.pk: [(one.currency, one.net) for one in totals] for membership, totals in history.per_membership}
    assert per == {
        michael_adams.pk: [("EUR", Decimal("50.00"))],
        second.pk: [("CHF", Decimal("7.00")), ("EUR", Decimal("40.00"))],
    }


def test_whoever_sees_one_program_sees_its_sales_and_the_channels_own(michael_adams: Membership) -> None:
    person = member_of(michael_adams)
    sale(michael_adams, "100")
    sale(None, "5", customer_id=person)
    abroad = actor_in(make_program("abroad"))
    assert [one.amount for one in transactions_of(person, abroad)] == [Decimal("5.00")]
    assert [one.net for one in history_of(person, abroad).total] == [Decimal("5.00")]
    elsewhere = replace(abroad, channel_id=1)
    assert not transactions_of(person, elsewhere).exists()
