"""While the person's membership is not active a registered card stays anonymous and linked to it (domain 1.10)."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.calls import PointsCall
from activities.earning import earn as earn_points
from cards.models import Card, CardKind
from common import clock
from customers.models import Customer
from gateway.models import Event
from memberships import lifecycle
from memberships.ending import finish_resting, terminate
from memberships.erasing import erase_consents
from memberships.errors import CardRegistered, ReasonMissing, RegistrationClosed
from memberships.exits import delete_memberships_of, end_for_erasure, obstacles
from memberships.models import CardHolding, CardRegistration, Member, Membership, MembershipChange
from memberships.one_person import unite_people
from memberships.waiting_registrations import withdraw_registration
from programs.models import Activation, Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous, customer_called, earn, group_of, owe, pool_of
from tests.factories import ACTOR, account_of, counted, make_customer, make_membership, member_of
from tests.memberships.changes.planning import change_program
from tests.registering import anonymous_of, card_of, found_card, registered

pytestmark = pytest.mark.django_db
PROOF = {"proof_kind": "receipt", "proof_reference": "R-1"}


def person(membership: Membership) -> Customer:
    return Customer.objects.get(pk=member_of(membership))


@pytest.fixture
def anna(miles: Program) -> Membership:
    """Suspended."""
    made = make_membership(miles, "Anna Bauer")
    return lifecycle.suspend(made, actor=ACTOR, reason="in doubt")


@pytest.fixture
def card(miles: Program) -> Card:
    return found_card(miles, 300)


def test_the_card_stays_anonymous_and_linked_and_goes_on_earning(anna: Membership, card: Card) -> None:
    registration = registered(card, person(anna))
    found = anonymous_of(card)
    assert (registration.status, registration.outcome, registration.ended_at) == ("waiting", "", None)
    assert (registration.target_id, registration.membership_id) == (anna.pk, found.pk)
    assert (found.type, found.status, account_of(found).balance, account_of(anna).balance) == (
        "anonymous", "active", 300, 0,
    )  # fmt: skip
    card.refresh_from_db()
    assert (card.kind, CardHolding.objects.get(card=card).customer_id) == (CardKind.TEMPORARY, None)
    assert not MembershipChange.objects.exists()
    assert Event.objects.get(kind="registration.waiting").facts == {
        "number": card.number_id, "customer": member_of(anna), "membership": found.pk, "target": anna.pk,
    }  # fmt: skip
    earn_points(PointsCall(found.pk, 7), actor=ACTOR)
    assert account_of(found).balance == 307
    assert_audit_clean()


def test_when_the_membership_is_active_again_the_points_come(anna: Membership, card: Card) -> None:
    registration = registered(card, person(anna))
    earn(anonymous_of(card), 7)
    lifecycle.reinstate(anna, actor=ACTOR, reason="cleared")
    registration.refresh_from_db()
    card.refresh_from_db()
    assert (registration.status, registration.outcome, card.kind) == ("done", "absorbed", CardKind.ADDITIONAL)
    assert (account_of(anna).balance, MembershipChange.objects.get().basis) == (307, "possession")
    assert_audit_clean()


def made_active(how: str, program: Program) -> tuple[Membership, Callable[[], Any]]:
    """A membership that is not active, and what makes it so."""
    if how == "payment":
        change_program(program, activation=Activation.FIRST_PAYMENT, fee=Decimal(60), term_months=12)
    made = make_membership(program, "Anna Bauer")
    if how == "payment":
        return made, lambda: lifecycle.record_payment(made, actor=ACTOR, reference="R-1", paid_at=clock.now())
    if how == "activation":
        lifecycle.pause(made, actor=ACTOR, reason="wish")
        return made, lambda: lifecycle.activate(made, actor=ACTOR)
    lifecycle.suspend(made, actor=ACTOR, reason="in doubt")
    return made, lambda: lifecycle.reinstate(made, actor=ACTOR, reason="cleared")


@pytest.mark.parametrize("how", ["payment", "activation", "reinstatement"])
def test_every_way_to_become_active_brings_them(miles: Program, how: str) -> None:
    anna, wake = made_active(how, miles)
    registration = registered(found_card(miles, 300), person(anna))
    assert registration.status == "waiting"
    wake()
    registration.refresh_from_db()
    assert (registration.status, account_of(anna).balance) == ("done", 300)
    assert_audit_clean()


def test_an_ended_membership_that_is_brought_back_brings_them_too(anna: Membership, card: Card) -> None:
    registration = registered(card, person(anna))
    terminate(anna, actor=ACTOR, reason="wish")
    registration.refresh_from_db()
    assert registration.status == "waiting"
    lifecycle.reinstate(anna, actor=ACTOR, reason="regret")
    registration.refresh_from_db()
    assert (registration.status, account_of(anna).balance) == ("done", 300)
    assert_audit_clean()


def test_once_it_is_over_for_good_the_card_waits_no_more(anna: Membership, card: Card, miles: Program) -> None:
    registration = registered(card, person(anna))
    ended = terminate(anna, actor=ACTOR, reason="wish")
    assert ended.rests_until is not None
    with clock.frozen(ended.rests_until + timedelta(hours=1)):
        finish_resting(ended, actor=ACTOR, at=clock.program_now(miles))
        registration.refresh_from_db()
        assert registration.status == "withdrawn"
        assert registered(card, person_named("Anna Bauer")).outcome == "converted"
    assert_audit_clean()


def person_named(name: str) -> Customer:
    return customer_called(name)


def test_who_is_suspended_in_a_group_waits_for_being_reinstated(miles: Program, card: Card) -> None:
    group = group_of(miles, "Mia Moore", "Max Moore")
    member = Member.objects.get(customer__name="Max Moore")
    lifecycle.suspend_member(member, actor=ACTOR, reason="in doubt")
    registration = registered(card, customer_called("Max Moore"))
    assert (registration.status, account_of(group).balance) == ("waiting", 0)
    lifecycle.reinstate_member(member, actor=ACTOR, reason="cleared")
    registration.refresh_from_db()
    assert (registration.status, account_of(group).balance) == ("done", 300)
    assert_audit_clean()


def test_a_membership_becomes_active_though_the_points_can_not_come_yet(miles: Program) -> None:
    """The card's membership is suspended by then: the registration goes on waiting until the person asks again."""
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    lifecycle.suspend(john, actor=ACTOR, reason="in doubt")
    found = anonymous(miles)
    owe(found, 40)
    registration = registered(card_of(found), person(john), **PROOF)
    lifecycle.suspend(found, actor=ACTOR, reason="in doubt")
    assert lifecycle.reinstate(john, actor=ACTOR, reason="cleared").status == "active"
    registration.refresh_from_db()
    assert registration.status == "waiting"
    lifecycle.reinstate(found, actor=ACTOR, reason="cleared")
    again = registered(card_of(found), person(john))
    assert (again.pk, again.status) == (registration.pk, "awaiting_consent")
    assert_audit_clean()
    assert account_of(katrin).balance == 0


class TestRegisteringAgain:
    def test_the_same_person_gets_the_same_answer(self, anna, card):
        first = registered(card, person(anna))
        before = counted(CardRegistration, Event)
        assert registered(card, person(anna)) == first
        assert counted(CardRegistration, Event) == before

    def test_somebody_else_is_refused(self, anna, card):
        registered(card, person(anna))
        before = counted(CardRegistration, Event)
        with pytest.raises(CardRegistered) as refused:
            registered(card, make_customer("Emma Stone"))
        assert refused.value.facts == {"card": card.number_id}
        assert counted(CardRegistration, Event) == before


class TestWithdrawing:
    def test_afterwards_anybody_may_register_the_card(self, anna, card):
        registration = registered(card, person(anna))
        withdraw_registration(registration, actor=ACTOR, reason="wrong person")
        assert (registration.status, registration.ended_at is None) == ("withdrawn", False)
        assert Event.objects.get(kind="registration.withdrawn").subject_id == registration.pk
        lifecycle.reinstate(anna, actor=ACTOR, reason="cleared")
        assert account_of(anna).balance == 0
        assert registered(card, make_customer("Emma Stone")).outcome == "converted"
        assert_audit_clean()

    def test_it_takes_a_reason_and_something_that_waits(self, anna, card):
        registration = registered(card, person(anna))
        with pytest.raises(ReasonMissing):
            withdraw_registration(registration, actor=ACTOR, reason=" ")
        withdraw_registration(registration, actor=ACTOR, reason="wrong person")
        with pytest.raises(RegistrationClosed) as refused:
            withdraw_registration(registration, actor=ACTOR, reason="again")
        assert refused.value.facts["status"] == "withdrawn"

    def test_with_the_consent_of_others_outstanding_the_change_is_withdrawn(self, miles):
        katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
        found = anonymous(miles)
        owe(found, 40)
        registration = registered(card_of(found), person(john), **PROOF)
        withdraw_registration(registration, actor=ACTOR, reason="wrong person")
        assert (registration.status, MembershipChange.objects.get().status) == ("withdrawn", "withdrawn")
        assert_audit_clean()


class TestPeople:
    def test_who_is_erased_waits_for_nothing_and_the_proof_is_forgotten(self, anna, card):
        emma = person(anna)
        registration = registered(card, emma, **PROOF)
        end_for_erasure(emma, actor=ACTOR)
        erase_consents(emma, actor=ACTOR)
        registration.refresh_from_db()
        assert (registration.status, registration.proof_kind, registration.proof_reference) == (
            "withdrawn", "receipt", "",
        )  # fmt: skip
        told = CardRegistration.history.filter(id=registration.pk)
        assert set(told.values_list("proof_reference", flat=True)) == {""}

    def test_a_registration_is_deleted_with_the_membership_it_made_and_nothing_was_posted_to(self, miles):
        emma = make_customer("Emma Stone")
        registered(found_card(miles), emma)
        assert obstacles(emma) == []
        assert delete_memberships_of(emma, actor=ACTOR, reason="test") == 1
        assert not CardRegistration.objects.exists()

    def test_who_registered_the_card_of_another_membership_is_erased_not_deleted(self, anna, card):
        emma = person(anna)
        withdraw_registration(registered(card, emma), actor=ACTOR, reason="wrong person")
        assert [(one.code, one.facts) for one in obstacles(emma)] == [("has_registrations", {"registrations": 1})]

    def test_with_two_records_of_one_person_the_registration_goes_along(self, miles, anna, card):
        stays = make_customer("A. Bauer")
        registration = registered(card, person(anna))
        unite_people(stays, duplicate=person(anna), actor=ACTOR, reason="same person")
        lifecycle.reinstate(anna, actor=ACTOR, reason="cleared")
        registration.refresh_from_db()
        assert (registration.customer_id, registration.status) == (stays.pk, "done")
        assert account_of(anna).balance == 300
        assert_audit_clean()
