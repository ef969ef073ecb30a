"""Whom the lines of a file mean: the plain ones by a few statements for all, the others as any single call asks.

Plain is a number that leads at once to a current membership and the person acting in it. Retired numbers, ended
memberships, cards out of use and first uses of temporary cards go one by one through memberships.targets.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import NamedTuple

from activities.batch_lines import Given
from cards.errors import CardNotUsable
from cards.issuing import usable_at
from cards.models import Card
from common.actor import Actor
from common.db import in_program
from common.errors import LoyaltyError, NotFound
from memberships.able import require_able
from memberships.acting import acting_people
from memberships.capabilities import able_states
from memberships.first_use import first_use, waits_for_first_use
from memberships.models import CardHolding, Member, Membership
from memberships.targets import NO_CARD, find_target, guarded, visible_card
from programs.design import Design

PURPOSE = "earn"


@dataclass(frozen=True, slots=True)
class Landing:
    """Where an activity goes, and who acted."""

    membership_id: int
    person_id: int | None
    card_id: int | None = None
    redirected_from: int | None = None


class _Held(NamedTuple):
    card_id: int
    membership_id: int
    customer_id: int | None
    since: datetime
    until: datetime | None


def landings_of(lines: Sequence[Given], *, design: Design, actor: Actor) -> dict[int, Landing | LoyaltyError]:
    """By line number where it leads, or why nowhere; inside the caller's transaction."""
    plain = _Plain(lines, design)
    found: dict[int, Landing | LoyaltyError] = {}
    for one in lines:
        landing = plain.landing(one)
        found[one.line] = landing if landing is not None else _alone(one, design=design, actor=actor)
    return found


class _Plain:
    """What is known of all numbers of the lines."""

    def __init__(self, lines: Sequence[Given], design: Design) -> None:
        self.design, self.program = design, design.program
        numbers = {one.card_number for one in lines if one.card_number is not None}
        cards = Card.objects.filter(program=self.program, number__any_of=numbers)
        self.cards: dict[str, Card] = {card.number_id: card for card in cards}
        self.holdings = _holdings([card.pk for card in self.cards.values()])
        named = {one.member_number for one in lines if one.member_number is not None}
        held = {one.membership_id for ones in self.holdings.values() for one in ones}
        self._read_memberships(named, held)

    def _read_memberships(self, numbers: Iterable[str], ids: Iterable[int]) -> None:
        current = Membership.objects.filter(program=self.program, current=True)
        self.by_number = dict(current.filter(number__any_of=set(numbers)).values_list("number", "pk"))
        # Where cards may be used, and by whom.
        able = able_states(self.design, "use_card")
        states = current.filter(pk__any_of=set(ids)).values_list("pk", "status", "type")
        self.able = {pk for pk, status, type_ in states if f"{status}/{type_}" in able}
        self.acting = acting_people(self.able.union(self.by_number.values()))
        members = Member.objects.filter(membership__any_of=self.able, ended_at__isnull=True, suspended_at__isnull=True)
        self.people = set(members.values_list("membership_id", "customer_id"))

    def landing(self, one: Given) -> Landing | None:
        """None where the line is not plain."""
        if one.member_number is not None:
            membership_id = self.by_number.get(one.member_number)
            return None if membership_id is None else Landing(membership_id, self.acting.get(membership_id))
        card = self.cards.get(one.card_number or "")
        if card is None:
            return None
        # One program for all: its zone is asked for each.
        card.program = self.program
        held = next((held for held in self.holdings[card.pk] if _covers(held, one.at)), None)
        if held is None or held.membership_id not in self.able or not usable_at(card, one.at):
            return None
        person = held.customer_id or self.acting.get(held.membership_id)
        if person is not None and (held.membership_id, person) not in self.people:
            return None
        return Landing(held.membership_id, person, card.pk)


def _holdings(card_ids: Sequence[int]) -> dict[int, list[_Held]]:
    found: dict[int, list[_Held]] = defaultdict(list)
    rows = CardHolding.objects.filter(card__any_of=card_ids).order_by("pk")
    for row in rows.values_list("card_id", "membership_id", "customer_id", "held_from", "held_until"):
        found[row[0]].append(_Held(*row))
    return found


def _covers(held: _Held, at: datetime) -> bool:
    return held.since <= at and (held.until is None or held.until > at)


def _alone(one: Given, *, design: Design, actor: Actor) -> Landing | LoyaltyError:
    program_id = design.program.pk
    find = partial(find_target, actor, at=one.at, program_id=program_id, purpose=PURPOSE)
    try:
        with in_program(program_id):
            if one.card_number is None:
                target = find(member_number=one.member_number)
            else:
                _use_first(one.card_number, one.at, program_id=program_id, actor=actor)
                target = find(card_number=one.card_number)
                require_able(target.membership, "use_card", design, member=target.member)
    except LoyaltyError as error:
        return error
    return Landing(target.membership.pk, target.person_id, target.card_id, target.redirected_from)


def _use_first(number: str, at: datetime, *, program_id: int, actor: Actor) -> None:
    """A card of another program is as unknown here as none."""
    card = visible_card(actor, number)
    if card.program_id != program_id:
        raise NotFound(NO_CARD)
    if waits_for_first_use(card, at=at):
        try:
            first_use(card, at=at, actor=actor)
        except CardNotUsable as error:
            raise guarded(error, actor=actor, card=card) from error
