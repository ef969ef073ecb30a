"""erase(): what people wrote beside corrections goes with the person, nothing else does."""

import pytest
from django.db import IntegrityError, transaction

from activities.exits import erase
from customers.models import Customer
from memberships.models import Membership
from points.models import Adjustment, Reversal
from tests.factories import ACTOR, account_of, member_of
from tests.points.test_adjusting import adjusted
from tests.points.world import earned, taken_back

pytestmark = pytest.mark.django_db


def test_the_notes_of_the_person_are_emptied_and_of_nobody_else(
    michael_adams: Membership, katrin_bauer: Membership
) -> None:
    for membership in (michael_adams, katrin_bauer):
        adjusted(membership, 10, note="called, angry")
        taken_back(earned(membership, 5), note="sent it back")
    erase(Customer.objects.get(pk=member_of(michael_adams)), actor=ACTOR)
    assert list(Adjustment.objects.order_by("pk").values_list("note", "points")) == [("", 10), ("called, angry", 10)]
    assert list(Reversal.objects.order_by("pk").values_list("note", "reason_code")) == [
        ("", "returned"), ("sent it back", "returned")
    ]  # fmt: skip
    assert account_of(michael_adams).balance == 10


def test_a_note_is_emptied_but_never_rewritten(michael_adams: Membership) -> None:
    taken_back(earned(michael_adams, 5), note="sent it back")
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        Reversal.objects.update(note="kept it")
    assert Reversal.objects.get().note == "sent it back"
