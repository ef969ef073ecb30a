"""A person who takes part already registers a found card: its points go into the membership they have (domain 1.10)."""

from datetime import timedelta

import pytest

from cards.models import Card, CardKind
from common import clock
from customers.models import Customer
from gateway.models import Event
from memberships.changes.carrying_out import carry_out
from memberships.changes.consent import decide
from memberships.changes.errors import MembershipBusy
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.errors import CardRegistered, ProofRequired
from memberships.models import (
    CardHolding,
    CardRegistration,
    ChangeParty,
    Consent,
    Membership,
    MembershipChange,
    MembershipStatus,
)
from memberships.targets import find_target
from points.models import Lot, Posting
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import (
    account_in_use,
    customer_called,
    earn,
    group_of,
    organization_pool,
    owe,
    pair,
    people_of,
    pool_of,
)
from tests.factories import ACTOR, account_of, counted, make_customer, member_of
from tests.memberships.changes.planning import change_program
from tests.registering import anonymous_of, card_of, found_card, registered, unused_card

pytestmark = pytest.mark.django_db
PROOF = {"proof_kind": "receipt", "proof_reference": "R-1"}


@pytest.fixture
def anna(miles: Program) -> Membership:
    (made,) = pair(miles, "Anna Bauer")
    earn(made, 100)
    return made


def person(membership: Membership) -> Customer:
    return Customer.objects.get(pk=member_of(membership))


def test_no_second_membership_arises_and_no_point_is_lost(miles: Program, anna: Membership) -> None:
    """Case 60."""
    card = found_card(miles, 300)
    found = anonymous_of(card)
    registration = registered(card, person(anna))
    found.refresh_from_db()
    assert (found.status, found.end_reason, found.superseded_by_id) == ("expired", "merged", anna.pk)
    assert (account_of(anna).balance, account_of(found).balance) == (400, 0)
    assert Membership.objects.filter(current=True).get() == anna
    card.refresh_from_db()
    assert (card.kind, card.status, card.valid_until) == (CardKind.ADDITIONAL, "active", None)
    holding = CardHolding.objects.get(card=card, held_until=None)
    assert (holding.membership_id, holding.customer_id) == (anna.pk, member_of(anna))
    assert (registration.status, registration.outcome, registration.target_id) == ("done", "absorbed", anna.pk)
    assert registration.membership_id == found.pk
    assert_audit_clean()


def test_having_the_card_is_enough_and_nobody_is_asked(miles: Program, anna: Membership) -> None:
    """Case 25."""
    card = found_card(miles, 300)
    registration = registered(card, person(anna))
    change = MembershipChange.objects.get()
    assert (change.kind, change.status, change.basis) == ("absorb", "carried_out", "possession")
    assert (change.prime_id, change.secondary_id, registration.change_id) == (
        anna.pk, anonymous_of(card).pk, change.pk,
    )  # fmt: skip
    assert not Consent.objects.exists()
    assert set(ChangeParty.objects.values_list("role", "is_open")) == {("prime", False), ("secondary", False)}
    facts = Event.objects.get(kind="card.registered").facts
    assert (facts["outcome"], facts["membership"], facts["customer"]) == ("absorbed", anna.pk, member_of(anna))


def test_the_points_count_as_brought_by_the_person_and_the_number_leads_on(miles: Program, anna: Membership) -> None:
    card = found_card(miles, 300)
    found = anonymous_of(card)
    registration = registered(card, person(anna))
    lot = Lot.objects.get(account=account_of(anna), parent__isnull=False)
    assert (lot.remaining, lot.earner_id, lot.contributor_id) == (300, None, member_of(anna))
    for name in ({"card_number": card.number_id}, {"member_number": found.number}, {"membership_id": found.pk}):
        target = find_target(ACTOR, at=clock.now(), **name)  # type: ignore[arg-type]
        assert target.membership == anna
    # A late use, of the time when nobody in person held the card.
    late = find_target(ACTOR, at=registration.registered_at - timedelta(microseconds=1), card_number=card.number_id)
    assert (late.membership, late.person_id, late.redirected_from) == (anna, member_of(anna), found.pk)


def test_an_unused_card_becomes_an_additional_one_at_once(miles: Program, anna: Membership) -> None:
    card = unused_card(miles)
    assert registered(card, person(anna)).outcome == "absorbed"
    assert set(CardHolding.objects.filter(card=card).values_list("customer_id", flat=True)) == {None, member_of(anna)}
    assert Membership.objects.filter(current=True).count() == 1
    assert_audit_clean()


def test_points_that_go_into_a_pool_are_shared(miles: Program) -> None:
    katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
    card = found_card(miles, 300)
    registered(card, person(john))
    assert account_in_use(katrin).balance == 300
    assert Lot.objects.get(remaining__gt=0).contributor_id == member_of(john)
    assert CardHolding.objects.get(card=card, held_until=None).membership_id == john.pk
    assert_audit_clean()


def test_any_member_of_a_group_registers_and_has_brought_the_points(miles: Program) -> None:
    group = group_of(miles, "Mia Moore", "Max Moore")
    max_moore = customer_called("Max Moore")
    card = found_card(miles, 300)
    registered(card, max_moore)
    lot = Lot.objects.get(account=account_of(group), remaining__gt=0)
    assert (lot.remaining, lot.contributor_id) == (300, max_moore.pk)
    assert CardHolding.objects.get(card=card, held_until=None).customer_id == max_moore.pk
    group.refresh_from_db()
    assert (group.type, people_of(group)) == ("group", [customer_called("Mia Moore").pk, max_moore.pk])
    assert_audit_clean()


def test_on_the_pool_of_an_organization_it_is_the_same(miles: Program) -> None:
    organization, (ann, bob) = organization_pool(miles, "Ann Lee", "Bob Lee")
    registered(found_card(miles, 300), person(ann))
    assert account_in_use(bob).balance == 300
    organization.refresh_from_db()
    assert organization.status == MembershipStatus.ACTIVE


def test_above_the_limit_it_takes_a_proof_here_too(miles: Program, anna: Membership) -> None:
    change_program(miles, possession_limit=299)
    card = found_card(miles, 300)
    before = counted(CardRegistration, MembershipChange, Posting, CardHolding)
    with pytest.raises(ProofRequired):
        registered(card, person(anna))
    assert counted(CardRegistration, MembershipChange, Posting, CardHolding) == before
    assert registered(card, person(anna), **PROOF).outcome == "absorbed"


def test_another_open_change_of_the_persons_membership_is_not_in_the_way(miles: Program, anna: Membership) -> None:
    (ben,) = pair(miles, "Ben Miller")
    change = propose(Proposal("merge", anna.pk, secondary_id=ben.pk, result_type="shared"), actor=ACTOR)
    assert registered(found_card(miles, 300), person(anna)).outcome == "absorbed"
    change.refresh_from_db()
    assert change.status == "awaiting_consent"
    assert_audit_clean()


def test_what_staff_proposed_about_the_card_is_decided_first(miles: Program, anna: Membership) -> None:
    card = found_card(miles, 300)
    change = propose(Proposal("absorb", anna.pk, secondary_id=anonymous_of(card).pk), actor=ACTOR)
    with pytest.raises(MembershipBusy) as refused:
        registered(card, make_customer("Emma Stone"))
    assert refused.value.facts["change"] == change.pk
    assert not CardRegistration.objects.exists()


class TestDebt:
    """With a debt that comes to others they are asked; the person's own consent is the card in their hand."""

    @pytest.fixture
    def owing(self, miles: Program) -> Card:
        card = found_card(miles)
        owe(anonymous_of(card), 40)
        return card

    def test_alone_one_takes_it_over_at_once(self, miles, anna, owing):
        with pytest.raises(ProofRequired):
            registered(owing, person(anna))
        assert registered(owing, person(anna), **PROOF).outcome == "absorbed"
        assert (account_of(anna).balance, account_of(anna).debt) == (60, 40)
        assert_audit_clean()

    @pytest.fixture
    def sharing(self, miles: Program) -> list[Membership]:
        katrin, john = pool_of(miles, "Katrin Bauer", "John Miller")
        earn(katrin, 100)
        return [katrin, john]

    def test_those_who_share_are_asked_and_the_card_waits(self, sharing, owing):
        katrin, john = sharing
        registration = registered(owing, person(john), **PROOF)
        assert (registration.status, registration.outcome) == ("awaiting_consent", "")
        change = MembershipChange.objects.get()
        assert (change.pk, change.status, change.basis) == (registration.change_id, "awaiting_consent", "consent")
        asked = dict(Consent.objects.values_list("customer_id", "status"))
        assert asked == {member_of(katrin): "asked", member_of(john): "given"}
        own = Consent.objects.get(customer=member_of(john))
        assert owing.number_id in own.evidence
        assert (anonymous_of(owing).type, account_in_use(katrin).balance) == ("anonymous", 100)
        assert_audit_clean()

    def test_registering_again_meanwhile_changes_nothing(self, sharing, owing):
        first = registered(owing, person(sharing[1]), **PROOF)
        before = counted(CardRegistration, MembershipChange, Consent, Event)
        assert registered(owing, person(sharing[1]), **PROOF) == first
        assert counted(CardRegistration, MembershipChange, Consent, Event) == before
        with pytest.raises(CardRegistered):
            registered(owing, make_customer("Emma Stone"), **PROOF)

    def test_with_their_consent_it_is_carried_out_and_the_registration_done(self, sharing, owing):
        katrin, john = sharing
        registration = registered(owing, person(john), **PROOF)
        self.say(registration, katrin, "given")
        carry_out(registration.change, actor=ACTOR)
        registration.refresh_from_db()
        owing.refresh_from_db()
        assert (registration.status, registration.outcome, owing.kind) == ("done", "absorbed", CardKind.ADDITIONAL)
        assert (account_in_use(katrin).balance, account_in_use(katrin).debt) == (60, 40)
        assert_audit_clean()

    def test_a_refusal_leaves_the_card_anonymous_and_free(self, sharing, owing):
        katrin, john = sharing
        registration = registered(owing, person(john), **PROOF)
        self.say(registration, katrin, "refused")
        registration.refresh_from_db()
        assert (registration.status, registration.ended_at is None) == ("withdrawn", False)
        assert Event.objects.get(kind="registration.withdrawn").subject_id == registration.pk
        assert account_in_use(katrin).balance == 100
        assert registered(owing, make_customer("Emma Stone"), **PROOF).outcome == "converted"
        assert_audit_clean()

    def say(self, registration: CardRegistration, membership: Membership, decision: str) -> None:
        assert registration.change is not None
        decide(
            registration.change,
            customer_id=member_of(membership),
            decision=decision,
            method="in_person",
            evidence="asked at the desk",
            actor=ACTOR,
        )


class TestUndo:
    def test_an_absorption_is_undone_and_the_card_is_nobodys_again(self, miles, anna):
        card = found_card(miles, 300)
        registration = registered(card, person(anna))
        undo(registration.change, actor=ACTOR, reason="wrong person")
        registration.refresh_from_db()
        card.refresh_from_db()
        found = anonymous_of(card)
        assert (registration.status, registration.outcome) == ("withdrawn", "")
        assert (found.type, found.status, found.superseded_by_id) == ("anonymous", "active", None)
        assert (account_of(found).balance, account_of(anna).balance) == (300, 100)
        assert (card.kind, card_of(found)) == (CardKind.TEMPORARY, card)
        assert registered(card, make_customer("Emma Stone")).outcome == "converted"
        assert_audit_clean()

    def test_a_debt_goes_back_to_the_card(self, miles, anna):
        card = found_card(miles)
        owe(anonymous_of(card), 40)
        registration = registered(card, person(anna), **PROOF)
        undo(registration.change, actor=ACTOR, reason="wrong person")
        found = anonymous_of(card)
        assert (account_of(found).debt, account_of(anna).debt, account_of(anna).balance) == (40, 0, 100)
        assert_audit_clean()
