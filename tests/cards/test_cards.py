from datetime import UTC, date, datetime, timedelta

import pytest

from cards import issuing, numbering
from cards.errors import CardStatusConflict, CardsWait, NumbersExhausted, SchemeUnusable, TimeOutOfRange
from cards.models import Card, CardStatus, NumberRegistry
from common import clock
from common.actor import Actor
from gateway.models import Event
from programs.models import CheckScheme, NumberBody, Program, ProgramStatus

ACTOR = Actor.system(2)
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)


def program(**values) -> Program:
    return Program.objects.create(**({"code": "sky", "name": "Sky", "status": "released"} | values))


# ---- numbers

SCHEMES = [
    ("", NumberBody.DIGITS, CheckScheme.LUHN, 12),
    ("97", NumberBody.DIGITS, CheckScheme.LUHN, 15),
    ("97", NumberBody.DIGITS, CheckScheme.GS1, 12),
    ("", NumberBody.DIGITS, CheckScheme.GS1, 21),
    ("SK", NumberBody.DIGITS, CheckScheme.LUHN, 12),
    ("SK", NumberBody.DIGITS, CheckScheme.ISO7064, 12),
    ("SK", NumberBody.BASE32, CheckScheme.ISO7064, 16),
    ("SK", NumberBody.BASE32, CheckScheme.LUHN, 12),
]


@pytest.mark.parametrize(("prefix", "body", "check", "length"), SCHEMES)
def test_numbers_follow_the_scheme_and_one_wrong_symbol_is_noticed(prefix, body, check, length):
    sky = Program(name="Sky", code="sky", card_prefix=prefix, card_body=body, card_check=check, card_body_length=length)
    number = numbering.new_number(sky)
    body_length = max(length, 16) if body == NumberBody.BASE32 else length
    assert number.startswith(prefix) and len(number) == len(prefix) + body_length + 1
    assert numbering.validate(number, program=sky)
    assert numbering.validate(f"{number[:3]} {number[3:7]}-{number[7:].lower()}", program=sky)
    place = len(prefix) + 5
    for symbol in numbering.DIGITS:
        if symbol != number[place]:
            assert not numbering.validate(number[:place] + symbol + number[place + 1 :], program=sky)
    assert not numbering.validate(number + "0", program=sky)
    assert not numbering.validate(number[:-1], program=sky)
    assert not numbering.validate("", program=sky)


@pytest.mark.parametrize(
    ("check", "start", "digit"),
    [
        (CheckScheme.LUHN, "7992739871", "3"),
        (CheckScheme.GS1, "978047111709", "4"),
        (CheckScheme.GS1, "3761040000123400001", None),
        (CheckScheme.ISO7064, "A12425GABC1234002", "M"),
    ],
)
def test_check_characters_are_those_of_the_standards(check, start, digit):
    sky = Program(card_check=check, card_prefix="A" if check == CheckScheme.ISO7064 else "")
    found = numbering._check(sky)(start)
    if digit is None:
        weighted = sum((3, 1)[place % 2] * int(one) for place, one in enumerate(reversed(start)))
        digit = str(-weighted % 10)
    assert found == digit


@pytest.mark.parametrize(("prefix", "body"), [("SK", NumberBody.DIGITS), ("", NumberBody.BASE32)])
def test_gs1_refuses_letters(prefix, body):
    with pytest.raises(SchemeUnusable):
        numbering.new_number(Program(name="Sky", card_prefix=prefix, card_body=body, card_check=CheckScheme.GS1))


@pytest.mark.django_db
def test_a_number_drawn_twice_is_drawn_again_over_all_programs(monkeypatch):
    sky, sea = program(), program(code="sea")
    drawn = iter(["1", "1", "2"])
    monkeypatch.setattr(numbering, "new_number", lambda program: next(drawn))
    assert numbering.register_number(sky) == "1"
    assert numbering.register_number(sea) == "2"
    assert list(NumberRegistry.objects.order_by("number").values_list("number", "program")) == [
        ("1", sky.pk),
        ("2", sea.pk),
    ]


@pytest.mark.django_db
def test_a_scheme_without_free_numbers_says_so(monkeypatch):
    sky = program()
    monkeypatch.setattr(numbering, "new_number", lambda program: "1")
    numbering.register_number(sky)
    with pytest.raises(NumbersExhausted):
        numbering.register_number(sky)
    assert NumberRegistry.objects.count() == 1


@pytest.mark.django_db
def test_a_thousand_numbers_at_once_are_all_different():
    numbers = numbering.register_numbers(program(), count=1000)
    assert len(numbers) == len(set(numbers)) == NumberRegistry.objects.count() == 1000


# ---- the life of a card


@pytest.fixture
def sky(db) -> Program:
    return program(time_zone="Europe/Berlin")


@pytest.fixture
def card(sky) -> Card:
    with clock.frozen(NOON):
        return issuing.issue_card(sky, actor=ACTOR, active=True)


def brought_to(card: Card, status: str) -> Card:
    if status in ("lost", "stolen", "damaged"):
        return issuing.report(card, CardStatus(status), actor=ACTOR)
    if status == "replaced":
        issuing.replace(card, actor=ACTOR, reason="test")
    if status == "cancelled":
        issuing.cancel(card, actor=ACTOR, reason="test")
    if status == "blocked":
        issuing.block(card, actor=ACTOR, reason="test")
    if status in ("created", "expired"):
        card.status, card.activated_at = status, None
        card.save()
    return Card.objects.get(pk=card.pk)


VERBS = {
    "activate": (lambda card: issuing.activate(card, actor=ACTOR), {"created"}, "active"),
    "block": (lambda card: issuing.block(card, actor=ACTOR, reason="x"), {"active"}, "blocked"),
    "unblock": (lambda card: issuing.unblock(card, actor=ACTOR, reason="x"), {"blocked"}, "active"),
    "lost": (lambda card: issuing.report(card, CardStatus.LOST, actor=ACTOR), {"active", "blocked"}, "lost"),
    "stolen": (lambda card: issuing.report(card, CardStatus.STOLEN, actor=ACTOR), {"active", "blocked"}, "stolen"),
    "damaged": (lambda card: issuing.report(card, CardStatus.DAMAGED, actor=ACTOR), {"active", "blocked"}, "damaged"),
    "replace": (
        lambda card: issuing.replace(card, actor=ACTOR, reason="x"),
        {"active", "blocked", "lost", "stolen", "damaged"},
        "replaced",
    ),
    "cancel": (
        lambda card: issuing.cancel(card, actor=ACTOR, reason="x"),
        {"created", "active", "blocked", "lost", "stolen", "damaged"},
        "cancelled",
    ),
    "expire": (lambda card: issuing.expire(card, actor=ACTOR), {"created", "active", "blocked"}, "expired"),
}


@pytest.mark.parametrize("status", list(CardStatus.values))
@pytest.mark.parametrize("verb", list(VERBS))
def test_every_step_is_made_or_refused(card, verb, status):
    before = brought_to(card, status)
    cards, events = Card.objects.count(), Event.objects.count()
    act, allowed, result = VERBS[verb]
    if status in allowed:
        act(before)
        assert Card.objects.get(pk=card.pk).status == result
        assert Event.objects.count() == events + (2 if verb == "replace" else 1)
    else:
        with pytest.raises(CardStatusConflict) as refused:
            act(before)
        assert refused.value.status == 409
        after = Card.objects.get(pk=card.pk)
        assert (after.status, after.barred_from) == (before.status, before.barred_from)
        assert (Card.objects.count(), Event.objects.count()) == (cards, events)


def test_a_report_bars_from_its_time_and_tells_the_hot_list(card):
    since = NOON + timedelta(hours=1)
    with clock.frozen(NOON + timedelta(hours=2)):
        lost = issuing.report(card, CardStatus.LOST, actor=ACTOR, since=since)
    assert [issuing.usable_at(lost, at) for at in (NOON - timedelta(seconds=1), NOON, since)] == [False, True, False]
    event = Event.objects.get(kind="card.lost")
    assert event.facts == {"number": card.number_id, "status": "lost", "barred_from": since.isoformat()}


def test_a_report_for_a_time_to_come_is_refused(card):
    with clock.frozen(NOON), pytest.raises(TimeOutOfRange):
        issuing.report(card, CardStatus.LOST, actor=ACTOR, since=NOON + timedelta(microseconds=1))
    assert Card.objects.get().status == "active"


def test_a_replacement_is_the_successor_with_a_new_number_and_the_earlier_bar_stays(card):
    with clock.frozen(NOON + timedelta(hours=1)) as lost_at:
        issuing.report(card, CardStatus.LOST, actor=ACTOR)
    with clock.frozen(NOON + timedelta(hours=2)) as replaced_at:
        new = issuing.replace(card, actor=ACTOR, reason="lost")
    old = Card.objects.get(pk=card.pk)
    assert (old.status, old.successor, old.barred_from) == ("replaced", new, lost_at)
    assert (new.status, new.kind, new.activated_at, new.barred_from) == ("active", "main", replaced_at, None)
    assert new.number_id != old.number_id


def test_an_unblocked_card_works_again(card):
    issuing.block(card, actor=ACTOR, reason="test")
    back = issuing.unblock(card, actor=ACTOR, reason="mistake")
    assert (back.status, back.barred_from) == ("active", None)


def test_a_cards_last_day_ends_with_the_programs_midnight(sky):
    with clock.frozen(NOON):
        card = issuing.issue_card(sky, actor=ACTOR, active=True, valid_until=date(2026, 3, 29))
    assert issuing.usable_at(card, datetime(2026, 3, 29, 21, 59, 59, tzinfo=UTC))
    assert not issuing.usable_at(card, datetime(2026, 3, 29, 22, 0, tzinfo=UTC))


def test_only_a_released_program_gives_out_cards(db):
    for number, status in enumerate(status for status in ProgramStatus.values if status != "released"):
        with pytest.raises(CardsWait):
            issuing.issue_card(program(code=f"p{number}", status=status), actor=ACTOR)
    assert Card.objects.count() == NumberRegistry.objects.count() == 0
