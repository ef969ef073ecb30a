"""Ways out: inactive, deceased, closed, deleted (erasing stands in erasing.py; domain 1.3).

What stands above customers and hinders a deletion is named by the functions listed in the setting
LOYALTY_CUSTOMER_OBSTACLES, each (customer) -> iterable of Obstacle. What may go with a customer is deleted by those
of LOYALTY_CUSTOMER_DELETERS, each (customer, *, actor, reason), in the same transaction.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.db.models import ProtectedError, Q

from common.actor import Actor
from common.obstacles import Obstacle, registered, sentence
from customers.affiliations_exits import delete_affiliations, people_obstacles
from customers.errors import CustomerNotClosable, CustomerNotDeletable, CustomerWrongStatus
from customers.histories import empty_histories
from customers.locking import changing
from customers.models import Customer, CustomerStatus, DuplicateCustomer, Message
from gateway.events import record_event

ACTIVE, INACTIVE, DECEASED, CLOSED = (
    CustomerStatus.ACTIVE,
    CustomerStatus.INACTIVE,
    CustomerStatus.DECEASED,
    CustomerStatus.CLOSED,
)
ADVICE = "Erase the customer instead: personal values go, ids, amounts and the ledger stay."


def deactivate(customer: Customer, *, actor: Actor, reason: str) -> Customer:
    """No longer dealt with for now."""
    return _move(customer, INACTIVE, since=(ACTIVE,), actor=actor, reason=reason)


def reactivate(customer: Customer, *, actor: Actor, reason: str) -> Customer:
    """Back to active, also where a death or the end was recorded by mistake."""
    return _move(customer, ACTIVE, since=(INACTIVE, DECEASED, CLOSED), actor=actor, reason=reason)


def mark_deceased(customer: Customer, *, actor: Actor, reason: str) -> Customer:
    """The memberships' own steps are taken above."""
    return _move(customer, DECEASED, since=(ACTIVE, INACTIVE, CLOSED), actor=actor, reason=reason)


def close_customer(customer: Customer, *, actor: Actor, reason: str, obstacles: Sequence[Obstacle] = ()) -> Customer:
    """The business relation is over. The caller collects what is open in the transaction around this call."""
    if obstacles:
        raise CustomerNotClosable(
            f"Customer {customer.number} can't be closed. {sentence(obstacles)}",
            facts={"obstacles": [obstacle.as_fact() for obstacle in obstacles]},
        )
    return _move(customer, CLOSED, since=(ACTIVE, INACTIVE, DECEASED), actor=actor, reason=reason)


def obstacles(customer: Customer) -> list[Obstacle]:
    """Everything that hinders the deletion of this customer."""
    found = list(_own_obstacles(customer))
    for path in getattr(settings, "LOYALTY_CUSTOMER_OBSTACLES", ()):
        found.extend(registered(path)(customer))
    return found


def check_deletable(customer: Customer) -> None:
    """Refuse as the deletion itself would."""
    _refuse_deletion(customer, obstacles(customer))


def delete_customer(customer: Customer, *, actor: Actor, reason: str) -> None:
    """Remove a customer nothing refers to, personal values in history included.

    The apps above delete theirs first; what is left refuses.
    """
    with changing(customer, actor=actor, reason=reason) as row:
        check_deletable(row)
        for path in getattr(settings, "LOYALTY_CUSTOMER_DELETERS", ()):
            registered(path)(row, actor=actor, reason=reason)
        customer_id, number = row.pk, row.number
        try:
            _delete_own_rows(row)
            row.delete()
        except ProtectedError as error:
            _refuse_deletion(row, _protecting(error.protected_objects))
        empty_histories([customer_id])
        record_event("customer.deleted", program_id=None, subject_id=customer_id, facts={"number": number})


def _delete_own_rows(customer: Customer) -> None:
    """What was sent, where the person belonged, and what staff found about likely duplicates: nothing anybody needs
    once the record is gone."""
    Message.objects.filter(customer=customer).delete()
    delete_affiliations(customer)
    for pair in DuplicateCustomer.objects.filter(Q(customer=customer) | Q(duplicate=customer)):
        pair.delete()


def _refuse_deletion(customer: Customer, found: Sequence[Obstacle]) -> None:
    if found:
        raise CustomerNotDeletable(
            f"Customer {customer.number} can't be deleted. {sentence(found)} {ADVICE}",
            facts={"obstacles": [obstacle.as_fact() for obstacle in found], "instead": "erase"},
        )


def _own_obstacles(customer: Customer) -> Iterable[Obstacle]:
    duplicates = list(customer.duplicates.order_by("pk").values_list("number", flat=True))
    if duplicates:
        yield Obstacle("duplicates", f"Records were merged into it: {', '.join(duplicates)}.", {"numbers": duplicates})
    if customer.merged_into is not None:
        number = customer.merged_into.number
        yield Obstacle("merged", f"It was merged into {number}, which answers to its number.", {"number": number})
    yield from people_obstacles(customer)


def _protecting(rows: Iterable[Any]) -> list[Obstacle]:
    counts = Counter(row._meta for row in rows)
    return [
        Obstacle(str(meta.model_name), f"It has {count} {meta.verbose_name_plural}.", {"count": count})
        for meta, count in sorted(counts.items(), key=lambda item: str(item[0].label))
    ]


def _move(
    customer: Customer, status: CustomerStatus, *, since: Sequence[CustomerStatus], actor: Actor, reason: str
) -> Customer:
    with changing(customer, actor=actor, reason=reason) as row:
        if row.merged_into is not None:
            raise CustomerWrongStatus(
                f"Customer {row.number} was merged into {row.merged_into.number}: change that record.",
                facts={"status": row.status, "merged_into": row.merged_into_id},
            )
        if row.status not in since:
            raise CustomerWrongStatus(
                f"Customer {row.number} is {row.get_status_display()} and can't become {status.label}.",
                facts={"status": row.status, "possible_from": [str(one) for one in since]},
            )
        before = row.status
        row.status = status
        row.version += 1
        row.save(update_fields=["status", "version"])
        record_event(
            "customer.updated",
            program_id=None,
            subject_id=row.pk,
            facts={"customer": row.pk, "fields": ["status"], "status": str(status), "before": before},
        )
        return row
