"""Batches of temporary cards: asked for by name, made in chunks, revoked."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from cards import batches
from cards.batch_figures import BatchFigures, figures_of
from cards.batches import ask_for_batch, cancel_revoked, do_waiting, ends_on, make_batch, revoke_batch
from cards.errors import BatchDiffers, BatchRevoked, BatchWrong, CardsWait, NumbersExhausted, SchemeUnusable
from cards.issuing import activate, block
from cards.models import BatchStatus, Card, CardBatch, CardKind, CardStatus, CardType, NumberRegistry
from cards.numbering import register_number, validate
from common import clock
from common.actor import Actor
from gateway.models import Event
from programs.models import Program, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, counted, make_program

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
AGENT = Actor("user", 77, 1, "ann", lambda action, program_id: True, None)


@pytest.fixture(autouse=True)
def noon() -> Iterator[None]:
    with clock.frozen(NOON):
        yield


@pytest.fixture
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "CHUNK", 10)


@pytest.fixture
def sky(db: None) -> Program:
    return make_program("sky", time_zone="Europe/Berlin", card_prefix="97")


def asked(program: Program, count: int = 25, **values: Any) -> CardBatch:
    given = {"name": "fair", "count": count, "actor": ACTOR}
    end = {} if {"valid_until", "valid_months"} & values.keys() else {"valid_months": 12}
    return ask_for_batch(program, **(given | end | values))


def made(program: Program, count: int = 25, **values: Any) -> CardBatch:
    return make_batch(asked(program, count, **values))


def events(kind: str) -> list[tuple[int, dict[str, Any]]]:
    return list(Event.objects.filter(kind=kind).order_by("pk").values_list("subject_id", "facts"))


# Asking.


def test_a_batch_is_asked_for_and_waits(sky: Program) -> None:
    batch = ask_for_batch(sky, name=" fair ", count=500, valid_months=12, actor=AGENT)
    assert (batch.name, batch.count, batch.made, batch.status) == ("fair", 500, 0, BatchStatus.QUEUED)
    assert (batch.user_id, batch.channel_id, batch.created_at) == (77, 1, NOON)
    assert len(bytes(batch.code_key)) == 32
    facts = {"name": "fair", "count": 500, "valid_until": "2027-03-10"}
    assert events("card_batch.asked") == [(batch.pk, facts)]
    assert Card.objects.count() == 0
    (history,) = CardBatch.history.all()
    assert (history.history_user_id, history.history_channel) == (77, "desk")
    assert not hasattr(history, "code_key")


def test_the_same_name_and_figures_make_no_second_batch(sky: Program) -> None:
    first = made(sky)
    before = counted(CardBatch, CardBatch.history.model, Card, NumberRegistry, Event)
    again = asked(sky)
    assert again.pk == first.pk
    assert make_batch(again).made == 25
    assert counted(CardBatch, CardBatch.history.model, Card, NumberRegistry, Event) == before


@pytest.mark.parametrize(
    ("figures", "differing"),
    [
        ({"count": 26}, ["count"]),
        ({"valid_months": 13}, ["valid_months"]),
        ({"valid_until": date(2027, 3, 10)}, ["valid_until", "valid_months"]),
    ],
)
def test_the_same_name_with_other_figures_is_refused(sky: Program, figures: Any, differing: list[str]) -> None:
    batch = asked(sky)
    with pytest.raises(BatchDiffers) as refusal:
        asked(sky, **figures)
    assert refusal.value.facts == {"batch": batch.pk, "differing": differing, "count": 25}
    assert CardBatch.objects.count() == 1


def test_a_name_belongs_to_its_program(sky: Program) -> None:
    assert asked(sky).pk != asked(make_program("sea")).pk


@pytest.mark.parametrize(
    ("figures", "pointers"),
    [
        ({"valid_until": date(2027, 1, 1), "valid_months": 3}, ["/valid_until"]),
        ({"valid_until": None}, ["/valid_until"]),
        ({"valid_until": date(2026, 3, 9)}, ["/valid_until"]),
        ({"valid_months": 0}, ["/valid_months"]),
        ({"valid_months": 1201}, ["/valid_months"]),
        ({"count": 0}, ["/count"]),
        ({"count": 10_000_001}, ["/count"]),
        ({"name": "  "}, ["/name"]),
        ({"name": "x" * 81, "count": -1}, ["/name", "/count"]),
    ],
)
def test_what_can_not_be_is_refused_at_its_field(sky: Program, figures: Any, pointers: list[str]) -> None:
    with pytest.raises(BatchWrong) as refusal:
        asked(sky, **figures)
    assert [fault["pointer"] for fault in refusal.value.errors] == pointers
    assert counted(CardBatch, Event) == {"CardBatch": 0, "Event": 0}


@pytest.mark.parametrize("status", [ProgramStatus.DRAFT, ProgramStatus.LOCKED, ProgramStatus.CLOSED])
def test_only_a_released_program_takes_a_batch(status: str) -> None:
    with pytest.raises(CardsWait):
        asked(make_program("sky", status=status))
    assert CardBatch.objects.count() == 0


def test_a_scheme_that_gives_no_numbers_is_told_when_one_asks() -> None:
    with pytest.raises(SchemeUnusable):
        asked(make_program("sky", card_prefix="SK", card_check="gs1"))
    assert CardBatch.objects.count() == 0


def test_the_card_type_is_one_for_temporary_cards_of_the_program(sky: Program) -> None:
    usual = card_type(sky, code="usual", is_default=True)
    special = card_type(sky, code="special")
    assert asked(sky).card_type == usual
    assert asked(sky, name="other", card_type=special).card_type == special
    wrong = [card_type(sky, code="main", kind=CardKind.MAIN), card_type(make_program("sea"), code="foreign")]
    for one in wrong:
        with pytest.raises(BatchWrong):
            asked(sky, name="wrong", card_type=one)


def card_type(program: Program, **values: Any) -> CardType:
    return CardType.objects.create(program=program, name=values["code"], **({"kind": CardKind.TEMPORARY} | values))


# Making.


def test_every_card_is_temporary_unused_numbered_by_the_scheme_and_ends(sky: Program) -> None:
    usual = card_type(sky, code="usual", is_default=True)
    batch = made(sky)
    assert (batch.status, batch.made, batch.finished_at) == (BatchStatus.READY, 25, NOON)
    cards = list(Card.objects.filter(batch=batch))
    assert len(cards) == len({card.number_id for card in cards}) == 25
    assert {(card.kind, card.status, card.card_type_id, card.valid_until) for card in cards} == {
        (CardKind.TEMPORARY, CardStatus.CREATED, usual.pk, date(2027, 3, 10))
    }
    assert {(card.created_at, card.activated_at, card.barred_from) for card in cards} == {(NOON, None, None)}
    assert all(validate(card.number_id, program=sky) for card in cards)
    registered = NumberRegistry.objects.filter(program=sky, kind="card").values_list("number", flat=True)
    assert set(registered) == {card.number_id for card in cards}
    facts = {"name": "fair", "count": 25, "valid_until": "2027-03-10"}
    assert events("card_batch.made") == [(batch.pk, facts)]
    assert_audit_clean()


def test_every_card_has_its_history(sky: Program) -> None:
    batch = made(sky)
    rows = Card.history.filter(batch=batch)
    assert rows.count() == 25
    assert set(rows.values_list("history_type", "history_channel", "history_user_id", "status", "valid_until")) == {
        ("+", "system", None, "created", date(2027, 3, 10))
    }
    assert set(rows.values_list("id", "number")) == set(Card.objects.values_list("pk", "number"))


@pytest.mark.parametrize(
    ("zone", "at", "months", "last"),
    [
        ("Europe/Berlin", datetime(2026, 8, 30, 22, 30, tzinfo=UTC), 6, date(2027, 2, 28)),
        ("UTC", datetime(2026, 8, 30, 22, 30, tzinfo=UTC), 6, date(2027, 2, 28)),
        ("Europe/Berlin", datetime(2026, 12, 31, 23, 30, tzinfo=UTC), 12, date(2028, 1, 1)),
        ("UTC", datetime(2026, 12, 31, 23, 30, tzinfo=UTC), 12, date(2027, 12, 31)),
    ],
)
def test_months_count_from_the_day_of_the_batch_in_the_programs_zone(
    zone: str, at: datetime, months: int, last: date
) -> None:
    sky = make_program("sky", time_zone=zone)
    with clock.frozen(at):
        batch = asked(sky, 2, valid_months=months)
    with clock.frozen(datetime(2027, 6, 1, tzinfo=UTC)):
        batch = make_batch(batch)
    assert ends_on(batch) == last
    assert set(Card.objects.values_list("valid_until", flat=True)) == {last}


def test_a_day_is_the_day(sky: Program) -> None:
    assert ends_on(made(sky, 1, valid_until=date(2026, 3, 10))) == date(2026, 3, 10)
    assert Card.objects.get().valid_until == date(2026, 3, 10)


def test_chunks_are_told_and_add_up(sky: Program, small_chunks: None) -> None:
    told: list[int] = []
    batch = make_batch(asked(sky), progress=told.append)
    assert told == [10, 10, 5]
    assert (batch.made, Card.objects.count()) == (25, 25)
    assert [one.status for one in batch.history.order_by("pk")] == ["queued", "running", "ready"]


def test_an_interrupted_run_goes_on_where_it_stopped(sky: Program, small_chunks: None) -> None:
    batch = asked(sky)

    def stop(made: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_batch(batch, progress=stop)
    batch.refresh_from_db()
    assert (batch.status, batch.made, Card.objects.count()) == (BatchStatus.RUNNING, 10, 10)
    kept = set(Card.objects.values_list("number", flat=True))
    assert make_batch(batch).status == BatchStatus.READY
    assert Card.objects.count() == 25
    assert kept < set(Card.objects.values_list("number", flat=True))
    assert_audit_clean()


def test_a_program_locked_meanwhile_lets_the_batch_wait(sky: Program, small_chunks: None) -> None:
    batch = asked(sky)

    def lock(made: int) -> None:
        sky.status = ProgramStatus.LOCKED
        sky.save()

    with pytest.raises(CardsWait):
        make_batch(batch, progress=lock)
    assert Card.objects.count() == 10
    assert do_waiting() == 0
    sky.status = ProgramStatus.RELEASED
    sky.save()
    assert do_waiting() == 1
    assert Card.objects.count() == 25


def test_a_number_given_out_before_makes_no_card(sky: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    taken = register_number(make_program("sea", card_prefix="97"))
    real = batches.new_numbers
    draws = iter([[taken, "1"], ["1", "2"], ["3"]])
    monkeypatch.setattr(batches, "new_numbers", lambda program, count: next(draws, None) or real(program, count=count))
    make_batch(asked(sky, 3))
    assert set(Card.objects.values_list("number", flat=True)) == {"1", "2", "3"}
    assert_audit_clean(only=("K01", "K08", "K10", "H01"))


def test_a_scheme_without_free_numbers_says_so(sky: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "new_numbers", lambda program, count: ["1"] * count)
    with pytest.raises(NumbersExhausted) as refusal:
        make_batch(asked(sky, 3))
    assert refusal.value.facts == {"program": "sky", "found": 1, "asked": 3}
    assert (Card.objects.count(), CardBatch.objects.get().made) == (1, 1)


def test_the_database_refuses_cards_of_another_programs_batch(sky: Program) -> None:
    batch = made(sky, 1)
    card = Card.objects.get()
    card.program = make_program("sea")
    with pytest.raises(IntegrityError), transaction.atomic():
        card.save()
        transaction.get_connection().check_constraints()
    assert batch.cards.count() == 1


# Revoking.


def test_revoking_cancels_unused_cards_and_leaves_used_ones(sky: Program) -> None:
    batch = made(sky, 5)
    active, blocked, *unused = Card.objects.order_by("pk")
    activate(active, actor=ACTOR)
    block(activate(blocked, actor=ACTOR), actor=ACTOR, reason="x")
    before = list(Card.objects.filter(pk__in=(active.pk, blocked.pk)).order_by("pk").values())
    revoked = revoke_batch(batch, actor=AGENT, reason="file lost")
    assert (revoked.status, revoked.revoked_at, revoked.cancelled_at) == (BatchStatus.REVOKED, NOON, NOON)
    assert list(Card.objects.filter(pk__in=(active.pk, blocked.pk)).order_by("pk").values()) == before
    rows = Card.objects.filter(pk__in=[card.pk for card in unused])
    assert set(rows.values_list("status", "barred_from")) == {("cancelled", NOON)}
    history = Card.history.filter(id__in=[card.pk for card in unused], history_type="~")
    told = history.values_list("status", "history_user_id", "history_change_reason")
    assert list(told) == [("cancelled", 77, "file lost")] * 3
    assert NumberRegistry.objects.count() == 5
    assert len(events("card_batch.revoked")) == 1
    assert figures_of(revoked) == BatchFigures(used=2, unused=0, expired=0, cancelled=3)
    assert_audit_clean(only=("K01", "K08", "K10", "H01", "H02"))


def test_a_large_batch_is_refused_at_once_and_cancelled_by_the_worker(sky: Program, small_chunks: None) -> None:
    batch = revoke_batch(made(sky), actor=AGENT, reason="file lost")
    assert (batch.status, batch.cancelled_at) == (BatchStatus.REVOKED, None)
    assert figures_of(batch) == BatchFigures(used=0, unused=15, expired=0, cancelled=10)
    told: list[int] = []
    with clock.frozen(datetime(2026, 3, 11, tzinfo=UTC)):
        done = cancel_revoked(batch, progress=told.append)
    assert told == [10, 5]
    assert done.cancelled_at == datetime(2026, 3, 11, tzinfo=UTC)
    assert set(Card.objects.values_list("status", "barred_from")) == {("cancelled", NOON)}
    assert cancel_revoked(done, progress=told.append).cancelled_at == done.cancelled_at
    assert told == [10, 5]
    assert_audit_clean()


def test_a_batch_revoked_while_it_is_made_gets_no_more_cards(sky: Program, small_chunks: None) -> None:
    batch = asked(sky)
    stopped = make_batch(batch, progress=lambda made: revoke_batch(batch, actor=ACTOR, reason="mistake"))
    assert (stopped.status, stopped.made) == (BatchStatus.REVOKED, 10)
    assert Card.objects.filter(status="cancelled").count() == 10
    assert make_batch(stopped).made == 10
    # Its name stays taken: asking again finds the revoked one.
    assert asked(sky).status == BatchStatus.REVOKED
    assert do_waiting() == 1
    assert_audit_clean()


def test_a_batch_is_revoked_once(sky: Program) -> None:
    batch = revoke_batch(asked(sky), actor=ACTOR, reason="mistake")
    assert batch.cancelled_at == NOON
    with pytest.raises(BatchRevoked):
        revoke_batch(batch, actor=ACTOR, reason="again")
    assert len(events("card_batch.revoked")) == 1


def test_figures_count_every_card_once(sky: Program) -> None:
    batch = made(sky, 5, valid_until=date(2026, 3, 12))
    first, second, *_ = Card.objects.order_by("pk")
    activate(first, actor=ACTOR)
    activate(second, actor=ACTOR)
    assert figures_of(batch) == BatchFigures(used=2, unused=3, expired=0, cancelled=0)
    with clock.frozen(datetime(2026, 3, 12, 22, 59, tzinfo=UTC)):
        assert figures_of(batch) == BatchFigures(used=2, unused=3, expired=0, cancelled=0)
    with clock.frozen(datetime(2026, 3, 12, 23, 0, tzinfo=UTC)):
        assert figures_of(batch) == BatchFigures(used=2, unused=0, expired=3, cancelled=0)


# The queue.


def test_the_worker_makes_what_waits_in_order_and_skips_what_can_not_be(
    sky: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sea = make_program("sea")
    first, locked, last = asked(sky, 2), asked(sea, 2), asked(sky, 2, name="last")
    exhausted = asked(sky, 2, name="exhausted")
    sea.status = ProgramStatus.LOCKED
    sea.save()
    real = batches.make_batch

    def make(batch: CardBatch, **options: Any) -> CardBatch:
        if batch.pk == exhausted.pk:
            raise NumbersExhausted("no number is free")
        return real(batch, **options)

    monkeypatch.setattr(batches, "make_batch", make)
    assert do_waiting() == 2
    status = dict(CardBatch.objects.values_list("pk", "status"))
    assert status == {first.pk: "ready", locked.pk: "queued", last.pk: "ready", exhausted.pk: "queued"}
    assert "no number is free" in caplog.text
