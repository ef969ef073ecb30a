"""The first use of a temporary card."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from cards import issuing
from cards.errors import CardNotUsable
from cards.models import Card
from common import clock
from common.errors import LoyaltyError, NotFound
from gateway.models import Event
from memberships.errors import OutsideValidity, ProgramNotOpen
from memberships.first_use import first_use, waits_for_first_use
from memberships.models import CardHolding, Member, Membership, MembershipTerm, TermsAcceptance, TierStanding
from points.models import PointAccount, PointAccountSet, Posting
from programs.models import Activation, Program, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted, make_program, make_terms
from tests.temporary import batch_row, temporary_card

NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
LATER, HOUR, DAY = NOON + timedelta(days=1), timedelta(hours=1), timedelta(days=1)
TABLES = (Membership, Member, CardHolding, PointAccountSet, PointAccount, TierStanding, Posting, Event)


@pytest.fixture
def card(sky: Program) -> Card:
    with clock.frozen(NOON):
        return temporary_card(sky, valid_until=date(2026, 6, 30))


def used(card: Card, at: datetime = LATER, *, now: datetime | None = None) -> Membership:
    with clock.frozen(now or at):
        return first_use(card, at=at, actor=ACTOR)


def refused(card: Card, error: type[LoyaltyError], at: datetime = LATER, *, now: datetime | None = None) -> Any:
    """The refusal, after which everything is as it was."""
    before = counted(*TABLES)
    with pytest.raises(error) as found:
        used(card, at, now=now)
    assert counted(*TABLES) == before
    assert Card.objects.get(pk=card.pk).activated_at == card.activated_at
    return found.value


def test_it_makes_an_anonymous_membership_with_a_set_a_tier_and_nobody_in_it(card: Card, sky: Program) -> None:
    made = used(card)
    row = Membership.objects.get()
    assert (row.pk, row.type, row.status, row.current) == (made.pk, "anonymous", "active", True)
    assert (row.enrolled_at, row.activated_at, row.expires_on, row.redeem_override) == (LATER, LATER, None, False)
    assert Member.objects.count() == MembershipTerm.objects.count() == TermsAcceptance.objects.count() == 0
    assert list(PointAccount.objects.values_list("account_set", "balance")) == [(row.own_set_id, 0)] * 2
    assert TierStanding.objects.get().tier.code == "blue"
    holding = CardHolding.objects.get()
    assert (holding.card_id, holding.membership_id, holding.customer_id) == (card.pk, row.pk, None)
    assert (holding.held_from, holding.held_until) == (LATER, None)
    card.refresh_from_db()
    assert (card.status, card.activated_at, card.kind) == ("active", LATER, "temporary")
    event = Event.objects.get(kind="membership.first_used")
    assert (event.program_id, event.subject_id) == (sky.pk, row.pk)
    assert event.facts == {"card": card.pk, "number": row.number, "status": "active"}
    assert_audit_clean()


def test_asked_again_it_answers_the_membership_there_is_and_changes_nothing(card: Card) -> None:
    made, before = used(card), counted(*TABLES, CardHolding.history.model)
    assert waits_for_first_use(card, at=LATER) is True, "the row read before the first use"
    card.refresh_from_db()
    assert waits_for_first_use(card, at=LATER) is False
    assert used(card, LATER + HOUR).pk == made.pk
    assert counted(*TABLES, CardHolding.history.model) == before


def test_a_use_before_the_first_one_known_so_far_becomes_the_first(card: Card) -> None:
    made = used(card)
    card.refresh_from_db()
    assert waits_for_first_use(card, at=LATER - HOUR) is True
    assert used(card, LATER - HOUR, now=LATER + HOUR).pk == made.pk
    card.refresh_from_db()
    assert card.activated_at == CardHolding.objects.get().held_from == LATER - HOUR
    assert Membership.objects.get().enrolled_at == LATER
    assert (Membership.objects.count(), CardHolding.objects.count()) == (1, 1)
    assert_audit_clean()


def test_an_event_some_minutes_ahead_uses_the_card_from_now_on(card: Card) -> None:
    used(card, LATER + timedelta(minutes=4), now=LATER)
    card.refresh_from_db()
    assert card.activated_at == CardHolding.objects.get().held_from == Membership.objects.get().enrolled_at == LATER


def test_the_last_day_counts_until_midnight_of_the_programs_zone(db: None) -> None:
    tokyo = make_program("tokyo", time_zone="Asia/Tokyo")
    midnight = datetime(2026, 6, 30, 15, tzinfo=UTC)
    with clock.frozen(NOON):
        cards = [temporary_card(tokyo, valid_until=date(2026, 6, 30)) for _ in range(2)]
    error = refused(cards[0], CardNotUsable, midnight, now=midnight)
    assert error.facts == {
        "card_status": "created",
        "at": midnight.isoformat(),
        "valid_from": "2026-03-10",
        "valid_until": "2026-06-30",
    }
    used(cards[1], midnight - timedelta(microseconds=1))
    assert Membership.objects.count() == 1


def test_a_card_is_valid_from_the_day_it_was_made(card: Card) -> None:
    refused(card, CardNotUsable, NOON - DAY, now=LATER)
    used(card, NOON - HOUR, now=LATER)
    assert CardHolding.objects.get().held_from == NOON - HOUR


@pytest.mark.parametrize("status", [ProgramStatus.LOCKED, ProgramStatus.CLOSED, ProgramStatus.DRAFT])
def test_a_program_that_is_not_released_takes_no_first_use(card: Card, sky: Program, status: str) -> None:
    sky.status = status
    sky.save()
    error = refused(card, ProgramNotOpen)
    assert error.facts == {"program": "sky", "program_status": status}


def test_a_seasonal_program_takes_it_within_its_days_and_ends_it_with_them(card: Card, sky: Program) -> None:
    sky.valid_from, sky.valid_until = date(2026, 3, 11), date(2026, 4, 30)
    sky.save()
    refused(card, OutsideValidity, NOON)
    refused(card, OutsideValidity, datetime(2026, 5, 1, 9, tzinfo=UTC))
    assert used(card).expires_on == date(2026, 4, 30)


def test_it_is_active_at_once_whatever_members_have_to_pay_or_accept(card: Card, sky: Program) -> None:
    sky.activation, sky.term_months, sky.fee = Activation.FIRST_PAYMENT, 12, 30
    sky.save()
    make_terms(sky, must_accept=True)
    made = used(card)
    assert (made.status, made.expires_on, MembershipTerm.objects.count()) == ("active", None, 0)


def test_a_cancelled_card_and_one_of_a_revoked_batch_are_unknown(card: Card, sky: Program) -> None:
    revoked = batch_row(sky, status="revoked", revoked_at=NOON)
    of_batch = temporary_card(sky, batch=revoked)
    issuing.cancel(card, actor=ACTOR, reason="misprint")
    card.refresh_from_db()
    for one in (card, of_batch):
        assert waits_for_first_use(one, at=LATER) is False
        refused(one, NotFound)


def test_a_main_card_nobody_holds_waits_for_no_first_use(sky: Program) -> None:
    main = issuing.issue_card(sky, actor=ACTOR)
    assert waits_for_first_use(main, at=LATER) is False
    refused(main, NotFound)
