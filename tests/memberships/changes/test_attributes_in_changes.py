"""Attributes and labels when memberships change: the prime wins, conflicts are shown, undoing gives back (1.9)."""

from datetime import timedelta
from typing import Any

import pytest

from common import clock
from memberships.attributes import set_many, values_of
from memberships.changes.preview import preview_of
from memberships.changes.terms import terms_of
from memberships.labels import add_many, labels_of
from memberships.models import AttributeValue, Membership, MembershipChange, MembershipLabel
from programs.design import design_of
from programs.models import AttributeDefinition, AttributeType, Label, Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous, customer_called, group_of, pair
from tests.factories import ACTOR, member_of
from tests.memberships.changes.planning import planned
from tests.memberships.changes.undone import back, done, proposed

pytestmark = pytest.mark.django_db


@pytest.fixture
def words(miles: Program) -> Program:
    AttributeDefinition.objects.create(program=miles, code="flights", name="Flights")
    AttributeDefinition.objects.create(program=miles, code="meal", name="Meal", type=AttributeType.TEXT)
    for code in ("vip", "parent"):
        Label.objects.create(program=miles, code=code, name=code.title())
    return miles


def give(membership: Membership, *labels: str, **values: Any) -> None:
    design, at = design_of(membership.program_id, fresh=True), clock.now()
    set_many({(membership.pk, code): one for code, one in values.items()}, design=design, at=at, actor=ACTOR)
    add_many([(membership.pk, code) for code in labels], design=design, at=at, actor=ACTOR)


def told(membership: Membership) -> tuple[dict[str, Any], set[str]]:
    """Its values and its labels."""
    values = values_of([membership.pk], design=design_of(membership.program_id))[membership.pk]
    return values, set(labels_of([membership.pk])[membership.pk])


def result_of(change: MembershipChange) -> Membership:
    return Membership.objects.get(pk=change.result_id)


def test_sharing_an_account_moves_none_of_them(words: Program) -> None:
    anna, ben = pair(words)
    give(anna, "vip", flights=3)
    done("merge", anna, ben, result_type="shared")
    assert (told(anna), told(ben)) == (({"flights": 3}, {"vip"}), ({}, set()))


def test_in_a_group_the_primes_values_win_and_an_undo_gives_everybody_their_own_back(words: Program) -> None:
    anna, ben = pair(words)
    give(anna, "vip", flights=3, meal="vegan")
    give(ben, "vip", "parent", flights=5)
    change = done("merge", ben, anna, result_type="group", main_id=member_of(anna))
    assert told(result_of(change)) == ({"flights": 5, "meal": "vegan"}, {"vip", "parent"})
    assert {told(one)[1].pop() if told(one)[1] else None for one in (anna, ben)} == {None}
    sources = set(MembershipLabel.objects.filter(membership=change.result_id).values_list("source", flat=True))
    assert sources == {"change"}
    back(change, anna, ben)
    assert told(anna) == ({"flights": 3, "meal": "vegan"}, {"vip"})
    assert told(ben) == ({"flights": 5}, {"vip", "parent"})
    assert_audit_clean()


def test_terms_and_preview_name_conflicts_but_no_counter_that_moves_daily(words: Program) -> None:
    anna, ben = pair(words)
    give(anna, flights=3, meal="vegan")
    give(ben, flights=5, meal="halal")
    terms = terms_of(planned(anna, ben, result_type="group"))
    assert terms["attributes"] == {"wins": anna.pk, "conflicts": ["meal"]}
    assert "attributes" not in terms_of(planned(anna, ben, result_type="shared"))
    change = proposed("merge", anna, ben, result_type="group", main_id=member_of(anna))
    seen = {one.customer: (one.before, one.after) for one in preview_of(change, actor=ACTOR).people}
    before, after = seen[member_of(ben)]
    assert before is not None
    assert after is not None
    assert [(one.attribute, one.value) for one in before.attributes] == [("flights", "5"), ("meal", "halal")]
    assert [(one.attribute, one.value) for one in after.attributes] == [("flights", "3"), ("meal", "vegan")]


def test_a_found_card_fills_in_what_the_member_lacks(words: Program) -> None:
    anna, found = pair(words)[0], anonymous(words)
    give(anna, flights=3)
    give(found, "vip", flights=9, meal="vegan")
    change = done("absorb", anna, found)
    assert told(anna) == ({"flights": 3, "meal": "vegan"}, {"vip"})
    back(change, anna, found)
    assert told(anna) == ({"flights": 3}, set())
    assert told(found) == ({"flights": 9, "meal": "vegan"}, {"vip"})


def test_an_undo_leaves_a_value_that_changed_since(words: Program) -> None:
    anna, found = pair(words)[0], anonymous(words)
    give(found, flights=9)
    change = done("absorb", anna, found)
    with clock.frozen(clock.now() + timedelta(minutes=1)):
        give(anna, flights=10)
        back(change, anna, found)
    assert told(anna)[0] == {"flights": 10}


def test_who_leaves_a_group_takes_back_what_they_brought(words: Program) -> None:
    anna, ben = pair(words)
    give(anna, "vip", flights=3)
    give(ben, "parent", flights=5)
    group = result_of(done("merge", anna, ben, result_type="group", main_id=member_of(anna)))
    give(group, flights=8)
    own = result_of(done("split", group, leaver_id=member_of(ben), policy="leave_behind"))
    assert told(own) == ({"flights": 5}, {"parent"})
    assert told(group) == ({"flights": 8}, {"vip", "parent"})


def test_a_group_that_becomes_a_pool_leaves_its_values_with_the_main_member(words: Program) -> None:
    group = group_of(words)
    give(group, "vip", flights=7)
    done("merge", group, result_type="shared")
    found = AttributeValue.objects.exclude(membership=group).select_related("membership")
    (value,) = found
    main = customer_called("Mia Moore")
    assert (value.number, member_of(value.membership)) == (7, main.pk)
    assert told(value.membership)[1] == {"vip"}
