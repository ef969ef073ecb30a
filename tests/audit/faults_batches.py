"""Faults of batches of cards."""

from cards.models import Card, CardBatch

from .faults import fault
from .world import World


@fault("K10")
def batch_with_a_card_too_many(w: World) -> None:
    w.new_card(kind="temporary", status="created", activated_at=None, batch=CardBatch.objects.get(name="fair"))


@fault("K10")
def ready_batch_that_lacks_a_card(w: World) -> None:
    batch = CardBatch.objects.get(name="fair")
    batch.count += 1
    batch.save()


@fault("K10")
def revoked_batch_with_an_unused_card(w: World) -> None:
    batch = CardBatch.objects.get(name="fair")
    batch.status, batch.revoked_at, batch.cancelled_at = "revoked", w.now, w.now
    batch.save()
    assert Card.objects.filter(batch=batch, status="created").exists()
