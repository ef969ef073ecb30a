"""The life of a card: issued, activated, blocked, reported, replaced, cancelled, expired (domain 1.10).

A card that was never activated can't be blocked, reported or replaced: it is activated or cancelled first.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from cards.errors import (
    CardEndPast,
    CardHasSuccessor,
    CardNotUsable,
    CardStatusConflict,
    CardsWait,
    TimeOutOfRange,
)
from cards.events import tell, tell_of_many
from cards.models import IN_USE, Card, CardKind, CardStatus, CardType
from cards.numbering import register_external, register_number, register_numbers
from cards.types import default_type, last_day_of, type_for, type_going_on
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context, create_with_history
from programs.design import Design
from programs.expiry import end_of_day
from programs.models import Program, ProgramStatus

REPORTED = frozenset({CardStatus.LOST, CardStatus.STOLEN, CardStatus.DAMAGED})
FINAL = frozenset({CardStatus.CANCELLED, CardStatus.EXPIRED, CardStatus.REPLACED})
# The status a verb leads to, and those it may start from.
TRANSITIONS: Mapping[CardStatus, frozenset[CardStatus]] = {
    CardStatus.ACTIVE: frozenset({CardStatus.CREATED, CardStatus.BLOCKED}),
    CardStatus.BLOCKED: frozenset({CardStatus.ACTIVE}),
    CardStatus.LOST: frozenset(IN_USE),
    CardStatus.STOLEN: frozenset(IN_USE),
    CardStatus.DAMAGED: frozenset(IN_USE),
    CardStatus.REPLACED: REPORTED.union(IN_USE),
    CardStatus.CANCELLED: REPORTED.union(IN_USE, {CardStatus.CREATED}),
    CardStatus.EXPIRED: frozenset(IN_USE) | {CardStatus.CREATED},
}


def issue_card(
    program: Program,
    *,
    actor: Actor,
    kind: str = CardKind.MAIN,
    at: datetime | None = None,
    active: bool = False,
    valid_until: date | None = None,
    number: str | None = None,
    card_type: CardType | None = None,
) -> Card:
    """A new card with a registered number, usable at once with `active`.

    `number` comes from elsewhere; without it one is drawn. Without `card_type` it is of the default type of its kind,
    and without `valid_until` it lasts as long as its type says, from the day it is made.
    Raises CardsWait, CardTypeRefused, CardEndPast, NumberRefused, NumberTaken.
    """
    with in_program(program), audit_context(actor):
        refuse_unless_released(program)
        now = program_now(program)
        at = at or now
        card_type = type_for(program, kind=kind, wanted=card_type)
        if valid_until is None:
            valid_until = last_day_of(card_type, since=now.astimezone(program.zone).date())
        elif end_of_day(valid_until, program.zone) <= now:
            raise CardEndPast(
                f"{valid_until} is over: no card is made for the past.", facts={"valid_until": valid_until.isoformat()}
            )
        card = Card.objects.create(
            program=program,
            number_id=register_number(program) if number is None else register_external(program, number),
            kind=kind,
            card_type=card_type,
            status=CardStatus.ACTIVE if active else CardStatus.CREATED,
            created_at=at,
            activated_at=at if active else None,
            valid_until=valid_until,
        )
        tell("issued", card)
        return card


def issue_cards(design: Design, times: Sequence[tuple[datetime, bool]], *, actor: Actor) -> list[Card]:
    """A main card per (when, whether usable at once), by few statements in the transaction of a released program."""
    program = design.program
    numbers = register_numbers(program, count=len(times))
    with audit_context(actor):
        card_type = default_type(design, CardKind.MAIN)
        last_day = last_day_of(card_type, since=program_now(program).astimezone(program.zone).date())
        cards: list[Card] = create_with_history(
            Card(
                program=program,
                number_id=number,
                kind=CardKind.MAIN,
                card_type=card_type,
                valid_until=last_day,
                status=CardStatus.ACTIVE if active else CardStatus.CREATED,
                created_at=at,
                activated_at=at if active else None,
            )
            for number, (at, active) in zip(numbers, times, strict=True)
        )
        tell_of_many("issued", cards, program_id=program.pk)
        return cards


def activate(card: Card, *, actor: Actor, at: datetime | None = None) -> Card:
    """A created card becomes usable."""
    return _change(
        card,
        "activated",
        actor=actor,
        only_from=frozenset({CardStatus.CREATED}),
        status=CardStatus.ACTIVE,
        activated_at=at or program_now(card.program),
    )


def block(card: Card, *, actor: Actor, reason: str) -> Card:
    """Not usable until unblocked."""
    return _change(
        card,
        "blocked",
        actor=actor,
        reason=reason,
        status=CardStatus.BLOCKED,
        bars=True,
    )


def unblock(card: Card, *, actor: Actor, reason: str) -> Card:
    return _change(
        card,
        "unblocked",
        actor=actor,
        reason=reason,
        only_from=frozenset({CardStatus.BLOCKED}),
        status=CardStatus.ACTIVE,
        barred_from=None,
    )


def report(card: Card, status: CardStatus, *, actor: Actor, since: datetime | None = None, reason: str = "") -> Card:
    """Lost, stolen or damaged `since` (default now): blocked at once, but events before it still count."""
    now = program_now(card.program)
    if since is not None and since > now:
        raise TimeOutOfRange(
            "A card can't be reported for a time to come.",
            facts={"since": since.isoformat(), "now": now.isoformat()},
        )
    return _change(
        card,
        CardStatus(status).value,
        actor=actor,
        reason=reason,
        status=CardStatus(status),
        bars=True,
        since=since,
    )


def replace(
    card: Card, *, actor: Actor, reason: str, number: str | None = None, valid_until: date | None = None
) -> Card:
    """The successor: same kind, new number (drawn, or from elsewhere), usable at once. The old card is final.

    A renewed card is replaced by the successor that waits for its end. Raises CardStatusConflict, CardHasSuccessor and
    what `issue_card` does.
    """
    with in_program(card.program_id), audit_context(actor, reason):
        old = _locked(card)
        _refuse_unless(old, CardStatus.REPLACED, "replaced", None)
        now = program_now(old.program)
        if old.successor is not None:
            successor = activate(_waiting(old, old.successor, number), actor=actor, at=now)
        else:
            successor = _replacement(old, actor=actor, at=now, number=number, valid_until=valid_until)
        old.status, old.successor = CardStatus.REPLACED, successor
        old.barred_from = old.barred_from or now
        old.save()
        tell("replaced", old, successor=successor.pk)
        return successor


def cancel(card: Card, *, actor: Actor, reason: str) -> Card:
    """For good, with the successor that waits for its end; the numbers stay registered."""
    with in_program(card.program_id), audit_context(actor, reason):
        cancelled = _change(card, "cancelled", actor=actor, reason=reason, status=CardStatus.CANCELLED, bars=True)
        if cancelled.successor is not None and cancelled.successor.status == CardStatus.CREATED:
            cancel(cancelled.successor, actor=actor, reason=reason)
        return cancelled


def expire(card: Card, *, actor: Actor) -> Card:
    """Its last day is over. Events of that day and before still count."""
    return _change(card, "expired", actor=actor, reason="last day over", status=CardStatus.EXPIRED)


def refuse_unless_released(program: Program) -> None:
    if program.status != ProgramStatus.RELEASED:
        raise CardsWait(
            f"{program.name} is {program.get_status_display()}: only a released program gives out cards.",
            facts={"program": program.code, "status": program.status},
        )


def usable_at(card: Card, at: datetime) -> bool:
    """Whether an event at that time may use the card, by what is known of the card today."""
    return (
        card.activated_at is not None
        and card.activated_at <= at
        and (card.barred_from is None or at < card.barred_from)
        and (card.valid_until is None or at < end_of_day(card.valid_until, card.program.zone))
    )


def refuse_unusable(card: Card, at: datetime) -> None:
    """Raise unless the card could be used at that time."""
    if not usable_at(card, at):
        raise CardNotUsable(
            f"The card is {card.get_status_display()} and was not usable at that time.",
            facts={"card_status": card.status, "at": at.isoformat()},
        )


def _replacement(old: Card, *, actor: Actor, at: datetime, number: str | None, valid_until: date | None) -> Card:
    """A temporary card, or one whose type sets no end, passes on its own."""
    card_type = type_going_on(old)
    today = at.astimezone(old.program.zone).date()
    by_type = None if old.kind == CardKind.TEMPORARY else last_day_of(card_type, since=today)
    return issue_card(
        old.program,
        actor=actor,
        kind=old.kind,
        at=at,
        active=True,
        valid_until=valid_until or by_type or old.valid_until,
        number=number,
        card_type=card_type,
    )


def _waiting(old: Card, successor: Card, number: str | None) -> Card:
    if successor.status != CardStatus.CREATED or number is not None:
        raise CardHasSuccessor(
            f"Card {old.number_id} was renewed by {successor.number_id}, which is {successor.get_status_display()}: "
            "replace that one, and cancel this.",
            facts={"successor": successor.number_id, "successor_status": successor.status},
        )
    return successor


def _change(
    card: Card,
    event: str,
    *,
    actor: Actor,
    reason: str = "",
    only_from: frozenset[CardStatus] | None = None,
    status: CardStatus,
    bars: bool = False,
    since: datetime | None = None,
    **values: Any,
) -> Card:
    """Lock, re-read, check, change, record. `bars`: not usable `since` then, by default now; of two such times the
    earlier one stays."""
    with in_program(card.program_id), audit_context(actor, reason):
        card = _locked(card)
        _refuse_unless(card, status, event, only_from)
        if bars:
            # Behind the lock: whoever used the card while this waited did so before.
            since = since or program_now(card.program)
            card.barred_from = min(since, card.barred_from or since)
        card.status = status
        for name, value in values.items():
            setattr(card, name, value)
        card.save()
        tell(event, card)
        return card


def _locked(card: Card) -> Card:
    wanted = Card.objects.filter(pk=card.pk).select_related("program", "card_type", "successor__program")
    rows: list[Card] = lock_rows(wanted)
    return rows[0]


def _refuse_unless(card: Card, status: CardStatus, event: str, only_from: frozenset[CardStatus] | None) -> None:
    allowed = TRANSITIONS[status] if only_from is None else only_from
    if card.status in allowed:
        return
    cure = " Activate or cancel it first." if card.status == CardStatus.CREATED else ""
    raise CardStatusConflict(
        f"Card {card.number_id} is {card.get_status_display()} and can't be {event}.{cure}",
        facts={"card_status": card.status, "allowed_from": sorted(allowed)},
    )
