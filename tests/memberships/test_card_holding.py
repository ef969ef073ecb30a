"""Who is given which card, who held it when, and what the holder's status bars."""

from datetime import UTC, datetime, timedelta

import pytest

from cards import issuing
from cards.errors import CardStatusConflict, CardsWait
from cards.models import Card, CardKind, CardStatus, CardType, NumberRegistry
from common import clock
from gateway.models import Event
from memberships import lifecycle
from memberships.card_holding import (
    activate_card,
    cancel_cards,
    cards_in_hand,
    end_holding,
    give_card,
    give_new_card,
    holdings_of,
    replace_card,
    unblock_card,
)
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.errors import (
    CardKindRefused,
    CardNotHeld,
    MainCardThere,
    MembershipEnded,
    MembershipNotAble,
    NotAMember,
)
from memberships.models import CardHolding, Member, Membership
from programs.models import Activation, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous, group_of
from tests.factories import ACTOR, counted, make_customer, make_program, member_of

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER = NOON + timedelta(days=1)
TABLES = (Card, CardHolding, NumberRegistry, Event)


@pytest.fixture
def membership(sky, emma) -> Membership:
    with clock.frozen(NOON):
        return enrol(emma, program=sky, actor=ACTOR)


def main_card(membership: Membership) -> Card:
    return cards_in_hand(membership).get(kind=CardKind.MAIN)


# ---- a further card


def test_an_additional_card_is_in_the_persons_hand_beside_the_main_one(membership, emma, sky):
    family = CardType.objects.create(
        program=sky, code="family", name="Family", kind=CardKind.ADDITIONAL, is_default=True, valid_months=12
    )
    with clock.frozen(LATER):
        card = give_new_card(membership, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR)
    assert (card.kind, card.status, card.activated_at, card.card_type) == ("additional", "active", LATER, family)
    holding = CardHolding.objects.get(card=card)
    assert (holding.membership, holding.customer, holding.held_from, holding.held_until) == (
        membership, emma, LATER, None,
    )  # fmt: skip
    assert {one.kind for one in cards_in_hand(membership)} == {"main", "additional"}
    assert_audit_clean()


def test_a_card_at_hand_is_given_with_its_number(membership, emma):
    card = give_new_card(membership, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR, number="SHOP-0001")
    assert card.number_id == "SHOP0001"
    assert NumberRegistry.objects.get(number="SHOP0001").kind == "external"


def test_who_has_a_main_card_gets_no_second_one_until_it_is_gone_for_good(membership, emma):
    main = main_card(membership)
    before = counted(*TABLES)
    for status in ("active", "lost"):
        if status == "lost":
            issuing.report(main, CardStatus.LOST, actor=ACTOR)
            before["Event"] += 1
        with pytest.raises(MainCardThere) as refused:
            give_new_card(membership, customer_id=emma.pk, kind=CardKind.MAIN, actor=ACTOR)
        assert refused.value.facts["number"] == main.number_id
        assert counted(*TABLES) == before
    issuing.cancel(main, actor=ACTOR, reason="gone")
    assert give_new_card(membership, customer_id=emma.pk, kind=CardKind.MAIN, actor=ACTOR).status == "active"


def test_each_member_of_a_group_has_cards_of_their_own(sky):
    group = group_of(sky, "Mia", "Max")
    mia, max_ = (one.customer_id for one in group.members.order_by("pk"))
    given = give_new_card(group, customer_id=max_, kind=CardKind.ADDITIONAL, actor=ACTOR)
    assert holdings_of(given).get().customer_id == max_
    with pytest.raises(MainCardThere):
        give_new_card(group, customer_id=mia, kind=CardKind.MAIN, actor=ACTOR)


def test_nobody_outside_and_no_ended_membership_is_given_a_card(membership, emma, sky):
    stranger = make_customer("Stranger").pk
    unnamed = anonymous(sky)
    before = counted(*TABLES)
    with pytest.raises(NotAMember):
        give_new_card(membership, customer_id=stranger, kind=CardKind.ADDITIONAL, actor=ACTOR)
    with pytest.raises(NotAMember):
        give_new_card(unnamed, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR)
    with pytest.raises(CardKindRefused):
        give_new_card(membership, customer_id=emma.pk, kind=CardKind.TEMPORARY, actor=ACTOR)
    assert counted(*TABLES) == before
    terminate(membership, actor=ACTOR, reason="wish")
    with pytest.raises(MembershipEnded):
        give_new_card(membership, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR)
    assert CardHolding.objects.count() == before["CardHolding"]


def test_who_is_suspended_is_given_no_card_and_has_none_unblocked(membership, emma, sky):
    card = issuing.block(main_card(membership), actor=ACTOR, reason="odd")
    lifecycle.suspend_member(Member.objects.get(membership=membership), actor=ACTOR, reason="fraud")
    with pytest.raises(MembershipNotAble) as refused:
        give_new_card(membership, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR)
    assert refused.value.facts["capability"] == "use_card"
    with pytest.raises(MembershipNotAble):
        unblock_card(card, actor=ACTOR, reason="sorted out")
    lifecycle.reinstate_member(Member.objects.get(membership=membership), actor=ACTOR, reason="sorted out")
    back = unblock_card(card, actor=ACTOR, reason="sorted out")
    assert (back.status, back.barred_from) == ("active", None)
    lifecycle.suspend(membership, actor=ACTOR, reason="fraud")
    issuing.block(back, actor=ACTOR, reason="odd")
    with pytest.raises(MembershipNotAble):
        unblock_card(back, actor=ACTOR, reason="sorted out")


def test_a_card_given_before_the_membership_is_active_becomes_usable_with_it(emma):
    sea = make_program("sea", activation=Activation.EXPLICIT)
    membership = enrol(emma, program=sea, actor=ACTOR)
    card = give_new_card(membership, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR)
    assert (card.status, card.activated_at) == ("created", None)
    with pytest.raises(MembershipNotAble):
        activate_card(card, actor=ACTOR)
    lifecycle.activate(membership, actor=ACTOR)
    assert {one.status for one in cards_in_hand(membership)} == {"active"}


def test_a_program_that_is_not_released_gives_out_no_card(membership, emma, sky):
    before = counted(*TABLES)
    sky.status = ProgramStatus.LOCKED
    sky.save()
    with pytest.raises((CardsWait, MembershipNotAble)):
        give_new_card(membership, customer_id=emma.pk, kind=CardKind.ADDITIONAL, actor=ACTOR)
    assert counted(*TABLES) == before


# ---- who held it when


def test_holdings_tell_who_held_the_card_when_the_latest_first(membership, emma, sky):
    with clock.frozen(NOON):
        john = enrol(make_customer("John"), program=sky, actor=ACTOR)
    card = main_card(membership)
    end_holding(card, actor=ACTOR, at=LATER)
    give_card(card, membership=john, customer_id=member_of(john), actor=ACTOR, at=LATER)
    told = [(one.membership, one.customer_id, one.held_from, one.held_until) for one in holdings_of(card)]
    assert told == [(john, member_of(john), LATER, None), (membership, emma.pk, NOON, LATER)]


def test_the_last_of_two_holdings_at_one_moment_counts(membership, emma, sky):
    """A card moved twice at once: the first move left a holding of no length."""
    with clock.frozen(NOON):
        john = enrol(make_customer("John"), program=sky, actor=ACTOR)
    card = main_card(membership)
    end_holding(card, actor=ACTOR, at=NOON)
    give_card(card, membership=john, customer_id=member_of(john), actor=ACTOR, at=NOON)
    assert [one.membership for one in holdings_of(card)] == [john, membership]


def test_a_card_nobody_holds_is_neither_unblocked_nor_activated(sky):
    blocked = issuing.block(issuing.issue_card(sky, actor=ACTOR, active=True), actor=ACTOR, reason="odd")
    created = issuing.issue_card(sky, actor=ACTOR, kind=CardKind.TEMPORARY)
    with pytest.raises(CardNotHeld):
        unblock_card(blocked, actor=ACTOR, reason="x")
    with pytest.raises(CardNotHeld):
        activate_card(created, actor=ACTOR)
    assert set(Card.objects.values_list("status", flat=True)) == {"blocked", "created"}


# ---- replacements


def test_a_lost_temporary_card_is_replaced_in_nobodys_hand(sky):
    membership = anonymous(sky)
    old = cards_in_hand(membership).get()
    new = replace_card(old, actor=ACTOR, reason="lost")
    assert (new.kind, new.status) == ("temporary", "active")
    assert [(one.card_id, one.customer_id) for one in CardHolding.objects.filter(held_until=None)] == [(new.pk, None)]
    assert_audit_clean()


def test_a_renewed_cards_successor_stays_in_the_hand_it_is_in(membership, emma):
    old = main_card(membership)
    old.valid_until = datetime(2030, 1, 1, tzinfo=UTC).date()
    old.save()
    with clock.frozen(LATER):
        old.successor = issuing.issue_card(membership.program, actor=ACTOR)
        old.save()
        give_card(old.successor, membership=membership, customer_id=emma.pk, actor=ACTOR, at=LATER)
    with clock.frozen(LATER + timedelta(hours=1)) as at:
        assert replace_card(old, actor=ACTOR, reason="lost") == old.successor
    held = CardHolding.objects.order_by("pk").values_list("card", "held_from", "held_until")
    assert list(held) == [(old.pk, NOON, at), (old.successor.pk, LATER, None)]
    assert_audit_clean()


def test_a_replaced_card_is_not_replaced_again(membership):
    old = main_card(membership)
    replace_card(old, actor=ACTOR, reason="lost")
    before = counted(*TABLES)
    with pytest.raises(CardStatusConflict):
        replace_card(old, actor=ACTOR, reason="lost")
    assert counted(*TABLES) == before


def test_a_membership_done_resting_ends_a_renewed_card_and_its_successor(membership, emma):
    """The card that is renewed takes its successor along; each ends once."""
    old = main_card(membership)
    old.valid_until = datetime(2030, 1, 1, tzinfo=UTC).date()
    old.successor = issuing.issue_card(membership.program, actor=ACTOR)
    old.save()
    give_card(old.successor, membership=membership, customer_id=emma.pk, actor=ACTOR, at=clock.now())
    cancel_cards(membership, actor=ACTOR, at=clock.now(), reason="done resting")
    assert set(Card.objects.values_list("status", flat=True)) == {"cancelled"}
    assert not CardHolding.objects.filter(held_until=None).exists()
    assert Event.objects.filter(kind="card.cancelled").count() == 2
