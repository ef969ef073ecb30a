"""Batches of temporary cards: asked for, made, revoked (domain 1.10).

A batch is made in chunks, each a transaction of its own under the lock of the batch: after a crash it goes on from
what is there, and two who make the same batch take turns.
"""

from collections.abc import Callable
from datetime import date

from cards.drawing import Ahead
from cards.errors import BatchDiffers, BatchWrong, CardsWait, NumbersExhausted
from cards.models import BatchStatus, CardBatch, CardKind, CardType
from cards.numbering import ATTEMPTS
from cards.sql import insert_cards
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import FieldError
from common.history import audit_context
from gateway.channels import system_actor
from gateway.events import record_event
from programs.expiry import add_months
from programs.models import Program, ProgramStatus

MOST = 10_000_000
MOST_MONTHS = 1200
LONGEST_NAME = 80
CHUNK = 20_000
TO_MAKE = (BatchStatus.QUEUED, BatchStatus.RUNNING)


def ask_for_batch(
    program: Program,
    *,
    name: str,
    count: int,
    valid_until: date | None = None,
    valid_months: int | None = None,
    card_type: CardType | None = None,
    actor: Actor,
) -> CardBatch:
    """So many temporary cards, to be made by `make_batch`; valid until a day, or for months from today.

    Asked again under its name with the same figures, the batch that is there is answered. Raises CardsWait,
    BatchWrong, BatchDiffers.
    """
    with in_program(program), audit_context(actor):
        # Two who ask at once under one name: the second finds the batch of the first.
        (program,) = lock_rows(Program.objects.filter(pk=program.pk))
        name = name.strip()
        figures = {"count": count, "valid_until": valid_until, "valid_months": valid_months}
        known = CardBatch.objects.filter(program=program, name=name).first()
        if known is not None:
            return _same(known, figures, card_type)
        refuse_unless_released(program)
        now = program_now(program)
        if faults := _faults(program, name, figures, card_type, today=now.astimezone(program.zone).date()):
            raise BatchWrong(" ".join(fault["detail"] for fault in faults), errors=faults)
        batch: CardBatch = CardBatch.objects.create(
            program=program,
            name=name,
            card_type=card_type or _default_type(program),
            created_at=now,
            channel_id=actor.channel_id,
            user_id=actor.user_id,
            **figures,
        )
        record_event("card_batch.asked", program_id=program.pk, subject_id=batch.pk, facts=facts_of(batch))
        return batch


def make_batch(batch: CardBatch, *, progress: Callable[[int], object] = lambda made: None) -> CardBatch:
    """Make the cards that are missing; `progress` hears how many each chunk brought.

    Raises CardsWait where the program is not released (any more): call it again once it is. A batch that is ready
    or revoked is answered as it is.
    """
    fruitless = 0
    with Ahead(batch.program) as ahead:
        while True:
            batch, made = _make_chunk(batch, ahead)
            if batch.status not in TO_MAKE:
                return batch
            fruitless = 0 if made else fruitless + 1
            if fruitless == ATTEMPTS:
                raise NumbersExhausted(
                    f"{batch.program.name} found no free card number in {ATTEMPTS} draws: lengthen the number's body.",
                    facts={"program": batch.program.code, "found": batch.made, "asked": batch.count},
                )
            progress(made)


def ends_on(batch: CardBatch) -> date:
    """The last day of the batch's cards; months count from the day it was asked for, in the program's zone."""
    if batch.valid_until is not None:
        return batch.valid_until
    return add_months(batch.created_at.astimezone(batch.program.zone).date(), batch.valid_months or 0)


def facts_of(batch: CardBatch) -> dict[str, object]:
    return {"name": batch.name, "count": batch.count, "valid_until": ends_on(batch).isoformat()}


def refuse_unless_released(program: Program) -> None:
    if program.status != ProgramStatus.RELEASED:
        raise CardsWait(
            f"{program.name} is {program.get_status_display()}: only a released program gives out cards.",
            facts={"program": program.code, "status": program.status},
        )


def _make_chunk(batch: CardBatch, ahead: Ahead) -> tuple[CardBatch, int]:
    """The batch as it is then, and how many cards were made."""
    with in_program(batch.program_id), audit_context(system_actor(), f"batch {batch.name}"):
        (batch,) = lock_rows(CardBatch.objects.filter(pk=batch.pk).select_related("program"))
        if batch.status not in TO_MAKE:
            return batch, 0
        refuse_unless_released(batch.program)
        now, missing = program_now(batch.program), batch.count - batch.made
        numbers = ahead.take(min(missing, CHUNK), then=min(max(missing - CHUNK, 0), CHUNK))
        made = insert_cards(batch, numbers, valid_until=ends_on(batch), at=now)
        batch.made += made
        batch.status = BatchStatus.RUNNING
        if batch.made == batch.count:
            batch.status, batch.finished_at = BatchStatus.READY, now
            record_event("card_batch.made", program_id=batch.program_id, subject_id=batch.pk, facts=facts_of(batch))
        batch.save()
        return batch, made


def _same(known: CardBatch, figures: dict[str, object], card_type: CardType | None) -> CardBatch:
    """The batch, if these are its figures; a type nobody named agrees with any."""
    differing = [name for name, value in figures.items() if getattr(known, name) != value]
    if card_type is not None and card_type.pk != known.card_type_id:
        differing.append("card_type")
    if differing:
        end = f"until {known.valid_until}" if known.valid_until else f"for {known.valid_months} months"
        raise BatchDiffers(
            f"“{known.name}” is a batch of {known.count} cards valid {end}. Ask for exactly that, or under another "
            "name.",
            facts={"batch": known.pk, "differing": differing, "count": known.count},
        )
    return known


def _faults(
    program: Program, name: str, figures: dict[str, object], card_type: CardType | None, *, today: date
) -> list[FieldError]:
    """Everything that is wrong with the wish, each at its field."""
    count, until, months = figures["count"], figures["valid_until"], figures["valid_months"]
    checks = (
        ("name", bool(name) and len(name) <= LONGEST_NAME, f"A batch has a name of up to {LONGEST_NAME} letters."),
        ("count", isinstance(count, int) and 1 <= count <= MOST, f"A batch has 1 to {MOST:,} cards."),
        (
            "valid_until",
            (until is None) != (months is None),
            "Say until when the cards are valid or for how many months: one of the two, not both.",
        ),
        ("valid_until", not isinstance(until, date) or until >= today, f"{until} is over: the cards would never work."),
        (
            "valid_months",
            not isinstance(months, int) or 1 <= months <= MOST_MONTHS,
            f"Cards are valid for 1 to {MOST_MONTHS} months.",
        ),
        (
            "card_type",
            card_type is None or (card_type.program_id, card_type.kind) == (program.pk, CardKind.TEMPORARY),
            f"The cards of a batch are of a type for temporary cards of {program.name}.",
        ),
    )
    return [{"pointer": f"/{at}", "code": "invalid", "detail": detail} for at, fine, detail in checks if not fine]


def _default_type(program: Program) -> CardType | None:
    return CardType.objects.filter(program=program, kind=CardKind.TEMPORARY, is_default=True).first()
