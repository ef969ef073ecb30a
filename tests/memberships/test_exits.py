from datetime import timedelta

import pytest
from django.db import connection

from activities.calls import PointsCall
from activities.earning import earn_in_general
from cards.models import Card, NumberRegistry
from common import clock
from common.obstacles import Obstacle
from customers.errors import CustomerNotErasable
from customers.models import Customer
from memberships.enrolment import enrol
from memberships.errors import DeletionRefused, ReasonMissing, StandingRefused
from memberships.exits import delete_membership, delete_memberships_of, end_for_erasure, obstacles
from memberships.models import CardHolding, Member, Membership, TermsAcceptance, TierStanding
from memberships.standings import may_lower, set_standing
from points.models import PointAccount, PointAccountSet, Posting
from programs.models import Tier
from tests.factories import ACTOR, counted, make_customer, make_program, make_terms

GONE = (Membership, Member, CardHolding, TierStanding, TermsAcceptance, PointAccount, PointAccountSet)


def test_a_membership_nothing_was_posted_to_goes_and_its_number_stays(sky, emma):
    make_terms(sky)
    membership = enrol(emma, program=sky, actor=ACTOR, accept_terms=True)
    other = enrol(make_customer("John"), program=sky, actor=ACTOR, accept_terms=True)
    number = CardHolding.objects.get(membership=membership).card.number_id
    assert obstacles(emma) == []
    delete_membership(membership, actor=ACTOR, reason="typed twice")
    connection.check_constraints()
    assert counted(*GONE) == {
        "Membership": 1, "Member": 1, "CardHolding": 1, "TierStanding": 1, "TermsAcceptance": 1, "PointAccount": 2,
        "PointAccountSet": 1,
    }  # fmt: skip
    assert Membership.objects.get() == other
    assert Card.objects.get(number=number).status == "cancelled"
    assert NumberRegistry.objects.filter(number=number).exists()
    assert Customer.objects.filter(pk=emma.pk).exists()
    last = Membership.history.filter(id=membership.pk).first()
    assert (last.history_type, last.history_change_reason) == ("-", "typed twice")


def test_a_membership_with_points_stays(sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    earn_in_general(PointsCall(membership.pk, 100), actor=ACTOR)
    before = counted(*GONE, Posting)
    assert [one.code for one in obstacles(emma)] == ["has_postings"]
    with pytest.raises(DeletionRefused) as refused:
        delete_membership(membership, actor=ACTOR, reason="typed twice")
    assert refused.value.facts["obstacles"][0]["code"] == "has_postings"
    assert counted(*GONE, Posting) == before
    assert Card.objects.get().status == "active"


def test_what_others_see_above_hinders_too(sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    with pytest.raises(DeletionRefused):
        delete_membership(membership, actor=ACTOR, reason="x", above=[Obstacle("open_change", "A change is open.")])
    assert Membership.objects.count() == 1


def test_all_memberships_of_a_customer_go_before_the_customer(sky, emma):
    enrol(emma, program=sky, actor=ACTOR)
    enrol(emma, program=make_program("sea"), actor=ACTOR)
    assert delete_memberships_of(emma, actor=ACTOR, reason="typed twice") == 2
    assert counted(*GONE) == dict.fromkeys([model.__name__ for model in GONE], 0)
    assert NumberRegistry.objects.count() == 2


def test_nobody_erased_takes_part(sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    end_for_erasure(emma, actor=ACTOR)
    membership.refresh_from_db()
    assert (membership.status, membership.end_reason) == ("expired", "customer_closed")


@pytest.mark.parametrize("main", [True, False])
def test_who_shares_a_group_is_not_erased(sky, emma, main):
    group = enrol(emma, program=sky, actor=ACTOR)
    john = make_customer("John")
    second = Member.objects.create(membership=group, program=sky, customer=john, joined_at=group.enrolled_at)
    group.type, group.main_member = "group", group.members.get(customer=emma) if main else second
    group.save()
    connection.check_constraints()
    with pytest.raises(CustomerNotErasable) as refused:
        end_for_erasure(emma, actor=ACTOR)
    told = refused.value.facts
    assert (told["membership"], told["main"]) == (group.pk, main)
    assert [one["code"] for one in told["obstacles"]] == ["shares_group"]
    assert [one.code for one in obstacles(emma)] == ["has_other_members"] + ["main_of_group"] * main
    assert Membership.objects.get().status == "active"


def test_a_superseding_membership_stays(sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    other = enrol(make_customer("John"), program=sky, actor=ACTOR)
    other.superseded_by = membership
    other.save()
    before = counted(*GONE)
    assert [one.code for one in obstacles(emma)] == ["has_predecessors"]
    with pytest.raises(DeletionRefused) as refused:
        delete_membership(membership, actor=ACTOR, reason="typed twice")
    assert refused.value.facts["obstacles"][0]["code"] == "has_predecessors"
    assert counted(*GONE) == before
    assert set(Card.objects.values_list("status", flat=True)) == {"active"}


def test_a_tier_by_hand_is_kept_until_its_date(sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    gold = Tier.objects.get(code="gold")
    until = clock.now() + timedelta(days=365)
    standing = set_standing(membership, tier=gold, reason="goodwill", until=until, actor=ACTOR)
    (old, new) = membership.standings.order_by("pk")
    assert (old.tier.code, old.ended_at, new) == ("blue", new.since, standing)
    assert (new.source, new.reason, new.until, new.ended_at) == ("manual", "goodwill", until, None)
    assert not may_lower(new, at=until - timedelta(microseconds=1)) and may_lower(new, at=until)


def test_a_tier_that_exempts_from_expiry_tells_the_set(sky, emma):
    membership = enrol(emma, program=sky, actor=ACTOR)
    gold = Tier.objects.get(code="gold")
    gold.exempt_from_expiry = True
    gold.save()
    until = clock.now() + timedelta(days=365)
    set_standing(membership, tier=gold, reason="goodwill", until=until, actor=ACTOR)
    assert PointAccountSet.objects.get().exempt_until == until
    set_standing(membership, tier=Tier.objects.get(code="blue"), reason="mistake", until=until, actor=ACTOR)
    assert PointAccountSet.objects.get().exempt_until is None


@pytest.mark.parametrize("fault", ["reason", "past", "foreign"])
def test_a_tier_by_hand_needs_reason_a_date_ahead_and_its_own_program(sky, emma, fault):
    membership = enrol(emma, program=sky, actor=ACTOR)
    make_program("sea")
    asked = {
        "tier": Tier.objects.get(code="gold", group__program__code="sea" if fault == "foreign" else "sky"),
        "reason": " " if fault == "reason" else "goodwill",
        "until": clock.now() + timedelta(days=-1 if fault == "past" else 1),
    }
    with pytest.raises(ReasonMissing if fault == "reason" else StandingRefused):
        set_standing(membership, actor=ACTOR, **asked)
    assert membership.standings.get().tier.code == "blue"
