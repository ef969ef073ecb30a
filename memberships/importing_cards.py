"""Taking over cards that members have in their hands from a file (interfaces 3.3).

A main card of the file takes the place of the one its member has; an additional one comes beside it. A number is
registered for ever, so a file can be imported again: what is in the right hand already is left alone, and a number that
stands elsewhere is a conflict, told with its line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import partial
from typing import Any

from cards import issuing, numbering
from cards.errors import NumberTaken
from cards.models import Card, CardKind, CardStatus
from common.actor import Actor
from common.clock import program_now
from common.errors import NotAllowed
from common.sheets import Column, LineRefused, cells
from common.sheets.importing import Outcome, Record, Result, attempt
from customers.models import CustomerNumber
from memberships.card_holding import (
    end_holding,
    hand_out,
    last_holder,
    main_card_of,
    member_to_hold,
    replace_card,
)
from memberships.locking import locked_memberships
from memberships.targets import find_target
from programs.models import Program

MANAGE = "cards:manage"
REASON = "import"
COLUMNS: tuple[Column, ...] = (
    Column("card_number", "of the old system; names the line for ever", required=True),
    Column("member_number", "whose card it is; a retired one leads on", required=True),
    Column("kind", "main takes the place of the card there is; main if empty", cells.one_of("main", "additional")),
    Column("valid_until", "last day; as the card type says if empty", cells.day),
    Column("customer_number", "which member of a group; the main one if empty"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """A line with its meaning."""

    number: str
    membership_id: int
    customer_id: int
    kind: str
    valid_until: date | None


class CardImport:
    """One run for one program."""

    columns: Sequence[Column] = COLUMNS
    identity = "card_number"

    def __init__(self, program: Program, *, actor: Actor) -> None:
        if not actor.may(MANAGE, program.pk):
            raise NotAllowed("You may not manage cards of this program.", facts={"action": MANAGE})
        issuing.refuse_unless_released(program)
        self.program, self.actor = program, actor

    def take(self, records: Sequence[Record]) -> list[Outcome]:
        return [attempt(partial(self._take_one, record)) for record in records]

    def keep(self) -> None:
        """Nothing is carried over: the database knows who holds what."""

    def _take_one(self, record: Record) -> Outcome:
        wanted = self._read(record)
        (membership,) = locked_memberships([wanted.membership_id])
        person_id = member_to_hold(membership, wanted.customer_id).customer_id
        known = Card.objects.filter(number=wanted.number, program=self.program).first()
        if known is not None:
            _refuse_conflict(known, wanted)
            return Outcome(Result.SAME)
        old = main_card_of(membership, person_id) if wanted.kind == CardKind.MAIN else None
        given: dict[str, Any] = {"number": wanted.number, "valid_until": wanted.valid_until}
        if old is not None and old.status != CardStatus.CREATED:
            replace_card(old, actor=self.actor, reason=REASON, **given)
        else:
            if old is not None:
                self._take_away(old)
            hand_out(membership, customer_id=person_id, kind=wanted.kind, actor=self.actor, **given)
        return Outcome(Result.NEW, self._warning(wanted.number))

    def _take_away(self, card: Card) -> None:
        """It was never usable, so it is not replaced."""
        issuing.cancel(card, actor=self.actor, reason=REASON)
        end_holding(card, actor=self.actor, at=program_now(self.program))

    def _warning(self, number: str) -> str:
        if numbering.looks_like_one_of(self.program, number) and not numbering.validate(number, program=self.program):
            return f"{number} looks like a number of {self.program.name}, but for its check character: mistyped?"
        return ""

    def _read(self, record: Record) -> Wanted:
        """Raises LineRefused and what a member number may be refused with."""
        if len(record.lines) > 1:
            raise LineRefused(f"card_number: Line {record.lines[1].number} names the same card.")
        (values,) = record.values
        named = values.get("customer_number")
        target = find_target(
            self.actor,
            at=program_now(self.program),
            member_number=values["member_number"].strip().upper(),
            program_id=self.program.pk,
            member=_customer_id(named) if named is not None else None,
        )
        if target.person_id is None:
            raise LineRefused(f"member_number: {target.membership.number} has no member to hold a card.")
        return Wanted(
            number=numbering.compact(values["card_number"]),
            membership_id=target.membership.pk,
            customer_id=target.person_id,
            kind=values.get("kind", CardKind.MAIN),
            valid_until=values.get("valid_until"),
        )


def _customer_id(number: str) -> int:
    found = CustomerNumber.objects.filter(number=number.strip().upper()).values_list("customer_id", flat=True).first()
    if found is None:
        raise LineRefused(f"customer_number: There is no customer {number}.")
    return found


def _refuse_conflict(card: Card, wanted: Wanted) -> None:
    """Unless it is the card of the line: in that hand now or last, of that kind, with that end."""
    holding = last_holder(card.pk)
    if holding is None:
        raise _conflict(card, "which nobody holds yet")
    if (holding.membership_id, holding.customer_id) != (wanted.membership_id, wanted.customer_id):
        raise _conflict(card, f"held in {holding.membership.number}")
    if card.kind != wanted.kind:
        raise _conflict(card, f"held by the member already, as a card of kind {card.kind}")
    if wanted.valid_until not in (None, card.valid_until):
        raise _conflict(card, f"held by the member already, with the last day {card.valid_until or 'open'}")


def _conflict(card: Card, why: str) -> NumberTaken:
    return NumberTaken(f"card_number: {card.number_id} is a card of this program, {why}.", facts={"card": card.pk})
