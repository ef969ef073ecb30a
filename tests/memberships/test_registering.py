"""A person without a membership registers a found card: its anonymous membership becomes theirs (domain 1.10)."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest

from cards import issuing
from cards.errors import CardNotUsable
from cards.models import CardKind
from common import clock
from common.errors import LoyaltyError, NotFound
from common.history import audit_context
from customers.models import Customer
from gateway.models import Event
from memberships import lifecycle
from memberships.card_holding import cancel_cards, end_holding
from memberships.ending import terminate
from memberships.errors import (
    CardRegistered,
    CoolingDown,
    CustomerNotActive,
    MembershipNotAble,
    ProgramNotOpen,
    ProofRequired,
    TermsNotAccepted,
    WrongCode,
)
from memberships.models import (
    CardHolding,
    CardRegistration,
    Member,
    Membership,
    MembershipChange,
    MembershipTerm,
    TermsAcceptance,
)
from points.models import Debt, Lot, LotContributorChange, Posting
from programs.models import Activation, Program, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.changes import earn, owe
from tests.factories import ACTOR, account_of, counted, make_customer, make_membership, make_terms, member_of
from tests.memberships.changes.planning import change_program
from tests.registering import anonymous_of, card_of, found_card, give_code, registered, unused_card

pytestmark = pytest.mark.django_db
WRITTEN = (
    CardRegistration, Membership, Member, CardHolding, TermsAcceptance, MembershipTerm, MembershipChange, Posting,
    LotContributorChange,
)  # fmt: skip


@pytest.fixture
def emma(db: None) -> Customer:
    return make_customer("Emma Stone")


def refused(error: type[LoyaltyError], card: Any, customer: Customer, **asked: Any) -> LoyaltyError:
    """The refusal, which left nothing behind."""
    before = counted(*WRITTEN)
    with pytest.raises(error) as caught:
        registered(card, customer, **asked)
    assert counted(*WRITTEN) == before
    return caught.value


def test_the_same_membership_becomes_the_persons_with_number_and_points(miles: Program, emma: Customer) -> None:
    """Case 59."""
    card = found_card(miles, 300)
    found = anonymous_of(card)
    lot = Lot.objects.get()
    registration = registered(card, emma)
    same = Membership.objects.get()
    assert (same.pk, same.number, same.own_set_id) == (found.pk, found.number, found.own_set_id)
    assert (same.type, same.status, same.enrolled_at) == ("standard", "active", found.enrolled_at)
    assert (member_of(same), account_of(same).balance) == (emma.pk, 300)
    assert (registration.status, registration.outcome, registration.membership_id, registration.target_id) == (
        "done", "converted", same.pk, None,
    )  # fmt: skip
    again = Lot.objects.get()
    assert (again.pk, again.remaining, again.earner_id, again.contributor_id) == (lot.pk, 300, None, emma.pk)
    (claimed,) = LotContributorChange.objects.all()
    assert (claimed.lot_id, claimed.old_contributor_id, claimed.new_contributor_id) == (lot.pk, None, emma.pk)
    assert (claimed.cause_kind, claimed.cause_id, claimed.posting_id) == ("registration", registration.pk, None)
    assert Posting.objects.count() == 1
    assert not MembershipChange.objects.exists()
    assert_audit_clean()


def test_the_temporary_card_becomes_the_main_card_without_an_end(miles: Program, emma: Customer) -> None:
    card = found_card(miles)
    with audit_context(ACTOR, "test"):
        card.valid_until = clock.now().date() + timedelta(days=30)
        card.save()
    registration = registered(card, emma)
    card.refresh_from_db()
    assert (card.kind, card.status, card.valid_until) == (CardKind.MAIN, "active", None)
    first, second = CardHolding.objects.filter(card=card).order_by("held_from", "pk")
    assert (first.customer_id, first.held_until, first.membership_id) == (None, second.held_from, second.membership_id)
    assert (second.customer_id, second.held_from, second.held_until) == (emma.pk, registration.registered_at, None)
    assert_audit_clean()


def test_systems_hear_of_it(miles: Program, emma: Customer) -> None:
    card = found_card(miles)
    registration = registered(card, emma)
    event = Event.objects.get(kind="card.registered")
    assert (event.subject_id, event.program_id) == (card.pk, miles.pk)
    assert event.facts == {
        "number": card.number_id,
        "registration": registration.pk,
        "customer": emma.pk,
        "membership": registration.membership_id,
        "outcome": "converted",
    }


def test_an_unused_card_is_used_and_registered_in_one_step(miles: Program, emma: Customer) -> None:
    card = unused_card(miles)
    registration = registered(card, emma)
    membership = Membership.objects.get()
    assert (registration.membership_id, membership.type, member_of(membership)) == (membership.pk, "standard", emma.pk)
    card.refresh_from_db()
    assert (card.kind, card.status, card_of(membership).pk) == (CardKind.MAIN, "active", card.pk)
    kinds = list(Event.objects.order_by("pk").values_list("kind", flat=True))
    assert kinds[-3:] == ["card.activated", "membership.first_used", "card.registered"]
    assert_audit_clean()


def test_terms_that_must_be_accepted_are_accepted_now(miles: Program, emma: Customer) -> None:
    terms = make_terms(miles)
    card = found_card(miles, 20)
    refused(TermsNotAccepted, card, emma)
    registration = registered(card, emma, accept_terms=True)
    acceptance = TermsAcceptance.objects.get()
    assert (acceptance.terms_id, acceptance.customer_id, acceptance.membership_id) == (
        terms.pk, emma.pk, registration.membership_id,
    )  # fmt: skip
    assert acceptance.accepted_at == registration.registered_at


def test_in_a_paid_program_it_is_inactive_until_paid_and_keeps_its_points(miles: Program, emma: Customer) -> None:
    change_program(miles, activation=Activation.FIRST_PAYMENT, fee=Decimal(60), term_months=12)
    registration = registered(found_card(miles, 300), emma)
    membership = Membership.objects.get()
    assert (membership.status, membership.activated_at, account_of(membership).balance) == ("inactive", None, 300)
    term = MembershipTerm.objects.get()
    assert (term.membership_id, term.fee, term.paid_at) == (membership.pk, Decimal("60.00"), None)
    assert membership.expires_on == term.last_day
    assert registration.outcome == "converted"
    paid = lifecycle.record_payment(membership, actor=ACTOR, reference="R-1", paid_at=clock.now())
    assert (paid.status, account_of(paid).balance) == ("active", 300)
    assert_audit_clean()


def test_where_activation_is_a_step_of_its_own_it_waits_for_that(miles: Program, emma: Customer) -> None:
    change_program(miles, activation=Activation.EXPLICIT)
    registered(found_card(miles, 300), emma)
    membership = Membership.objects.get()
    assert (membership.status, membership.expires_on) == ("inactive", None)
    assert lifecycle.activate(membership, actor=ACTOR).status == "active"
    assert_audit_clean()


def test_the_exception_to_redeem_anonymously_ends(miles: Program, emma: Customer) -> None:
    card = found_card(miles)
    found = anonymous_of(card)
    with audit_context(ACTOR, "test"):
        found.redeem_override = True
        found.save()
    registered(card, emma)
    assert Membership.objects.get().redeem_override is False


class TestWhoMayRegister:
    def test_a_registered_card_is_not_registered_again(self, miles, emma):
        card = found_card(miles, 10)
        registered(card, emma)
        for person in (emma, make_customer("John Miller")):
            error = refused(CardRegistered, card, person)
            assert (error.status, error.facts) == (409, {"card": card.number_id})

    def test_the_card_of_a_member_is_nobodys_to_register(self, michael_adams, emma):
        refused(CardRegistered, card_of(michael_adams), emma)

    def test_a_card_that_nobody_holds_is_not_there(self, miles, emma):
        refused(NotFound, issuing.issue_card(miles, actor=ACTOR), emma)
        card = found_card(miles)
        end_holding(card, actor=ACTOR, at=clock.now())
        refused(NotFound, card, emma)

    @pytest.mark.parametrize("barred", ["blocked", "lost", "over"])
    def test_a_card_out_of_use_registers_nobody(self, miles, emma, barred):
        card = found_card(miles, 10)
        if barred == "blocked":
            issuing.block(card, actor=ACTOR, reason="test")
        elif barred == "lost":
            issuing.report(card, "lost", actor=ACTOR)
        else:
            with audit_context(ACTOR, "test"):
                card.valid_until = date(2020, 1, 1)
                card.save()
        refused(CardNotUsable, card, emma)
        assert account_of(anonymous_of(card)).balance == 10

    def test_a_card_whose_membership_has_ended_brings_nothing(self, miles, emma):
        card = found_card(miles, 10)
        terminate(anonymous_of(card), actor=ACTOR, reason="test")
        refused(MembershipNotAble, card, emma)

    def test_only_an_active_customer_registers(self, miles, emma):
        card = found_card(miles)
        emma.status = "inactive"
        with audit_context(ACTOR, "test"):
            emma.save()
        refused(CustomerNotActive, card, emma)

    def test_only_a_released_program_takes_registrations(self, miles, emma):
        card = found_card(miles, 10)
        change_program(miles, status=ProgramStatus.LOCKED)
        refused(ProgramNotOpen, card, emma)

    def test_who_left_lately_waits_and_the_points_stay_on_the_card(self, miles, emma):
        change_program(miles, cool_down_days=90)
        former = make_membership(miles, "John Miller")
        terminate(former, actor=ACTOR, reason="wish")
        card = found_card(miles, 10)
        john = Customer.objects.get(pk=member_of(former))
        error = refused(CoolingDown, card, john)
        assert error.facts["first_day"] == (clock.now().date() + timedelta(days=90)).isoformat()
        assert account_of(anonymous_of(card)).balance == 10
        assert registered(card, emma).outcome == "converted"


class TestProof:
    """Case 63: the number alone is not enough where much stands on the card."""

    def test_up_to_the_limit_the_card_is_enough(self, miles, emma):
        change_program(miles, possession_limit=500)
        assert registered(found_card(miles, 500), emma).proof_kind == "none"

    def test_above_the_limit_it_takes_a_proof_and_the_points_are_not_told(self, miles, emma):
        change_program(miles, possession_limit=500)
        card = found_card(miles, 501)
        error = refused(ProofRequired, card, emma)
        assert (error.status, error.code) == (422, "proof_required")
        assert error.facts == {"possession_limit": 500, "proofs": ["code", "receipt", "in_store"]}
        assert "501" not in error.message
        found = anonymous_of(card)
        assert (found.type, account_of(found).balance) == ("anonymous", 501)

    def test_qualifying_points_are_nothing_a_thief_could_spend(self, miles, emma):
        change_program(miles, possession_limit=500)
        card = found_card(miles, 500)
        earn(anonymous_of(card), 5000, "status")
        assert registered(card, emma).outcome == "converted"

    def test_the_code_under_the_scratch_field_proves_it(self, miles, emma):
        change_program(miles, possession_limit=0)
        card = found_card(miles, 1)
        code = give_code(card)
        assert registered(card, emma, code=f"{code[:4]}-{code[4:].lower()}").proof_kind == "code"

    def test_a_wrong_code_is_refused_even_where_none_is_needed(self, miles, emma):
        card = found_card(miles, 1)
        code = give_code(card)
        wrong = "0" + code[1:] if code[0] != "0" else "1" + code[1:]
        error = refused(WrongCode, card, emma, code=wrong, proof_kind="receipt", proof_reference="R-1")
        assert (error.status, error.code) == (422, "wrong_code")
        assert code not in error.message
        refused(WrongCode, found_card(miles, 1), emma, code=code)

    @pytest.mark.parametrize("kind", ["receipt", "in_store"])
    def test_a_receipt_or_the_card_shown_in_a_store_proves_it_with_a_reference(self, miles, emma, kind):
        change_program(miles, possession_limit=0)
        card = found_card(miles, 1)
        refused(ProofRequired, card, emma, proof_kind=kind, proof_reference="  ")
        registration = registered(card, emma, proof_kind=kind, proof_reference=" shop 7, R-1 ")
        assert (registration.proof_kind, registration.proof_reference) == (kind, "shop 7, R-1")

    def test_a_program_without_a_limit_asks_for_no_proof_of_points(self, miles, emma):
        change_program(miles, possession_limit=None)
        assert registered(found_card(miles, 10**6), emma).proof_kind == "none"

    @pytest.mark.parametrize("limit", [1000, None])
    def test_a_debt_always_takes_a_proof_and_becomes_the_persons(self, miles, emma, limit):
        change_program(miles, possession_limit=limit)
        card = found_card(miles)
        owe(anonymous_of(card), 40)
        refused(ProofRequired, card, emma)
        registration = registered(card, emma, proof_kind="receipt", proof_reference="R-1")
        membership = registration.membership
        assert (account_of(membership).balance, account_of(membership).debt) == (-40, 40)
        assert list(Debt.objects.values_list("person_id", "remaining")) == [(emma.pk, 40)]
        assert_audit_clean()


def test_cards_end_with_the_membership_as_any_others(miles: Program, emma: Customer) -> None:
    card = found_card(miles)
    membership = registered(card, emma).membership
    terminate(membership, actor=ACTOR, reason="wish")
    with audit_context(ACTOR, "test"):
        cancel_cards(membership, actor=ACTOR, at=clock.now(), reason="test")
    card.refresh_from_db()
    assert card.status == "cancelled"
