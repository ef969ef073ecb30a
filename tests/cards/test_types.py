"""What a card is like by its type, and numbers that come from elsewhere."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from cards import issuing, numbering
from cards.errors import CardEndPast, CardHasSuccessor, CardTypeRefused, NumberRefused, NumberTaken
from cards.models import Card, CardKind, CardStatus, CardType, NumberRegistry
from common import clock
from gateway.models import Event
from programs.design import design_of
from programs.models import CheckScheme, Program
from tests.factories import ACTOR, counted

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
pytestmark = pytest.mark.django_db
TABLES = (Card, NumberRegistry, Event)


@pytest.fixture
def sky() -> Program:
    # Midnight of Berlin is 23:00 or 22:00 of the day before.
    return Program.objects.create(code="sky", name="Sky", status="released", time_zone="Europe/Berlin")


def card_type(program: Program, code: str = "plain", **values: object) -> CardType:
    made: CardType = CardType.objects.create(program=program, code=code, name=code.title(), **values)
    return made


def issued(program: Program, **values: object) -> Card:
    with clock.frozen(NOON):
        return issuing.issue_card(program, actor=ACTOR, **values)  # type: ignore[arg-type]


# ---- types


def test_a_card_is_of_the_default_type_of_its_kind_and_ends_as_that_says(sky):
    card_type(sky, "other", valid_months=3)
    main = card_type(sky, "main", is_default=True, valid_months=1)
    family = card_type(sky, "family", kind=CardKind.ADDITIONAL, is_default=True)
    # A month from 31 January is the end of a shorter February.
    card = issued(sky)
    assert (card.card_type, card.valid_until) == (main, date(2026, 2, 28))
    card = issued(sky, kind=CardKind.ADDITIONAL)
    assert (card.card_type, card.valid_until) == (family, None)
    card = issued(sky, kind=CardKind.TEMPORARY)
    assert (card.card_type, card.valid_until) == (None, None)


def test_many_cards_at_once_are_of_the_same_type_as_one(sky):
    main = card_type(sky, is_default=True, valid_months=12)
    with clock.frozen(NOON):
        cards = issuing.issue_cards(design_of(sky.pk), [(NOON - timedelta(days=900), True)] * 3, actor=ACTOR)
    # From the day they are made, not from the enrolment in the past.
    assert {(card.card_type, card.valid_until) for card in cards} == {(main, date(2027, 1, 31))}


def test_the_day_a_card_is_made_is_one_of_the_programs_zone(sky):
    card_type(sky, is_default=True, valid_months=12)
    with clock.frozen(datetime(2026, 3, 9, 23, 30, tzinfo=UTC)):
        assert issuing.issue_card(sky, actor=ACTOR).valid_until == date(2027, 3, 10)


def test_a_named_type_and_a_named_end_count_before_the_default(sky):
    card_type(sky, is_default=True, valid_months=12)
    gold = card_type(sky, "gold", valid_months=24)
    card = issued(sky, card_type=gold, valid_until=date(2026, 6, 30))
    assert (card.card_type, card.valid_until) == (gold, date(2026, 6, 30))


def test_a_type_of_another_kind_or_program_is_refused(sky):
    sea = Program.objects.create(code="sea", name="Sea", status="released")
    before = counted(*TABLES)
    for wrong in (card_type(sky, "family", kind=CardKind.ADDITIONAL), card_type(sea, "main")):
        with pytest.raises(CardTypeRefused):
            issued(sky, card_type=wrong)
    assert counted(*TABLES) == before


def test_no_card_is_made_for_the_past_and_one_for_today_is(sky):
    with pytest.raises(CardEndPast) as refused:
        issued(sky, valid_until=date(2026, 1, 30))
    assert refused.value.facts == {"valid_until": "2026-01-30"}
    assert counted(*TABLES) == {"Card": 0, "NumberRegistry": 0, "Event": 0}
    assert issued(sky, valid_until=date(2026, 1, 31)).valid_until == date(2026, 1, 31)


def test_a_program_has_one_default_for_each_kind(sky):
    card_type(sky, "main", is_default=True)
    CardType(program=sky, code="family", name="Family", kind=CardKind.ADDITIONAL, is_default=True).full_clean()
    with pytest.raises(ValidationError) as refused:
        CardType(program=sky, code="gold", name="Gold", is_default=True).clean()
    assert refused.value.message_dict == {"is_default": ["“Main” is the default of this kind."]}


# ---- numbers from elsewhere


def test_a_number_from_elsewhere_is_registered_as_that_and_stored_without_blanks(sky):
    card = issued(sky, number="ab12-3456 789")
    assert card.number_id == "AB123456789"
    row = NumberRegistry.objects.get()
    assert (row.number, row.kind, row.program) == ("AB123456789", "external", sky)


@pytest.mark.parametrize("number", ["12345", "1" * 41, "12345Ä", "", "<b>123456</b>", "123456\x00"])
def test_what_is_no_number_is_refused(sky, number):
    with pytest.raises(NumberRefused):
        issued(sky, number=number)
    assert counted(*TABLES) == {"Card": 0, "NumberRegistry": 0, "Event": 0}


def test_a_number_given_out_before_is_refused_alike_in_every_program_and_for_ever(sky):
    """The refusal tells nothing about whose card it is."""
    sea = Program.objects.create(code="sea", name="Sea", status="released")
    card = issued(sky, number="AB123456789")
    issuing.cancel(card, actor=ACTOR, reason="gone")
    before = counted(*TABLES)
    told = []
    for program in (sky, sea):
        with pytest.raises(NumberTaken) as refused:
            issued(program, number="ab123456789")
        told.append((refused.value.message, refused.value.facts))
    assert told[0] == told[1] and told[0][1] == {"number": "AB123456789"}
    assert "sky" not in told[0][0].lower()
    assert counted(*TABLES) == before


def test_a_number_that_looks_like_one_of_the_programs_is_known_by_prefix_and_length(sky):
    sky.card_prefix, sky.card_check, sky.card_body_length = "97", CheckScheme.LUHN, 12
    number = numbering.new_number(sky)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    assert numbering.looks_like_one_of(sky, wrong) and not numbering.validate(wrong, program=sky)
    assert not numbering.looks_like_one_of(sky, number + "0")
    assert not numbering.looks_like_one_of(sky, "98" + number[2:])


# ---- replacements, ends and bars


def test_a_replacement_is_of_the_cards_type_with_a_fresh_end(sky):
    gold = card_type(sky, "gold", valid_months=12)
    card = issued(sky, card_type=gold, active=True)
    with clock.frozen(NOON + timedelta(days=28)):
        successor = issuing.replace(card, actor=ACTOR, reason="worn")
    assert (successor.card_type, successor.valid_until) == (gold, date(2027, 2, 28))


def test_a_temporary_cards_replacement_ends_with_it_and_so_does_one_without_a_type(sky):
    card_type(sky, "gift", kind=CardKind.TEMPORARY, is_default=True, valid_months=12)
    for kind in (CardKind.TEMPORARY, CardKind.MAIN):
        card = issued(sky, kind=kind, active=True, valid_until=date(2026, 3, 1))
        with clock.frozen(NOON + timedelta(days=1)):
            assert issuing.replace(card, actor=ACTOR, reason="worn").valid_until == date(2026, 3, 1)


def test_a_card_can_be_replaced_by_one_at_hand(sky):
    card = issued(sky, active=True)
    with clock.frozen(NOON + timedelta(days=1)):
        successor = issuing.replace(card, actor=ACTOR, reason="worn", number="SHOP-000123")
    assert (successor.number_id, successor.status) == ("SHOP000123", CardStatus.ACTIVE)
    assert Card.objects.get(pk=card.pk).successor == successor


def renewed(program: Program, status: str = "created") -> tuple[Card, Card]:
    """A card with its successor, as the run of renewals leaves them."""
    card = issued(program, active=True, valid_until=date(2026, 2, 10))
    successor = issued(program, valid_until=date(2027, 2, 10))
    card.successor = successor
    card.save()
    if status != "created":
        issuing.activate(successor, actor=ACTOR)
    return card, successor


def test_a_renewed_card_is_replaced_by_the_successor_that_waits(sky):
    card, successor = renewed(sky)
    with clock.frozen(NOON + timedelta(days=1)) as at:
        issuing.report(card, CardStatus.LOST, actor=ACTOR)
        assert issuing.replace(card, actor=ACTOR, reason="lost") == successor
    card.refresh_from_db()
    successor.refresh_from_db()
    assert (card.status, card.successor, successor.status, successor.activated_at) == (
        "replaced", successor, "active", at,
    )  # fmt: skip
    assert Card.objects.count() == 2


def test_a_renewed_card_whose_successor_is_in_use_is_not_replaced(sky):
    card, successor = renewed(sky, "active")
    with pytest.raises(CardHasSuccessor) as refused:
        issuing.replace(card, actor=ACTOR, reason="lost")
    assert refused.value.facts == {"successor": successor.number_id, "successor_status": "active"}
    card.refresh_from_db()
    assert (card.status, Card.objects.count()) == ("active", 2)


def test_a_cancelled_card_takes_the_successor_that_waits_along_and_leaves_one_in_use(sky):
    for status, left in (("created", "cancelled"), ("active", "active")):
        card, successor = renewed(sky, status)
        issuing.cancel(card, actor=ACTOR, reason="wish")
        successor.refresh_from_db()
        assert successor.status == left


def test_of_two_bars_the_earlier_one_stays(sky):
    card = issued(sky, active=True)
    with clock.frozen(NOON + timedelta(hours=1)) as blocked_at:
        issuing.block(card, actor=ACTOR, reason="odd")
    with clock.frozen(NOON + timedelta(hours=5)):
        lost = issuing.report(card, CardStatus.LOST, actor=ACTOR)
        assert (lost.status, lost.barred_from) == ("lost", blocked_at)
    other = issued(sky, active=True)
    with clock.frozen(NOON + timedelta(hours=5)):
        issuing.block(other, actor=ACTOR, reason="odd")
        since = NOON + timedelta(hours=2)
        assert issuing.report(other, CardStatus.STOLEN, actor=ACTOR, since=since).barred_from == since


def test_an_expired_card_still_counts_for_events_of_its_last_day(sky):
    card = issued(sky, active=True, valid_until=date(2026, 2, 10))
    with clock.frozen(NOON + timedelta(days=20)):
        expired = issuing.expire(card, actor=ACTOR)
    midnight = datetime(2026, 2, 10, 23, tzinfo=UTC)
    assert (expired.status, expired.barred_from) == ("expired", None)
    assert [issuing.usable_at(expired, at) for at in (midnight - timedelta(seconds=1), midnight)] == [True, False]
