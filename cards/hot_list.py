"""Cards that may still lie in a pocket and no till may take, the latest first (domain 1.10).

Tills that are always connected ask for each card; the others keep this list, by its file or by the feed of events.
Expired cards are left out: their end is printed on them.
"""

from collections.abc import Iterator
from datetime import datetime

from django.db.models import QuerySet

from cards.models import Card, CardStatus
from programs.models import Program

HOT: tuple[str, ...] = (
    CardStatus.LOST.value,
    CardStatus.STOLEN.value,
    CardStatus.BLOCKED.value,
    CardStatus.DAMAGED.value,
    CardStatus.REPLACED.value,
    CardStatus.CANCELLED.value,
)
HOW_MANY = 50
CHUNK = 2_000


def hot_cards(program: Program, *, status: str = "", before: int) -> QuerySet[Card]:
    """A page of them, with ids below `before`."""
    found = _hot(program, status).filter(pk__lt=before).select_related("successor")
    return found.order_by("-pk")[:HOW_MANY]


def hot_rows(program: Program, *, status: str = "") -> Iterator[tuple[str, str, datetime | None]]:
    """All of them as number, status, since when; read page by page."""
    found = _hot(program, status).order_by("-pk").values_list("pk", "number", "status", "barred_from")
    rows = list(found[:CHUNK])
    while rows:
        yield from (row[1:] for row in rows)
        rows = list(found.filter(pk__lt=rows[-1][0])[:CHUNK])


def _hot(program: Program, status: str) -> QuerySet[Card]:
    """Of each status by itself there is an index; which of the program, the rows say."""
    found: QuerySet[Card] = Card.objects.filter(program=program, status__in=[status] if status else HOT)
    return found
