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
    Invariant(
        "N02",
        "customers",
        "the text of a code or a link is gone once it was sent or has failed",
        "Empty the text.",
        """
        SELECT m.id, m.purpose || ', ' || m.status FROM customers_message m
        WHERE m.purpose <> 'notice' AND m.status IN ('sent', 'failed') AND m.body IS NOT NULL
        """,
    ),
    Invariant(
        "N03",
        "customers",
        "messages to erased customers hold nothing about them",
        "Run deliver_messages for one that waits; empty address, subject and text of the others.",
        """
        SELECT m.id, m.status || ', for customer ' || m.customer_id FROM customers_message m
        JOIN customer c ON c.id = m.customer_id
        WHERE c.erased_at IS NOT NULL AND (m.address IS NOT NULL OR m.subject IS NOT NULL OR m.body IS NOT NULL)
        """,
    ),
    Invariant(
        "N04",
        "customers",
        "a merged record is closed or erased, and the record it went into goes on by itself",
        "Close the record; point it to the one that goes on.",
        """
        SELECT c.id, c.status || ', merged into ' || s.id || coalesce(', itself merged into ' || s.merged_into_id, '')
        FROM customer c JOIN customers_customer s ON s.id = c.merged_into_id
        WHERE c.status NOT IN ('closed', 'erased') OR s.merged_into_id IS NOT NULL
        """,
    ),
)
