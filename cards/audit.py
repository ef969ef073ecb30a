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
        "a replaced card is out of use; its successor is another card of the same program, no circle",
        "Cancel the replaced card, or take the successor away from it.",
        """
        SELECT c.id, c.status || ', successor ' || c.successor_id FROM card c
        LEFT JOIN cards_card r ON r.id = c.successor_id
        WHERE c.successor_id IS NOT NULL AND (c.status IN ('created', 'active', 'blocked') OR r.id IS NULL
            OR r.program_id <> c.program_id OR r.id = c.id OR r.successor_id = c.id)
        """,
    ),
    Invariant(
        "K08",
        "cards",
        "every card number is registered as a card number of the card's program",
        "Insert the number into the registry.",
        """
        SELECT c.id, 'number ' || c.number || CASE WHEN r.number IS NULL THEN ' is not registered'
            ELSE ' is registered as ' || r.kind || ' of program ' || r.program_id END FROM card c
        LEFT JOIN cards_numberregistry r ON r.number = c.number
        WHERE r.number IS NULL OR r.program_id <> c.program_id OR r.kind <> 'card'
        """,
    ),
)
