"""The life of a card: issued, activated, blocked, reported, replaced, cancelled (domain 1.10).

A card that was never activated can't be blocked, reported or replaced: it is activated or cancelled first.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from cards.errors import CardNotUsable, CardStatusConflict, CardsWait, TimeOutOfRange
from cards.models import IN_USE, Card, CardKind, CardStatus
from cards.numbering import register_number, register_numbers
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context, create_with_history
from gateway.events import record_event, record_events
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
}


def issue_card(
    program: Program,
    *,
    actor: Actor,
    kind: str = CardKind.MAIN,
    at: datetime | None = None,
    active: bool = False,
    valid_until: date | None = None,
) -> Card:
    """A new card with a registered number, usable at once with `active`."""
    with in_program(program), audit_context(actor):
        if program.status != ProgramStatus.RELEASED:
            raise CardsWait(
                f"{program.name} is {program.get_status_display()}: only a released program gives out cards.",
                facts={"program": program.code, "status": program.status},
            )
        at = at or program_now(program)
        card = Card.objects.create(
            program=program,
            number_id=register_number(program),
            kind=kind,
            status=CardStatus.ACTIVE if active else CardStatus.CREATED,
            created_at=at,
            activated_at=at if active else None,
            valid_until=valid_until,
        )
        _record("issued", card)
        return card


def issue_cards(program: Program, times: Sequence[tuple[datetime, bool]], *, actor: Actor) -> list[Card]:
    """A main card per (when, whether usable at once), with few statements; the caller knows that the program is
    released."""
    numbers = register_numbers(program, count=len(times))
    with in_program(program), audit_context(actor):
        cards: list[Card] = create_with_history(
            Card(
                program=program,
                number_id=number,
                kind=CardKind.MAIN,
                status=CardStatus.ACTIVE if active else CardStatus.CREATED,
                created_at=at,
                activated_at=at if active else None,
            )
            for number, (at, active) in zip(numbers, times, strict=True)
        )
        record_events("card.issued", program_id=program.pk, facts={card.pk: _facts(card) for card in cards})
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
        barred_from=program_now(card.program),
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
        barred_from=since or now,
    )


def replace(card: Card, *, actor: Actor, reason: str) -> Card:
    """The successor: same kind, new number, usable at once. The old card is final."""
    with in_program(card.program_id), audit_context(actor, reason):
        old = _locked(card)
        _refuse_unless(old, CardStatus.REPLACED, "replaced", None)
        now = program_now(old.program)
        successor = issue_card(old.program, actor=actor, kind=old.kind, at=now, active=True)
        old.status, old.successor = CardStatus.REPLACED, successor
        old.barred_from = old.barred_from or now
        old.save()
        _record("replaced", old, successor=successor.pk)
        return successor


def cancel(card: Card, *, actor: Actor, reason: str) -> Card:
    """For good; the number stays registered."""
    return _change(
        card,
        "cancelled",
        actor=actor,
        reason=reason,
        status=CardStatus.CANCELLED,
        barred_from=program_now(card.program),
        keep_bar=True,
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


def _change(
    card: Card,
    event: str,
    *,
    actor: Actor,
    reason: str = "",
    only_from: frozenset[CardStatus] | None = None,
    keep_bar: bool = False,
    status: CardStatus,
    **values: Any,
) -> Card:
    """Lock, re-read, check, change, record. `keep_bar`: an earlier end of use stays."""
    with in_program(card.program_id), audit_context(actor, reason):
        card = _locked(card)
        _refuse_unless(card, status, event, only_from)
        if keep_bar and card.barred_from is not None:
            values.pop("barred_from")
        card.status = status
        for name, value in values.items():
            setattr(card, name, value)
        card.save()
        _record(event, card)
        return card


def _locked(card: Card) -> Card:
    rows: list[Card] = lock_rows(Card.objects.filter(pk=card.pk).select_related("program"))
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


def _record(event: str, card: Card, **facts: Any) -> None:
    record_event(f"card.{event}", program_id=card.program_id, subject_id=card.pk, facts=_facts(card) | facts)


def _facts(card: Card) -> dict[str, Any]:
    """Channels keep their hot lists by the events, so the number and the time of the bar are in them."""
    barred_from = card.barred_from.isoformat() if card.barred_from else None
    return {"number": card.number_id, "status": str(card.status), "barred_from": barred_from}
