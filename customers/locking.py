"""A customer's row, locked and read again, in a transaction that records who changes it and why."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from common.actor import Actor
from common.db import lock_rows
from common.errors import NotFound
from common.history import audit_context
from customers.errors import CustomerErased
from customers.models import Customer, CustomerStatus


@contextmanager
def changing(customer: Customer, *, actor: Actor, reason: str) -> Iterator[Customer]:
    """Refuses a customer who was erased meanwhile; NotFound if the row is gone."""
    with transaction.atomic(), audit_context(actor, reason):
        rows = lock_rows(Customer.objects.filter(pk=customer.pk))
        if not rows:
            raise NotFound(f"Customer {customer.number} does not exist any more.")
        if rows[0].status == CustomerStatus.ERASED:
            raise CustomerErased(f"Customer {rows[0].number} was erased; nothing about the person can be kept.")
        yield rows[0]
