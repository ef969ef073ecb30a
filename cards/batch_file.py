"""The file of a batch: numbers, last days and codes, drawn from the cards and given out once (domain 1.10)."""

from collections.abc import Iterable, Iterator
from datetime import date

from cards.batches import facts_of, locked_batch
from cards.codes import code_of
from cards.errors import BatchDownloaded, BatchNotReady, BatchRevoked
from cards.models import BatchStatus, Card, CardBatch
from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.errors import NotAllowed
from common.history import audit_context
from gateway.events import record_event
from staff.access import logged_export

MANAGE = "cards:manage"
HEADER = ("card_number", "valid_until", "code")
PAGE = 10_000
# Number, last day in ISO 8601 or '', code.
Row = tuple[str, str, str]


def rows_of(batch: CardBatch) -> Iterator[Row]:
    """A row per card in the order they were made, a page at a time."""
    cards = Card.objects.filter(batch=batch).order_by("pk").values_list("pk", "number_id", "valid_until")
    last = 0
    while page := list(cards.filter(pk__gt=last)[:PAGE]):
        for _, number, until in page:
            yield number, _written(until), code_of(batch, number)
        last = page[-1][0]


def csv_of(rows: Iterable[Row]) -> Iterator[bytes]:
    """The file in pieces. All of it is plain ASCII without a mark, for machines that print cards."""
    lines = [",".join(HEADER)]
    for row in rows:
        lines.append(",".join(row))
        if len(lines) == PAGE:
            yield _joined(lines)
            lines.clear()
    yield _joined(lines)


def download(batch: CardBatch, *, actor: Actor) -> Iterator[bytes]:
    """The file for a member of staff, once; that it was asked for is kept even if it does not arrive whole.

    Raises NotAllowed, BatchNotReady, BatchRevoked, BatchDownloaded.
    """
    with in_program(batch.program_id):
        batch = give_out(batch, actor=actor)
        rows = logged_export(rows_of(batch), actor.user_id, batch, facts={"cards": batch.count})
    return csv_of(rows)


def give_out(batch: CardBatch, *, actor: Actor) -> CardBatch:
    """Mark the file as given out, in the transaction of the caller who gives it; raises as `download`."""
    with in_program(batch.program_id), audit_context(actor):
        if not actor.may(MANAGE, batch.program_id):
            raise NotAllowed(f"Downloading cards of {batch.program.name} needs the right {MANAGE}.")
        batch = locked_batch(batch)
        refuse_download(batch)
        batch.downloaded_at, batch.downloaded_by_id = program_now(batch.program), actor.user_id
        batch.save()
        record_event("card_batch.downloaded", program_id=batch.program_id, subject_id=batch.pk, facts=facts_of(batch))
        return batch


def refuse_download(batch: CardBatch) -> None:
    """Raise unless the file can be given out now."""
    facts = {"batch": batch.pk, "status": batch.status}
    if batch.status == BatchStatus.REVOKED:
        raise BatchRevoked(f"“{batch.name}” is revoked: its cards are of no use.", facts=facts)
    if batch.status != BatchStatus.READY:
        raise BatchNotReady(f"{batch.made} of {batch.count} cards of “{batch.name}” are made: wait.", facts=facts)
    if batch.downloaded_at is not None:
        raise BatchDownloaded(
            f"The file of “{batch.name}” was given out on {batch.downloaded_at:%Y-%m-%d %H:%M} UTC, and is given out "
            "once. If it is lost, revoke the batch and ask for another one.",
            facts=facts | {"downloaded_at": batch.downloaded_at.isoformat()},
        )


def _written(day: date | None) -> str:
    return "" if day is None else day.isoformat()


def _joined(lines: list[str]) -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode("ascii")
