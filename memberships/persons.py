"""Who is who: records merged into another are the same person, and the ledger goes on naming the old ones."""

from django.db.models import F, Q
from django.db.models.functions import Coalesce

from customers.models import Customer


def same_person_ids(customer_id: int) -> frozenset[int]:
    """The record that stays with all that were merged into it, asked by any of them."""
    root = surviving_id(customer_id)
    merged = Customer.objects.filter(Q(pk=root) | Q(merged_into=root)).values_list("pk", flat=True)
    return frozenset({customer_id, *merged})


def surviving_id(customer_id: int) -> int:
    """The record that goes on: the customer's own, or the one it was merged into."""
    rows = Customer.objects.filter(pk=customer_id).annotate(root=Coalesce(F("merged_into_id"), F("pk")))
    found: int | None = rows.values_list("root", flat=True).first()
    return customer_id if found is None else found
