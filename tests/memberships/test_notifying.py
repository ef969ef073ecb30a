"""A membership is told through its people."""

from collections import Counter

import pytest

from customers.models import ContactPreference, Message, PreferenceChannel
from customers.updating import update_customer
from memberships.models import Member, Membership
from memberships.notifying import notify_members
from programs.models import Program
from tests.changes import group_of
from tests.factories import ACTOR, member_of

pytestmark = pytest.mark.django_db


def reachable(*memberships: Membership) -> None:
    for membership in memberships:
        for member in Member.objects.filter(membership=membership):
            update_customer(member.customer, actor=ACTOR, email=f"{member.customer_id}@example.com")
            ContactPreference.objects.create(customer=member.customer, channel=PreferenceChannel.EMAIL, allowed=True)


def test_each_membership_has_its_own_facts_and_its_own_key(
    miles: Program, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    reachable(michael_adams, katrin_bauer)
    facts = {michael_adams.pk: {"tier": "Gold"}, katrin_bauer.pk: {"tier": "Blue"}}
    keys = {michael_adams.pk: "standing:1"}
    assert notify_members(miles, "tier_changed", facts, once=keys) == Counter({"waiting": 2})
    assert notify_members(miles, "tier_changed", facts, once=keys) == Counter({"waiting": 1})
    found = Message.objects.order_by("pk").values_list("customer_id", "subject", "once_key")
    michael, katrin = member_of(michael_adams), member_of(katrin_bauer)
    assert sorted(found) == [
        (michael, "Miles: you are now Gold", "standing:1"),
        (katrin, "Miles: you are now Blue", ""),
        (katrin, "Miles: you are now Blue", ""),
    ]
    assert f"Membership {michael_adams.number}" in (Message.objects.get(customer=michael).body or "")


def test_everybody_of_a_group_is_told_and_nobody_who_left(miles: Program) -> None:
    family = group_of(miles, "Anna Bauer", "Ben Miller", "Carl Lang")
    reachable(family)
    gone = Member.objects.filter(membership=family, customer__name="Carl Lang").get()
    gone.ended_at = gone.joined_at
    gone.save()
    assert notify_members(miles, "tier_changed", {family.pk: {"tier": "Gold"}}) == Counter({"waiting": 2})
    people = Message.objects.order_by("customer__name").values_list("customer__name", flat=True)
    assert list(people) == ["Anna Bauer", "Ben Miller"]
