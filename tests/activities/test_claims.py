"""Claims for missing points: opened, granted as late activities, refused; a receipt earns once in a program."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.claimed import already_claimed
from activities.claims import ClaimCall, grant_claim, open_claim, refuse_claim
from activities.errors import ClaimDecided, ReceiptAttributed
from activities.models import Claim, MemberActivity, Transaction
from common import clock
from common.actor import Actor
from common.errors import LoyaltyError, NotAllowed, NotFound
from customers.models import StaffCustomer
from gateway.models import Event
from memberships.errors import MembershipNotAble
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.errors import EventTimeOutOfRange, OwnPoints
from points.models import Posting
from programs.models import Program
from staff.models import User
from tests.activities.sales import per_euro, released, sale
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, actor_in, counted, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db
MADE = (Claim, MemberActivity, Posting, Event)


@pytest.fixture
def miles(miles: Program) -> Program:
    """One mile for every full euro."""
    released(miles, per_euro())
    return miles


@pytest.fixture
def michael_adams(miles: Program) -> Membership:
    """He takes part since long before what he claims."""
    return make_membership(miles, "Michael Adams", at=clock.now() - timedelta(days=800))


def claimed(membership: Membership, receipt: str = "R-77", *, actor: Actor = ACTOR, **values: Any) -> Claim:
    given = {
        "membership_id": membership.pk,
        "occurred_at": clock.now() - timedelta(days=60),
        "amount": Decimal("80"),
        "currency": "EUR",
    }
    return open_claim(ClaimCall(receipt, **(given | values)), actor=actor)


def refused(error: type[LoyaltyError], func: Callable[[], Any]) -> LoyaltyError:
    """What it was refused with, after which nothing is there that was not there before."""
    before = counted(*MADE)
    with pytest.raises(error) as found:
        func()
    assert counted(*MADE) == before
    return found.value


def test_a_claim_waits_and_earns_nothing_by_itself(michael_adams: Membership) -> None:
    claim = claimed(michael_adams)
    assert (claim.status, claim.customer_id, claim.activity_id) == ("open", member_of(michael_adams), None)
    assert not Posting.objects.exists()
    assert Event.objects.get(kind="claim.opened").subject_id == claim.pk


def test_a_granted_claim_is_a_late_activity_judged_by_the_rules(michael_adams: Membership) -> None:
    claim = claimed(michael_adams)
    granted, done = grant_claim(claim.pk, actor=ACTOR, why="receipt seen")
    activity = MemberActivity.objects.get()
    assert (activity.type.code, activity.status, activity.reference) == ("purchase", "processed", "R-77")
    assert (activity.amount, activity.occurred_at) == (Decimal("80.00"), claim.occurred_at)
    assert activity.recorded_at - activity.occurred_at > timedelta(days=59)
    assert (granted.status, granted.activity_id, granted.why) == ("granted", activity.pk, "receipt seen")
    assert (done.activity.pk, account_of(michael_adams).balance) == (activity.pk, 80)
    assert Event.objects.get(kind="claim.granted").facts["activity"] == activity.pk
    assert_audit_clean()


def test_a_refused_claim_says_why_and_the_receipt_can_be_claimed_again(michael_adams: Membership) -> None:
    first = refuse_claim(claimed(michael_adams).pk, actor=ACTOR, why="unreadable")
    assert (first.status, first.why, first.activity_id) == ("refused", "unreadable", None)
    assert first.decided_at is not None
    assert claimed(michael_adams).status == "open"
    assert not Posting.objects.exists()


@pytest.mark.parametrize("again", [grant_claim, refuse_claim])
def test_what_was_decided_is_not_decided_again(michael_adams: Membership, again: Callable[..., Any]) -> None:
    claim = claimed(michael_adams)
    grant_claim(claim.pk, actor=ACTOR)
    error = refused(ClaimDecided, lambda: again(claim.pk, actor=ACTOR, why="twice"))
    assert error.facts == {"claim": claim.pk, "status": "granted"}
    assert account_of(michael_adams).balance == 80


def test_a_receipt_that_a_sale_of_the_program_names_is_refused(
    michael_adams: Membership, katrin_bauer: Membership
) -> None:
    """Anywhere in the program: on another membership, through another channel."""
    told = sale(katrin_bauer, "80", reference="R-77")
    error = refused(ReceiptAttributed, lambda: claimed(michael_adams))
    assert error.facts["membership"] == katrin_bauer.pk
    assert error.facts["activity"] == told["activities"][0]["id"]
    assert "earns once" in error.message


def test_a_receipt_is_claimed_once_at_a_time(michael_adams: Membership, katrin_bauer: Membership) -> None:
    claim = claimed(michael_adams)
    assert refused(ReceiptAttributed, lambda: claimed(michael_adams)).facts["claim"] == claim.pk


def test_a_sale_that_came_in_after_the_claim_stops_its_grant(
    michael_adams: Membership, katrin_bauer: Membership
) -> None:
    claim = claimed(michael_adams)
    sale(katrin_bauer, "80", reference="R-77")
    refused(ReceiptAttributed, lambda: grant_claim(claim.pk, actor=ACTOR))
    assert Claim.objects.get().status == "open"


def test_a_sale_told_after_its_claim_was_granted_is_recorded_and_earns_nothing(
    michael_adams: Membership, katrin_bauer: Membership
) -> None:
    """The other order: the receipt counts once, whoever's sale the till says it was."""
    claim, granted = grant_claim(claimed(michael_adams).pk, actor=ACTOR)
    assert granted.posted is not None
    for membership, channel in ((michael_adams, ACTOR), (katrin_bauer, replace(ACTOR, channel_id=1))):
        before = account_of(membership).balance
        told = sale(membership, "80", reference="R-77", actor=channel)
        (activity,) = told["activities"]
        assert (activity["status"], activity["problem"]["code"]) == ("refused", "receipt_attributed")
        assert activity["problem"]["facts"] == {
            "receipt": "R-77", "claim": claim.pk, "activity": granted.activity.pk,
        }  # fmt: skip
        assert (told["effects"], account_of(membership).balance) == ([], before)
        assert Transaction.objects.filter(pk=told["id"]).exists()
    other = sale(michael_adams, "80", reference="R-78")
    assert other["activities"][0]["status"] == "processed"
    assert_audit_clean()


def test_a_queued_purchase_of_a_claimed_receipt_is_refused_and_the_claims_own_can_be_repeated(
    michael_adams: Membership,
) -> None:
    claim, granted = grant_claim(claimed(michael_adams).pk, actor=ACTOR)
    assert already_claimed([granted.activity], design=granted.design) == {}
    again = MemberActivity(pk=granted.activity.pk + 1, type=granted.activity.type, reference="R-77")
    found = already_claimed([granted.activity, again], design=granted.design)
    assert {pk: error.facts["claim"] for pk, error in found.items()} == {again.pk: claim.pk}


def test_a_refused_claim_keeps_no_sale_from_earning(michael_adams: Membership) -> None:
    refuse_claim(claimed(michael_adams).pk, actor=ACTOR, why="no receipt shown")
    assert sale(michael_adams, "80", reference="R-77")["activities"][0]["status"] == "processed"


def test_the_same_receipt_in_another_program_is_another_one(michael_adams: Membership) -> None:
    other = make_membership(make_program("style"), "Emma Stone")
    sale(other, "80", reference="R-77")
    assert claimed(michael_adams).status == "open"


@pytest.mark.parametrize("days", [-1, 366, 801])
def test_a_purchase_ahead_or_over_a_year_ago_is_not_claimed(michael_adams: Membership, days: int) -> None:
    refused(EventTimeOutOfRange, lambda: claimed(michael_adams, occurred_at=clock.now() - timedelta(days=days)))


def test_a_purchase_before_the_person_took_part_is_not_claimed(katrin_bauer: Membership) -> None:
    error = refused(EventTimeOutOfRange, lambda: claimed(katrin_bauer))
    assert error.facts["from"] == katrin_bauer.enrolled_at.isoformat()


def test_a_suspended_membership_neither_claims_nor_gets_what_it_claimed(michael_adams: Membership) -> None:
    claim = claimed(michael_adams)
    suspend(michael_adams, actor=ACTOR, reason="asked")
    refused(MembershipNotAble, lambda: claimed(michael_adams, "R-78"))
    refused(MembershipNotAble, lambda: grant_claim(claim.pk, actor=ACTOR))


def test_nobody_decides_about_points_of_their_own(michael_adams: Membership) -> None:
    user = User.objects.create(username="agent")
    StaffCustomer.objects.create(user=user, customer_id=member_of(michael_adams))
    agent = Actor("user", user.pk, 1, "agent", lambda action, program_id: True, None)
    claim = claimed(michael_adams)
    for decide in (grant_claim, refuse_claim):
        refused(OwnPoints, lambda decide=decide: decide(claim.pk, actor=agent, why="mine"))


def test_deciding_takes_the_right_to_correct_points_in_that_program(michael_adams: Membership) -> None:
    claim = claimed(michael_adams)
    till = Actor("channel", None, 2, "till", lambda action, program_id: action == "activities:write", None)
    refused(NotAllowed, lambda: grant_claim(claim.pk, actor=till))
    refused(NotFound, lambda: grant_claim(claim.pk, actor=actor_in(make_program("abroad"))))


def test_who_opened_a_claim_takes_it_back_and_a_colleague_grants_it(michael_adams: Membership) -> None:
    agent, colleague = (
        Actor("user", User.objects.create(username=name).pk, 1, name, lambda action, program_id: True, None)
        for name in ("agent", "colleague")
    )
    own = claimed(michael_adams, actor=agent)
    refused(NotAllowed, lambda: grant_claim(own.pk, actor=agent))
    own.refresh_from_db()
    assert (own.status, own.activity_id, account_of(michael_adams).balance) == ("open", None, 0)
    assert refuse_claim(own.pk, actor=agent, why="opened twice").status == "refused"
    again = claimed(michael_adams, actor=agent)
    assert grant_claim(again.pk, actor=colleague)[0].status == "granted"
