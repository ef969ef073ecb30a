"""How the cards of a batch stand."""

from dataclasses import dataclass

from django.db.models import Count, Q

from cards.models import Card, CardBatch, CardStatus
from common.clock import program_now


@dataclass(frozen=True)
class BatchFigures:
    """Every card of the batch is counted once."""

    used: int
    unused: int
    expired: int
    cancelled: int


def figures_of(batch: CardBatch) -> BatchFigures:
    """Expired: never used, and its last day is over, whether the run has marked it yet or not."""
    today = program_now(batch.program).astimezone(batch.program.zone).date()
    never = Q(activated_at__isnull=True)
    over = Q(status=CardStatus.EXPIRED) | Q(status=CardStatus.CREATED, valid_until__lt=today)
    counts = Card.objects.filter(batch=batch).aggregate(
        cards=Count("pk"),
        used=Count("pk", filter=~never),
        expired=Count("pk", filter=never & over),
        cancelled=Count("pk", filter=never & Q(status=CardStatus.CANCELLED)),
    )
    settled = counts["used"] + counts["expired"] + counts["cancelled"]
    return BatchFigures(counts["used"], counts["cards"] - settled, counts["expired"], counts["cancelled"])
