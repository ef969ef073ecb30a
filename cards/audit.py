"""Invariants of cards and of the registry of numbers."""

from common.audit import Invariant, Source

OWN = "program_id = %(program)s"
SOURCES = (Source("card", "cards_card", program=OWN),)
INVARIANTS = (
    Invariant(
        "K01",
        "cards",
        "a number is registered once, over all programs, and names one card",
        "Cancel the younger card and issue another; find out how the unique constraint was lost.",
        """
        SELECT r.number, 'registered ' || count(*) || ' times' FROM cards_numberregistry r
        GROUP BY r.number HAVING count(*) > 1
        UNION ALL
        SELECT c.number, 'names ' || count(*) || ' cards' FROM cards_card c GROUP BY c.number HAVING count(*) > 1
        """,
    ),
    Invariant(
        "K06",
        "cards",
        "a replaced card is out of use, a renewed one until its end; the successor is a younger card of the same "
        "program, no circle",
        "Cancel the replaced card, or take the successor away from it.",
        """
        SELECT c.id, c.status || ', successor ' || coalesce(c.successor_id::text, 'none') FROM card c
        LEFT JOIN cards_card r ON r.id = c.successor_id
        WHERE (c.status = 'replaced' AND c.successor_id IS NULL) OR (c.successor_id IS NOT NULL AND (
            c.status = 'created' OR (c.status IN ('active', 'blocked') AND c.valid_until IS NULL) OR r.id IS NULL
            OR r.program_id <> c.program_id OR r.id = c.id OR r.successor_id = c.id OR r.created_at < c.created_at))
        """,
    ),
    Invariant(
        "K08",
        "cards",
        "every number of a card is registered, in the card's program",
        "Insert the number into the registry.",
        """
        SELECT c.id, 'number ' || c.number || CASE WHEN r.number IS NULL THEN ' is not registered'
            ELSE ' is registered as ' || r.kind || ' of program ' || r.program_id END FROM card c
        LEFT JOIN cards_numberregistry r ON r.number = c.number
        WHERE r.number IS NULL OR r.program_id <> c.program_id OR r.kind NOT IN ('card', 'external')
        """,
    ),
    Invariant(
        "K11",
        "cards",
        "an active card has begun and is not barred, one taken out of use is, an expired one had an end; its type is "
        "one of its program",
        "Correct the times of the card by the history of its steps.",
        """
        SELECT c.id, c.status || ', active since ' || coalesce(c.activated_at::text, 'never') || ', barred from '
            || coalesce(c.barred_from::text, 'never') || ', type ' || coalesce(c.card_type_id::text, 'none')
        FROM card c LEFT JOIN cards_cardtype t ON t.id = c.card_type_id
        WHERE (c.status = 'active' AND (c.activated_at IS NULL OR c.barred_from IS NOT NULL))
            OR (c.status IN ('blocked', 'lost', 'stolen', 'damaged', 'cancelled', 'replaced')
                AND c.activated_at IS NOT NULL AND c.barred_from IS NULL)
            OR (c.status = 'expired' AND c.valid_until IS NULL)
            OR (c.card_type_id IS NOT NULL AND (t.id IS NULL OR t.program_id <> c.program_id))
        """,
    ),
)
