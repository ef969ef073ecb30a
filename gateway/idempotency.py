"""The first answer to (channel, key, ordinal): claimed, stored, found again, forgotten.

The caller holds a transaction. The lock of the key is tried first, so two requests with one key never wait for
each other; then the row is claimed, the verb runs in a savepoint, and its answer goes into the row.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.http import HttpResponse
from django.utils.module_loading import import_string

from common import clock
from gateway.answers import KeyInProgress, KeyUsed, StoredAnswer, answer_of, lock_number

KEPT = timedelta(days=7)
PURGE_BATCH = 5_000

LedgerLookup = Callable[[int, bytes, int], Mapping[str, Any] | None]


def take_key(channel_id: int, digest: bytes, ordinal: int = 0) -> None:
    """Hold the key until the transaction ends; KeyInProgress if another transaction does."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [lock_number(channel_id, digest, ordinal)])
        (free,) = cursor.fetchone()
    if not free:
        raise KeyInProgress("The first request with this key is still running. Try again in a moment.")


def claim(channel_id: int, digest: bytes, asked: bytes, ordinal: int = 0) -> HttpResponse | None:
    """None if the request is to be carried out now, else the stored answer. Call it under `take_key`.

    Raises KeyReused, AnswerErased, and KeyUsed for a key whose answer is forgotten but known to the ledger.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gateway_idempotencyrecord"
            " (channel_id, key_digest, ordinal, request_digest, form, created_at, erased)"
            " VALUES (%s, %s, %s, %s, '', %s, false) ON CONFLICT DO NOTHING",
            [channel_id, digest, ordinal, asked, clock.now()],
        )
        is_new = cursor.rowcount == 1
    if is_new:
        refuse_if_on_ledger(channel_id, digest, ordinal)
        return None
    stored = _read(channel_id, digest, ordinal) or _vanished()
    if not is_kept(stored):
        _forget(channel_id, digest, ordinal)
        return claim(channel_id, digest, asked, ordinal)
    if stored.status is None and stored.request_digest == asked and not stored.erased:
        # A batch that was interrupted: nobody holds its key, so it is taken up again.
        return None
    return answer_of(stored, asked)


def store(
    channel_id: int,
    digest: bytes,
    status: int,
    body: bytes,
    *,
    ordinal: int = 0,
    program_id: int | None = None,
    customers: Sequence[int] = (),
) -> None:
    """Complete the claimed row with the answer's bytes and the customers whose data stand in them."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gateway_idempotencyrecord SET status = %s, body = %s, program_id = %s, customers = %s"
            " WHERE channel_id = %s AND key_digest = %s AND ordinal = %s",
            [status, body, program_id, list(customers) or None, channel_id, digest, ordinal],
        )


def store_whole(channel_id: int, digest: bytes, status: int, body: bytes) -> None:
    """Complete the claimed row of a batch, with the customers of all its items."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gateway_idempotencyrecord SET status = %s, body = %s, customers = (SELECT"
            " array_agg(DISTINCT customer) FROM gateway_idempotencyrecord item, unnest(item.customers) customer"
            " WHERE item.channel_id = %s AND item.key_digest = %s AND item.ordinal > 0)"
            " WHERE channel_id = %s AND key_digest = %s AND ordinal = 0",
            [status, body, channel_id, digest, channel_id, digest],
        )


def stored_response(channel_id: int, digest: bytes, asked: bytes, ordinal: int = 0) -> HttpResponse | None:
    """The answer of an earlier request, None if there is none; for callers that claim the row themselves.

    Raises KeyReused, KeyInProgress, AnswerErased, KeyUsed. A row past its time is dropped, so that after None
    the row can be claimed.
    """
    stored = _read(channel_id, digest, ordinal)
    if stored is not None:
        if is_kept(stored):
            return answer_of(stored, asked)
        _forget(channel_id, digest, ordinal)
    refuse_if_on_ledger(channel_id, digest, ordinal)
    return None


def stored_answer(channel_id: int, digest: bytes, ordinal: int = 0) -> StoredAnswer | None:
    """What is kept under the key, whatever was asked; None if there is nothing."""
    return _read(channel_id, digest, ordinal)


def refuse_if_on_ledger(channel_id: int, digest: bytes, ordinal: int = 0) -> None:
    """KeyUsed with the posting in its facts, where a posting already carries the key."""
    lookup: LedgerLookup = import_string(settings.LOYALTY_LEDGER_KEY_LOOKUP)
    facts = lookup(channel_id, digest, ordinal)
    if facts is not None:
        raise KeyUsed(
            f"The key made a posting more than {KEPT.days} days ago; nothing was posted now. Take a new key.",
            facts=facts,
        )


def forget_old_answers() -> int:
    """Delete the answers past their time, in batches of their own transactions; returns how many."""
    before, total = clock.now() - KEPT, 0
    while deleted := _purge(before):
        total += deleted
    return total


def blank_answers_of(customer_id: int) -> int:
    """Empty every stored answer that holds data of the customer; returns how many. Replays then say so."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE gateway_idempotencyrecord SET body = NULL, erased = true"
            " WHERE customers @> ARRAY[%s]::bigint[] AND NOT erased",
            [customer_id],
        )
        return int(cursor.rowcount)


def is_kept(stored: StoredAnswer) -> bool:
    """Whether the answer is still within its time."""
    return stored.created_at >= clock.now() - KEPT


def _read(channel_id: int, digest: bytes, ordinal: int) -> StoredAnswer | None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT request_digest, status, form, body, erased, created_at FROM gateway_idempotencyrecord"
            " WHERE channel_id = %s AND key_digest = %s AND ordinal = %s",
            [channel_id, digest, ordinal],
        )
        row = cursor.fetchone()
    if row is None:
        return None
    asked, status, form, body, erased, created_at = row
    return StoredAnswer(bytes(asked), status, form, bytes(body or b""), erased, created_at)


def _vanished() -> StoredAnswer:
    # The purge deleted the row between our insert and our read.
    raise KeyInProgress("The key is just being forgotten. Try again in a moment.")


def _forget(channel_id: int, digest: bytes, ordinal: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "DELETE FROM gateway_idempotencyrecord WHERE channel_id = %s AND key_digest = %s AND ordinal = %s",
            [channel_id, digest, ordinal],
        )


def _purge(before: datetime) -> int:
    # From the lowest id on and only the head: there is no index over the time, ids follow it closely.
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "WITH head AS (SELECT id, created_at FROM gateway_idempotencyrecord ORDER BY id LIMIT %s)"
            " DELETE FROM gateway_idempotencyrecord WHERE id IN (SELECT id FROM head WHERE created_at < %s)",
            [PURGE_BATCH, before],
        )
        return int(cursor.rowcount)
