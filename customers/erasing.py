"""Forgetting a person: personal values go from rows and history, ids and status stay (domain 1.3).

Personal values held above customers are erased by the functions listed in the setting
LOYALTY_CUSTOMER_ERASERS, each (customer, *, actor), in the same transaction; one may refuse by raising
CustomerNotErasable.
"""

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from common import clock
from common.actor import Actor
from common.db import lock_rows
from common.errors import Busy
from common.history import audit_context, update_with_history
from common.obstacles import registered
from customers.affiliations_exits import end_for_erasure
from customers.errors import ErasingNotAllowed
from customers.histories import empty_histories
from customers.models import (
    Address,
    Customer,
    CustomerStatus,
    DuplicateCustomer,
    Identification,
    Message,
    MessageStatus,
)
from customers.outbox import GONE
from gateway.events import record_event

ERASE = "customers:erase"


def erase_customer(customer: Customer, *, actor: Actor, reason: str) -> Customer:
    """Erase the person with every record merged into this one; a second call changes nothing."""
    if not actor.may(ERASE, None):
        raise ErasingNotAllowed(f"{actor.label} has no right to erase customers.")
    with transaction.atomic(), audit_context(actor, reason):
        records = _records_of(customer)
        present = [row for row in records if row.status != CustomerStatus.ERASED]
        for row in present:
            for path in getattr(settings, "LOYALTY_CUSTOMER_ERASERS", ()):
                registered(path)(row, actor=actor)
            _blank(row)
            record_event(
                "customer.erased",
                program_id=None,
                subject_id=row.pk,
                facts={"customer": row.pk, "number": row.number},
            )
        if present:
            empty_histories([row.pk for row in present])
    return next(row for row in records if row.pk == customer.pk)


def _records_of(customer: Customer) -> list[Customer]:
    """Under lock, the record that stays with those merged into it."""
    known = Customer.objects.filter(pk=customer.pk).values_list("merged_into_id", flat=True).first()
    root = known or customer.pk
    records: list[Customer] = lock_rows(Customer.objects.filter(Q(pk=root) | Q(merged_into=root)))
    now = next((row.merged_into_id for row in records if row.pk == customer.pk), None)
    if now != known:
        raise Busy(f"Customer {customer.number} was merged a moment ago: look at the record again.")
    return records


def _blank(row: Customer) -> None:
    for model in (Identification, Address):
        update_with_history(model.objects.filter(customer=row), **dict.fromkeys(model.PERSONAL, None))
    for wish in row.contact_preferences.all():
        wish.delete()
    _blank_messages(row)
    end_for_erasure(row)
    pairs = DuplicateCustomer.objects.filter(Q(customer=row) | Q(duplicate=row))
    update_with_history(pairs.exclude(reason=""), reason="")
    for name in Customer.PERSONAL:
        setattr(row, name, None)
    row.status = CustomerStatus.ERASED
    row.erased_at = clock.now()
    row.version += 1
    row.save()


def _blank_messages(row: Customer) -> None:
    """What was sent stays as a fact, without its address and words; what waits is not sent any more."""
    messages = Message.objects.filter(customer=row)
    messages.filter(status=MessageStatus.WAITING).update(
        status=MessageStatus.SUPPRESSED, why_not=GONE[CustomerStatus.ERASED], next_try_at=None
    )
    messages.update(**dict.fromkeys(Message.PERSONAL))
