"""Emptying personal values in history, the only change its tables let through."""

from collections.abc import Sequence

from common.history import AuditedModel
from customers.models import Address, Affiliation, ContactPreference, Customer, DuplicateCustomer, Identification

# Each with the column that names the customer.
HOLDERS: tuple[tuple[type[AuditedModel], str], ...] = (
    (Customer, "id"),
    (Identification, "customer_id"),
    (Address, "customer_id"),
    (ContactPreference, "customer_id"),
    (Affiliation, "customer_id"),
    (DuplicateCustomer, "customer_id"),
    (DuplicateCustomer, "duplicate_id"),
)


def empty_histories(customer_ids: Sequence[int]) -> None:
    """Personal values and typed reasons go from all history rows of these customers."""
    for model, column in HOLDERS:
        emptied = {name: None if model._meta.get_field(name).null else "" for name in model.PERSONAL}
        model.history.model._base_manager.filter(**{f"{column}__in": list(customer_ids)}).update(
            **emptied, history_change_reason=None
        )
