"""Cards that members have in their hands come from a file; what stands elsewhere is a conflict, told with its line."""

import csv
from datetime import UTC, date, datetime
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from cards import issuing, numbering
from cards.errors import CardsWait
from cards.models import Card, CardKind, NumberRegistry
from common import clock
from common.actor import Actor
from common.errors import NotAllowed
from common.sheets.importing import Record, check_file, import_file
from gateway.models import Event
from memberships import lifecycle
from memberships.card_holding import cards_in_hand, replace_card
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.importing_cards import CardImport
from memberships.models import CardHolding, Membership
from programs.models import Activation, CheckScheme, Program, ProgramStatus
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous, group_of
from tests.factories import ACTOR, actor_in, counted, make_customer, make_program, member_of

NOW = datetime(2026, 3, 10, 12, tzinfo=UTC)
HEADER = "card_number,member_number,kind,valid_until\n"
TABLES = (Card, CardHolding, NumberRegistry, Event)


@pytest.fixture
def membership(sky, emma) -> Membership:
    with clock.frozen(NOW):
        return enrol(emma, program=sky, actor=ACTOR)


def taken_in(text: str, program: Program, *, actor: Actor = ACTOR, **options: Any) -> tuple[list[int], list[str]]:
    """New, changed, same, refused; and what was told of which line."""
    file, told = BytesIO(text.encode()), []

    def report(record: Record, outcome: Any) -> None:
        if outcome.reason:
            told.append(f"{record.line} {outcome.code}: {outcome.reason}")

    with clock.frozen(NOW):
        importer = CardImport(program, actor=actor)
        check_file(file, importer)
        counts = import_file(file, importer, report=report, **options)
    return list(counts.records.values()), told


def test_a_main_card_takes_the_place_of_the_one_there_is(membership, sky, emma):
    old = cards_in_hand(membership).get()
    figures, told = taken_in(HEADER + f"old-100 2003,{membership.number.lower()},,2027-06-30\n", sky)
    assert (figures, told) == ([1, 0, 0, 0], [])
    new = cards_in_hand(membership).get()
    assert (new.number_id, new.kind, new.status, new.valid_until) == (
        "OLD1002003", "main", "active", date(2027, 6, 30),
    )  # fmt: skip
    old.refresh_from_db()
    assert (old.status, old.successor) == ("replaced", new)
    assert CardHolding.objects.get(held_until=None).customer == emma
    assert NumberRegistry.objects.get(number="OLD1002003").kind == "external"
    assert_audit_clean()


def test_an_additional_card_comes_beside_the_main_one(membership, sky):
    assert taken_in(HEADER + f"OLD1002003,{membership.number},additional,\n", sky) == ([1, 0, 0, 0], [])
    assert sorted(cards_in_hand(membership).values_list("kind", "status")) == [
        ("additional", "active"), ("main", "active"),
    ]  # fmt: skip


def test_a_second_run_finds_everything_there_and_changes_nothing(membership, sky):
    file = HEADER + f"OLD1002003,{membership.number},main,2027-06-30\nOLD1002004,{membership.number},additional,\n"
    assert taken_in(file, sky)[0] == [2, 0, 0, 0]
    before = counted(*TABLES)
    assert taken_in(file, sky) == ([0, 0, 2, 0], [])
    # Replaced since: its line is done all the same.
    replace_card(cards_in_hand(membership).get(kind=CardKind.MAIN), actor=ACTOR, reason="worn")
    assert taken_in(file, sky)[0] == [0, 0, 2, 0]
    assert counted(*TABLES) == before | {
        "Card": before["Card"] + 1, "CardHolding": before["CardHolding"] + 1,
        "NumberRegistry": before["NumberRegistry"] + 1, "Event": before["Event"] + 2,
    }  # fmt: skip


def test_conflicts_are_told_with_what_the_program_knows_and_nothing_of_others(membership, sky):
    john = enrol(make_customer("John"), program=sky, actor=ACTOR)
    johns = cards_in_hand(john).get().number_id
    foreign = cards_in_hand(enrol(make_customer("Aisha"), program=make_program("sea"), actor=ACTOR)).get().number_id
    unused = issuing.issue_card(sky, actor=ACTOR, kind=CardKind.TEMPORARY).number_id
    own = cards_in_hand(membership).get().number_id
    number, before = membership.number, counted(*TABLES)
    figures, told = taken_in(
        HEADER
        + f"{johns},{number},,\n{foreign},{number},,\n{unused},{number},,\n{own},{number},additional,\n"
        + f"OLD1002003,{number},,2026-03-09\nOLD1,{number},,\nOLD1002004,XX404,,\nOLD1002005,{number},gold,\n",
        sky,
    )
    assert figures == [0, 0, 0, 8]
    assert told == [
        f"2 number_taken: card_number: {johns} is a card of this program, held in {john.number}.",
        f"3 number_taken: The number {foreign} was given out before; a number names one card for ever. Check it, or "
        "give the card another one.",
        f"4 number_taken: card_number: {unused} is a card of this program, which nobody holds yet.",
        f"5 number_taken: card_number: {own} is a card of this program, held by the member already, as a card of kind "
        "main.",
        "6 card_end: 2026-03-09 is over: no card is made for the past.",
        "7 number_refused: “OLD1” can't be a card number: it needs 6 to 40 digits and letters without accents.",
        "8 not_found: There is no such membership that you can see.",
        "9 line_refused: kind: “gold” is not among main, additional.",
    ]
    assert counted(*TABLES) == before


def test_a_wrong_check_character_is_a_doubt_and_no_refusal(membership):
    sky = membership.program
    sky.card_prefix, sky.card_check, sky.card_body_length = "97", CheckScheme.LUHN, 12
    sky.save()
    number = numbering.new_number(sky)
    wrong = number[:-1] + str((int(number[-1]) + 1) % 10)
    figures, told = taken_in(HEADER + f"{wrong},{membership.number},,\n", sky)
    assert figures == [1, 0, 0, 0]
    assert told == [f"2 : {wrong} looks like a number of Sky, but for its check character: mistyped?"]
    assert cards_in_hand(membership).get().number_id == wrong


def test_in_a_group_the_line_says_whose_card_it_is(sky):
    group = group_of(sky, "Mia", "Max")
    max_ = group.members.order_by("pk")[1].customer
    header = HEADER.strip() + ",customer_number\n"
    assert taken_in(header + f"OLD1002003,{group.number},main,,{max_.number}\n", sky)[0] == [1, 0, 0, 0]
    assert taken_in(header + f"OLD1002004,{group.number},main,,\n", sky)[0] == [1, 0, 0, 0]
    held = CardHolding.objects.filter(held_until=None).order_by("card__number")
    assert list(held.values_list("card__number", "customer")) == [
        ("OLD1002003", max_.pk), ("OLD1002004", group.main_member.customer_id),
    ]  # fmt: skip
    stranger = make_customer("Stranger").number
    figures, told = taken_in(header + f"OLD1002005,{group.number},main,,{stranger}\n", sky)
    assert figures == [0, 0, 0, 1] and told[0].startswith("2 not_a_member: ")


def test_cards_of_memberships_not_yet_active_or_suspended_come_along(sky):
    sea = make_program("sea", activation=Activation.EXPLICIT)
    with clock.frozen(NOW):
        waiting = enrol(make_customer("Emma"), program=sea, actor=ACTOR)
    drawn = cards_in_hand(waiting).get()
    assert taken_in(HEADER + f"OLD1002003,{waiting.number},,\n", sea)[0] == [1, 0, 0, 0]
    drawn.refresh_from_db()
    assert (drawn.status, cards_in_hand(waiting).get().status) == ("cancelled", "created")
    lifecycle.activate(waiting, actor=ACTOR)
    assert cards_in_hand(waiting).get().status == "active"
    lifecycle.suspend(waiting, actor=ACTOR, reason="fraud")
    assert taken_in(HEADER + f"OLD1002004,{waiting.number},additional,\n", sea)[0] == [1, 0, 0, 0]
    assert_audit_clean()


def test_nobody_and_ended_memberships_hold_no_card(membership, sky, emma):
    unnamed = anonymous(sky)
    terminate(membership, actor=ACTOR, reason="wish")
    before = counted(*TABLES)
    figures, told = taken_in(HEADER + f"OLD1002003,{membership.number},,\nOLD1002004,{unnamed.number},,\n", sky)
    assert figures == [0, 0, 0, 2]
    assert told[0].startswith("2 membership_ended: ")
    assert told[1] == f"3 line_refused: member_number: {unnamed.number} has no member to hold a card."
    assert counted(*TABLES) == before


def test_a_rehearsal_writes_nothing(membership, sky):
    before = counted(*TABLES)
    assert taken_in(HEADER + f"OLD1002003,{membership.number},,\n", sky, dry_run=True)[0] == [1, 0, 0, 0]
    assert counted(*TABLES) == before


def test_the_right_and_a_released_program_are_asked_for(sky):
    nobody = Actor(
        "channel", None, 2, "till", lambda action, program_id: action != "cards:manage", actor_in(sky).programs
    )
    with pytest.raises(NotAllowed):
        CardImport(sky, actor=nobody)
    with pytest.raises(CardsWait):
        CardImport(make_program("sea", status=ProgramStatus.LOCKED), actor=ACTOR)


def test_the_command_writes_the_conflicts_to_a_file_that_comes_in_corrected(membership, sky, tmp_path: Path):
    john = enrol(make_customer("John"), program=sky, actor=ACTOR)
    johns = cards_in_hand(john).get().number_id
    file, errors = tmp_path / "cards.csv", tmp_path / "refused.csv"
    file.write_text(HEADER + f"OLD1002003,{membership.number},,\n{johns},{membership.number},additional,\n")
    out, err = StringIO(), StringIO()
    with pytest.raises(CommandError) as refused:
        call_command("import_cards", "sky", str(file), errors=str(errors), stdout=out, stderr=err)
    assert (refused.value.returncode, out.getvalue()) == (1, "2 lines: 1 new, 0 changed, 0 same, 1 refused.\n")
    (row,) = csv.DictReader(StringIO(errors.read_text("utf-8-sig")))
    assert (row["line"], row["card_number"], row["kind"]) == ("3", johns, "additional")
    assert row["refused_because"].endswith(f"held in {john.number}.")
    errors.write_text(errors.read_text("utf-8-sig").replace(f'"{johns}"', '"OLD1002004"'))
    out = StringIO()
    call_command("import_cards", "sky", str(errors), stdout=out, stderr=err)
    assert out.getvalue() == "1 lines: 1 new, 0 changed, 0 same, 0 refused.\n"
    with pytest.raises(CommandError) as refused:
        call_command("import_cards", "nowhere", str(file), stdout=out, stderr=err)
    assert refused.value.returncode == 2
    assert member_of(john) == CardHolding.objects.get(card__number=johns).customer_id
