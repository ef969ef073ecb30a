"""The daily run over cards: who gets a successor, when it is usable, what ends; and that a second run does nothing."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cards import issuing, renewing
from cards.errors import CardsWait
from cards.models import Card, CardKind, CardStatus, CardType, NumberRegistry
from common import clock
from gateway.models import Event
from memberships import lifecycle
from memberships.card_holding import cards_in_hand, give_new_card, holdings_of
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.models import CardHolding, Membership
from memberships.renewing_cards import CardRun, renew_cards
from memberships.targets import find_target
from programs.models import Program, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous
from tests.factories import ACTOR, counted, make_customer, make_program, make_terms, member_of

# Midnight of Berlin is 23:00 of the day before; the card made then lasts through 10 March 2026.
MADE = datetime(2025, 3, 10, 12, tzinfo=UTC)
LAST_DAY = date(2026, 3, 10)
END = datetime(2026, 3, 10, 23, tzinfo=UTC)
FIRST_DUE = datetime(2026, 2, 7, 23, tzinfo=UTC)
NOTHING = CardRun(0, 0, 0)
TABLES = (Card, CardHolding, NumberRegistry, Event)


@pytest.fixture
def sky(db: None) -> Iterator[Program]:
    program = make_program("sky", time_zone="Europe/Berlin", late_grace=timedelta(days=3))
    main_type(program)
    yield program
    assert_audit_clean()


def main_type(program: Program, **values: Any) -> CardType:
    given = {"code": "main", "name": "Main", "is_default": True, "valid_months": 12, "renewal_days": 30}
    made: CardType = CardType.objects.create(program=program, **(given | values))
    return made


@pytest.fixture
def membership(sky: Program) -> Membership:
    with clock.frozen(MADE):
        return enrol(make_customer("Emma Stone"), program=sky, actor=ACTOR)


def run(program: Program, at: datetime, **options: Any) -> CardRun:
    with clock.frozen(at):
        return renew_cards(program, actor=ACTOR, **options)


def only_card(membership: Membership) -> Card:
    return cards_in_hand(membership).get()


# ---- the successor


def test_a_card_is_renewed_so_many_days_before_its_end_and_not_a_second_earlier(sky, membership):
    old = only_card(membership)
    assert old.valid_until == LAST_DAY
    before = counted(*TABLES)
    assert run(sky, FIRST_DUE - timedelta(seconds=1)) == NOTHING
    assert counted(*TABLES) == before
    assert run(sky, FIRST_DUE) == CardRun(1, 0, 0)
    old.refresh_from_db()
    successor = old.successor
    # It lasts from the end of the old card: renewing early costs no day.
    assert (successor.kind, successor.status, successor.card_type, successor.valid_until) == (
        "main", "created", old.card_type, date(2027, 3, 10),
    )  # fmt: skip
    assert (old.status, old.barred_from) == ("active", None)
    (held,) = holdings_of(successor)
    assert (held.membership, held.customer_id, held.held_from) == (membership, member_of(membership), FIRST_DUE)


def test_68_a_second_run_changes_nothing(sky, membership):
    assert run(sky, FIRST_DUE) == CardRun(1, 0, 0)
    before = counted(*TABLES)
    assert run(sky, FIRST_DUE) == run(sky, END - timedelta(seconds=1)) == NOTHING
    assert counted(*TABLES) == before
    assert Card.objects.filter(predecessor__isnull=False).count() == 1


def test_at_its_end_the_old_card_expires_and_the_successor_is_usable_without_a_gap(sky, membership):
    old = only_card(membership)
    run(sky, FIRST_DUE)
    # The night after the end: both times are those of the card, not of the run.
    assert run(sky, END + timedelta(hours=5)) == CardRun(0, 1, 0)
    assert run(sky, END + timedelta(hours=6)) == NOTHING
    old.refresh_from_db()
    assert (old.status, old.successor.status, old.successor.activated_at) == ("expired", "active", END)
    moments = (END - timedelta(seconds=1), END)
    assert [issuing.usable_at(old, at) for at in moments] == [True, False]
    assert [issuing.usable_at(old.successor, at) for at in moments] == [False, True]
    kinds = Event.objects.filter(kind__startswith="card.").order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["card.issued", "card.issued", "card.activated", "card.expired"]


def test_a_late_event_of_the_old_cards_last_day_still_finds_its_holder(sky, membership):
    number = only_card(membership).number_id
    run(sky, FIRST_DUE)
    run(sky, END + timedelta(hours=5))
    target = find_target(ACTOR, at=END - timedelta(seconds=1), card_number=number)
    assert (target.membership, target.person_id) == (membership, member_of(membership))


def test_a_late_run_makes_up_for_what_it_missed_in_one_go(sky, membership):
    old, at = only_card(membership), END + timedelta(days=40, hours=-5)
    assert run(sky, at) == CardRun(1, 1, 0)
    old.refresh_from_db()
    # Not from the end that is long past: the member never had those days.
    assert (old.status, old.successor.status, old.successor.valid_until) == ("expired", "active", date(2027, 4, 19))
    assert old.successor.activated_at == at


def test_an_additional_card_is_renewed_as_one(sky, membership):
    main_type(sky, code="family", name="Family", kind=CardKind.ADDITIONAL, valid_months=1, renewal_days=7)
    with clock.frozen(MADE):
        card = give_new_card(membership, customer_id=member_of(membership), kind="additional", actor=ACTOR)
    assert run(sky, datetime(2025, 4, 3, 12, tzinfo=UTC)) == CardRun(1, 0, 0)
    card.refresh_from_db()
    assert (card.successor.kind, card.successor.valid_until) == ("additional", date(2025, 5, 10))


def test_only_what_its_type_renews_gets_a_successor(sky):
    plain = main_type(sky, code="plain", name="Plain", is_default=False, renewable=False)
    with clock.frozen(MADE):
        one = enrol(make_customer("Emma"), program=sky, actor=ACTOR)
        card = only_card(one)
        card.card_type = plain
        card.save()
    assert run(sky, END) == CardRun(0, 1, 0)
    card.refresh_from_db()
    assert (card.status, card.successor) == ("expired", None)


def test_a_card_without_a_type_is_renewed_as_the_default_says(sky, membership):
    card = only_card(membership)
    card.card_type = None
    card.save()
    assert run(sky, FIRST_DUE) == CardRun(1, 0, 0)
    card.refresh_from_db()
    assert card.successor.card_type.code == "main"
    CardType.objects.update_or_create(program=sky, code="main", defaults={"is_default": False})
    other = card.successor
    other.card_type, other.status, other.activated_at = None, "active", FIRST_DUE
    other.save()
    assert run(sky, datetime(2027, 3, 1, tzinfo=UTC)).renewed == 0


@pytest.mark.parametrize("status", ["blocked", "lost", "stolen", "damaged"])
def test_a_card_out_of_use_gets_no_successor(sky, membership, status):
    card = only_card(membership)
    with clock.frozen(MADE + timedelta(days=1)):
        if status == "blocked":
            issuing.block(card, actor=ACTOR, reason="odd")
        else:
            issuing.report(card, CardStatus(status), actor=ACTOR)
    assert run(sky, FIRST_DUE) == NOTHING
    # A blocked one ends; the others wait to be replaced or cancelled.
    assert run(sky, END) == CardRun(0, 1 if status == "blocked" else 0, 0)
    card.refresh_from_db()
    assert card.status == ("expired" if status == "blocked" else status)


def test_the_successor_of_a_card_blocked_since_is_not_let_in_by_the_run(sky, membership):
    card = only_card(membership)
    run(sky, FIRST_DUE)
    with clock.frozen(FIRST_DUE + timedelta(days=1)):
        issuing.block(card, actor=ACTOR, reason="odd")
    assert run(sky, END) == CardRun(0, 1, 0)
    card.refresh_from_db()
    assert (card.status, card.successor.status) == ("expired", "created")


def test_where_the_membership_has_ended_the_card_ends_too_and_a_suspended_one_is_renewed(sky, membership):
    with clock.frozen(MADE):
        other = enrol(make_customer("John"), program=sky, actor=ACTOR)
    card = only_card(other)
    with clock.frozen(FIRST_DUE - timedelta(days=1)):
        terminate(membership, actor=ACTOR, reason="wish")
        lifecycle.suspend(other, actor=ACTOR, reason="fraud")
    assert run(sky, FIRST_DUE, dry_run=True) == run(sky, FIRST_DUE) == CardRun(1, 0, 0)
    card.refresh_from_db()
    assert card.successor is not None
    assert run(sky, END) == CardRun(0, 2, 0)


# ---- temporary cards


def test_a_temporary_card_in_use_ends_without_a_successor(sky):
    main_type(sky, code="gift", name="Gift", kind=CardKind.TEMPORARY)
    with clock.frozen(MADE):
        membership = anonymous(sky)
    card = only_card(membership)
    assert card.valid_until == LAST_DAY
    assert run(sky, FIRST_DUE) == NOTHING
    assert run(sky, END) == CardRun(0, 1, 0)
    card.refresh_from_db()
    assert (card.status, card.successor) == ("expired", None)


def test_unused_temporary_cards_end_in_bulk_once_no_use_can_arrive_late(sky, monkeypatch):
    monkeypatch.setattr(renewing, "CHUNK", 2)
    with clock.frozen(MADE):
        for day in (LAST_DAY, LAST_DAY, LAST_DAY, LAST_DAY + timedelta(days=1)):
            issuing.issue_card(sky, actor=ACTOR, kind=CardKind.TEMPORARY, valid_until=day)
    before = counted(*TABLES)
    over = END + sky.late_grace
    assert run(sky, over - timedelta(seconds=1)) == NOTHING
    assert run(sky, over, dry_run=True) == CardRun(0, 0, 3)
    assert run(sky, over) == CardRun(0, 0, 3)
    assert run(sky, over) == NOTHING
    assert sorted(Card.objects.values_list("status", flat=True)) == ["created", "expired", "expired", "expired"]
    # No event for cards nobody knows; their history says it.
    assert counted(*TABLES) == before
    assert Card.history.filter(status="expired", history_change_reason="last day over").count() == 3


# ---- the run


def test_a_rehearsal_counts_and_changes_nothing(sky, membership):
    before = counted(*TABLES)
    assert run(sky, FIRST_DUE, dry_run=True) == CardRun(1, 0, 0)
    assert run(sky, END, dry_run=True) == CardRun(1, 1, 0)
    assert counted(*TABLES) == before
    assert only_card(membership).status == "active"


def test_an_interrupted_run_goes_on_where_it_stopped(sky, monkeypatch):
    with clock.frozen(MADE):
        for name in ("Emma", "John", "Aisha"):
            enrol(make_customer(name), program=sky, actor=ACTOR)
    renewed = []

    def stop_after_one(cards: int) -> None:
        renewed.append(cards)
        if len(renewed) == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(sky, FIRST_DUE, progress=stop_after_one)
    assert Card.objects.filter(predecessor__isnull=False).count() == 2
    assert run(sky, FIRST_DUE) == CardRun(1, 0, 0)
    assert Card.objects.filter(predecessor__isnull=False).count() == 3


@pytest.mark.parametrize("status", [ProgramStatus.DRAFT, ProgramStatus.LOCKED, ProgramStatus.CLOSED])
def test_the_cards_of_a_program_that_is_not_released_wait(sky, membership, status):
    sky.status = status
    sky.save()
    before = counted(*TABLES)
    with pytest.raises(CardsWait):
        run(sky, END)
    assert counted(*TABLES) == before


def test_terms_of_a_program_do_not_stand_in_the_way(sky, membership):
    make_terms(sky, must_accept=True)
    assert run(sky, FIRST_DUE).renewed == 1


def told(*arguments: str) -> str:
    out = StringIO()
    call_command("renew_cards", *arguments, stdout=out)
    return out.getvalue()


def test_the_command_renews_one_program_or_all_released_ones(sky, membership):
    sea = make_program("sea", status=ProgramStatus.LOCKED)
    with clock.frozen(FIRST_DUE):
        rehearsed = "1 cards would be renewed, 0 would be ended, 0 unused temporary ones would be ended.\n"
        assert told("--dry-run") == told("sky", "--dry-run") == rehearsed
        assert told("sky") == "1 cards renewed, 0 ended, 0 unused temporary ones ended.\n"
        assert told() == "0 cards renewed, 0 ended, 0 unused temporary ones ended.\n"
        for code in ("nowhere", sea.code):
            with pytest.raises(CommandError) as refused:
                told(code)
            assert refused.value.returncode == 1
