"""Batches of temporary cards: asked for, made, revoked (domain 1.10).

A batch is made in chunks, each a transaction of its own that ends under the lock of the batch, where its cards are
counted: after a crash it goes on from what is there, and of several who make the same batch none makes too many.
"""

import logging
from collections.abc import Callable, Mapping
from datetime import date

from django.db import connection, transaction
from django.db.models import Q

from cards.errors import BatchDiffers, BatchRevoked, BatchWrong, CardsWait, NumbersExhausted
from cards.models import BatchStatus, CardBatch, CardKind, CardType
from cards.numbering import ATTEMPTS, new_number, new_numbers
from cards.sql import cancel_unused, check_now, insert_cards
from cards.types import type_for
from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.errors import FieldError, LoyaltyError
from common.history import audit_context
from common.side_by_side import side_by_side
from gateway.channels import system_actor
from gateway.events import record_event
from programs.expiry import add_months
from programs.models import Program, ProgramStatus

MOST = 10_000_000
MOST_MONTHS = 1200
LONGEST_NAME = 80
# Large, so that neighbors in the indexes of numbers are written together: a quarter less work than with 20,000.
CHUNK = 50_000
HANDS = 2
UNMADE = (BatchStatus.QUEUED, BatchStatus.RUNNING)
TO_MAKE = Q(status__in=UNMADE)
TO_DO = TO_MAKE | Q(status=BatchStatus.REVOKED, cancelled_at__isnull=True)

logger = logging.getLogger(__name__)


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
    BatchWrong, BatchDiffers, SchemeUnusable.
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
        # A scheme that can give no numbers is told now, not by the worker.
        new_number(program)
        batch: CardBatch = CardBatch.objects.create(
            program=program,
            name=name,
            card_type=type_for(program, kind=CardKind.TEMPORARY, wanted=card_type),
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
    while True:
        batch = CardBatch.objects.select_related("program").get(pk=batch.pk)
        if batch.status not in UNMADE:
            return batch
        fruitless = 0 if _make_missing(batch, progress) else fruitless + 1
        if fruitless == ATTEMPTS:
            raise NumbersExhausted(
                f"{batch.program.name} found no free card number in {ATTEMPTS} draws: lengthen the number's body.",
                facts={"program": batch.program.code, "found": batch.made, "asked": batch.count},
            )


def revoke_batch(batch: CardBatch, *, actor: Actor, reason: str) -> CardBatch:
    """No card of the batch is used for the first time any more; cards in use stay. Raises BatchRevoked.

    The first of the unused cards are cancelled at once, the rest of a large batch by `cancel_revoked`.
    """
    with in_program(batch.program_id), audit_context(actor, reason):
        batch = locked_batch(batch)
        if batch.status == BatchStatus.REVOKED:
            raise BatchRevoked(f"“{batch.name}” was revoked already.", facts={"batch": batch.pk})
        batch.status, batch.revoked_at = BatchStatus.REVOKED, program_now(batch.program)
        _cancel_chunk(batch, after=0)
        batch.save()
        record_event("card_batch.revoked", program_id=batch.program_id, subject_id=batch.pk, facts=facts_of(batch))
        return batch


def cancel_revoked(batch: CardBatch, *, progress: Callable[[int], object] = lambda cancelled: None) -> CardBatch:
    """Cancel what is still unused of a revoked batch, in chunks; cancelled already, nothing happens."""
    last = 0
    while True:
        with in_program(batch.program_id), audit_context(system_actor(), f"batch {batch.name} revoked"):
            batch = locked_batch(batch)
            if batch.status != BatchStatus.REVOKED or batch.cancelled_at is not None:
                return batch
            count, last = _cancel_chunk(batch, after=last)
            batch.save()
        progress(count)


def do_waiting(*, progress: Callable[[int], object] = lambda done: None) -> int:
    """Make the batches that wait, and cancel what is left of revoked ones; how many came to their end.

    One whose program is not released goes on waiting; one that can't be made is told to the log.
    """
    done = 0
    waiting = CardBatch.objects.filter(TO_DO).exclude(TO_MAKE, ~Q(program__status=ProgramStatus.RELEASED))
    for batch in waiting.select_related("program").order_by("pk"):
        verb = cancel_revoked if batch.status == BatchStatus.REVOKED else make_batch
        try:
            verb(batch, progress=progress)
            done += 1
        except LoyaltyError as error:
            logger.warning("Batch %s of cards waits: %s", batch.pk, error.message)
    return done


def locked_batch(batch: CardBatch) -> CardBatch:
    rows: list[CardBatch] = lock_rows(CardBatch.objects.filter(pk=batch.pk).select_related("program"))
    return rows[0]


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


def _make_missing(batch: CardBatch, progress: Callable[[int], object]) -> int:
    """One go at all that is missing; how many were made, fewer where numbers were taken or others were quicker."""
    missing = batch.count - batch.made

    def step(size: int) -> int:
        made = _make_chunk(batch, size)
        if made:
            progress(made)
        return made

    sizes = [min(CHUNK, missing - at) for at in range(0, missing, CHUNK)]
    # The database works for one while the other draws numbers.
    return sum(side_by_side(step, sizes, jobs=min(HANDS, len(sizes))))


def _make_chunk(batch: CardBatch, size: int) -> int:
    """How many cards were made; none where the batch is full or revoked meanwhile."""
    numbers = new_numbers(batch.program, count=size)
    nested = connection.in_atomic_block
    with in_program(batch.program_id), audit_context(system_actor()):
        batch = CardBatch.objects.select_related("program").get(pk=batch.pk)
        if batch.status not in UNMADE:
            return 0
        refuse_unless_released(batch.program)
        now = program_now(batch.program)
        made = insert_cards(batch, numbers[: batch.count - batch.made], valid_until=ends_on(batch), at=now)
        if not nested:
            # What waits for the commit would be checked while others wait for the batch.
            check_now()
        batch = locked_batch(batch)
        if batch.status not in UNMADE or batch.made + made > batch.count:
            transaction.set_rollback(True)
            return 0
        batch.made += made
        batch.status = BatchStatus.RUNNING
        if batch.made == batch.count:
            batch.status, batch.finished_at = BatchStatus.READY, now
            record_event("card_batch.made", program_id=batch.program_id, subject_id=batch.pk, facts=facts_of(batch))
        batch.save()
        return made


def _cancel_chunk(batch: CardBatch, *, after: int) -> tuple[int, int]:
    """How many were cancelled, and the last one's id; the batch, to be saved, says when they all are."""
    now = batch.revoked_at or program_now(batch.program)
    count, last = cancel_unused(batch, at=now, after=after, most=CHUNK)
    if count < CHUNK:
        batch.cancelled_at = program_now(batch.program)
    return count, last


def _same(known: CardBatch, figures: Mapping[str, object], card_type: CardType | None) -> CardBatch:
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
    program: Program, name: str, figures: Mapping[str, object], card_type: CardType | None, *, today: date
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
