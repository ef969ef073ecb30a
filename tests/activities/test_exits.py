"""Erasing a customer with points: the ledger and the figures stay, every text about the person goes."""

import pytest

from activities.calls import PointsCall
from activities.earning import earn
from activities.models import MemberActivity
from customers.erasing import erase_customer
from customers.exits import obstacles
from customers.models import Customer
from memberships.models import Membership
from points.models import Entry, Posting
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, member_of

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
