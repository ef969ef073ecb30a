"""Statements for cards by the thousand: each leaves the history of what it does."""

from datetime import date, datetime
from typing import Any

from django.db import connection

from cards.models import Card, CardBatch, CardKind, CardStatus, NumberKind
from common.history import recording

INSERT = """
WITH taken AS (
    INSERT INTO cards_numberregistry (number, program_id, kind)
    SELECT n, %s, %s FROM unnest(%s::varchar[]) n ON CONFLICT DO NOTHING RETURNING number
), made AS (
    INSERT INTO cards_card (number, program_id, kind, card_type_id, batch_id, status, created_at, valid_until)
    SELECT number, %s, %s, %s::bigint, %s, %s, %s::timestamptz, %s::date FROM taken RETURNING *
)
"""
CANCEL = """
WITH unused AS (
    SELECT id FROM cards_card WHERE batch_id = %s AND status = %s AND id > %s
    ORDER BY id LIMIT %s FOR NO KEY UPDATE
), cancelled AS (
    UPDATE cards_card c SET status = %s, barred_from = %s::timestamptz FROM unused u WHERE c.id = u.id RETURNING c.*
), recorded AS ({history} RETURNING id)
SELECT count(*), coalesce(max(id), 0) FROM recorded
"""


def insert_cards(batch: CardBatch, numbers: list[str], *, valid_until: date, at: datetime) -> int:
    """Register the numbers and make a card of each; how many. A number that is taken already makes none."""
    kind, status = CardKind.TEMPORARY.value, CardStatus.CREATED.value
    history, of_history = recording(Card, rows="made", kind="+")
    # Ascending, so that neighbors in the indexes are written together and two runs can't deadlock.
    registered: list[Any] = [batch.program_id, NumberKind.CARD.value, sorted(numbers)]
    card: list[Any] = [batch.program_id, kind, batch.card_type_id, batch.pk, status, at, valid_until]
    with connection.cursor() as cursor:
        cursor.execute(INSERT + history, [*registered, *card, *of_history])
        return int(cursor.rowcount)


def cancel_unused(batch: CardBatch, *, at: datetime, after: int, most: int) -> tuple[int, int]:
    """Cancel up to so many of the batch's cards that nobody used, in order of their ids; how many, and the last id."""
    history, of_history = recording(Card, rows="cancelled", kind="~")
    statement = CANCEL.format(history=history)
    wanted: list[Any] = [batch.pk, CardStatus.CREATED.value, after, most, CardStatus.CANCELLED.value, at]
    with connection.cursor() as cursor:
        cursor.execute(statement, [*wanted, *of_history])
        count, last = cursor.fetchone()
    return count, last


def check_now() -> None:
    """What constraints would check at the commit of this transaction is checked at once, from now on."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
