"""Invariants of customers."""

from common.audit import Invariant, Source

SOURCES = (Source("customer", "customers_customer"),)
INVARIANTS = (
    Invariant(
        "N01",
        "customers",
        "every customer answers to its own number",
        "Insert the number into the customer numbers, for this customer.",
        """
        SELECT c.id, 'number ' || c.number || ' is registered for ' || coalesce(n.customer_id::text, 'nobody')
        FROM customer c LEFT JOIN customers_customernumber n ON n.number = c.number
        WHERE n.customer_id IS DISTINCT FROM c.id
            AND (c.merged_into_id IS NULL OR n.customer_id IS DISTINCT FROM c.merged_into_id)
        """,
    ),
)
