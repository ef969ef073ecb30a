"""Erasing a customer with points: the ledger and the figures stay, every text about the person goes."""

from decimal import Decimal

import pytest

from activities.calls import PointsCall
from activities.claims import ClaimCall, open_claim
from activities.earning import earn
from activities.models import MemberActivity, Transaction
from common import clock
from customers.erasing import erase_customer
from customers.exits import obstacles
from customers.models import Customer
from memberships.models import Membership
from points.models import Entry, Posting
from programs.models import Program
from tests.activities.sales import sale
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_customer, member_of

pytestmark = pytest.mark.django_db
MARK = "MARKER"


def test_erasing_empties_the_texts_and_leaves_the_ledger(michael_adams: Membership) -> None:
    earn(PointsCall(michael_adams.pk, 300, reference=MARK, location=MARK, note=MARK), actor=ACTOR)
    ledger = list(Posting.objects.values()), list(Entry.objects.values())
    customer = Customer.objects.get(pk=member_of(michael_adams))
    erase_customer(customer, actor=ACTOR, reason="asked to be forgotten")
    activity = MemberActivity.objects.get()
    assert (activity.reference, activity.location, activity.note, activity.points) == ("", "", "", 300)
    assert (list(Posting.objects.values()), list(Entry.objects.values())) == ledger
    assert account_of(michael_adams).balance == 300
    assert_audit_clean()


def test_with_postings_a_customer_is_not_deletable_and_is_told_what_to_do(michael_adams: Membership) -> None:
    earn(PointsCall(michael_adams.pk, 1), actor=ACTOR)
    found = obstacles(Customer.objects.get(pk=member_of(michael_adams)))
    assert [one.code for one in found] == ["has_postings"]
    assert "erase" in found[0].message


def test_erasing_empties_what_was_written_about_sales_and_claims(michael_adams: Membership) -> None:
    told = sale(michael_adams, "10", reference=MARK, location=MARK, attributes={"seat": MARK})
    call = ClaimCall(f"{MARK}-2", clock.now(), Decimal(5), "EUR", membership_id=michael_adams.pk, note=MARK)
    claim = open_claim(call, actor=ACTOR)
    customer = Customer.objects.get(pk=member_of(michael_adams))
    erase_customer(customer, actor=ACTOR, reason="asked to be forgotten")
    row, activity = Transaction.objects.get(), MemberActivity.objects.get()
    assert (row.reference, row.location, row.amount) == (f"erased-{told['id']}", "", Decimal("10.00"))
    assert (activity.reference, activity.attributes, activity.amount) == ("", None, Decimal("10.00"))
    claim.refresh_from_db()
    assert (claim.receipt, claim.note, claim.amount) == (f"erased-{claim.pk}", "", Decimal("5.00"))
    assert_audit_clean()


def test_a_customer_with_purchases_is_not_deletable_and_is_told_what_to_do(miles: Program) -> None:
    customer = make_customer()
    sale(None, "10", customer_id=customer.pk)
    (found,) = obstacles(customer)
    assert (found.code, found.facts) == ("has_transactions", {"transactions": 1})
    assert "erase the customer instead" in found.message
