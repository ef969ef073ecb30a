"""Invariants of cards in hand: who held which card in which membership."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "K02",
        "cards",
        "an active card is held in a membership of its program that is current or rests",
        "Block the card, or record who holds it.",
        """
        SELECT c.id, 'active, held in membership ' || coalesce(m.id::text, 'none') || coalesce(', ' || m.status, '')
        FROM card c LEFT JOIN memberships_cardholding h ON h.card_id = c.id AND h.held_until IS NULL
        LEFT JOIN memberships_membership m ON m.id = h.membership_id JOIN programs_program g ON g.id = c.program_id
        WHERE c.status = 'active' AND (m.id IS NULL OR m.program_id <> c.program_id OR NOT (m.current
            OR coalesce(m.rests_until > %(now)s::timestamptz + g.clock_offset - interval '1 day', false)))
        """,
    ),
    Invariant(
        "K03",
        "cards",
        "a temporary card not yet used has no membership and no first use; one in use has both",
        "Activate the card at its first use, or take the holding away.",
        """
        SELECT c.id, c.status || ', first used at ' || coalesce(c.activated_at::text, 'never') FROM card c
        WHERE c.kind = 'temporary' AND c.status NOT IN ('expired', 'cancelled')
            AND ((c.status <> 'created') <> (c.activated_at IS NOT NULL)
                OR (c.status <> 'created') <> EXISTS (SELECT 1 FROM memberships_cardholding h WHERE h.card_id = c.id))
        """,
    ),
    Invariant(
        "K04",
        "cards",
        "an anonymous membership is held by one temporary card and nobody; other holdings name who",
        "Name the customer, or bring the card back.",
        """
        SELECT m.id, count(h.id) || ' cards, ' || count(h.customer_id) || ' with a customer' FROM membership m
        LEFT JOIN memberships_cardholding h ON h.membership_id = m.id AND h.held_until IS NULL
        LEFT JOIN cards_card c ON c.id = h.card_id
        WHERE m.type = 'anonymous' AND m.current GROUP BY m.id
        HAVING count(h.id) <> 1 OR count(h.customer_id) > 0 OR count(*) FILTER (WHERE c.kind <> 'temporary') > 0
        UNION ALL
        SELECT m.id, 'card ' || h.card_id || ' is held by nobody' FROM holding h
        JOIN memberships_membership m ON m.id = h.membership_id
        WHERE h.customer_id IS NULL AND h.held_until IS NULL AND m.current AND m.type <> 'anonymous'
        """,
    ),
    Invariant(
        "K05",
        "cards",
        "every member of a current membership has or had a main card in it, on a merged record too",
        "Issue a main card.",
        """
        SELECT x.id, 'customer ' || x.customer_id || ' never had a main card in membership ' || m.id FROM member x
        JOIN memberships_membership m ON m.id = x.membership_id AND m.current
        WHERE x.ended_at IS NULL AND NOT EXISTS (
            SELECT 1 FROM memberships_cardholding h JOIN cards_card c ON c.id = h.card_id
            JOIN customers_customer p ON p.id = h.customer_id
            WHERE h.membership_id = m.id AND x.customer_id IN (p.id, p.merged_into_id) AND c.kind = 'main')
        """,
    ),
    Invariant(
        "K07",
        "cards",
        "a card in hand names a person who takes part in its membership now",
        "End the holding with the participation.",
        """
        SELECT h.id, 'card ' || h.card_id || ' of customer ' || h.customer_id || ' in membership ' || h.membership_id
        FROM holding h WHERE h.customer_id IS NOT NULL AND h.held_until IS NULL AND NOT EXISTS (
            SELECT 1 FROM memberships_member x WHERE x.membership_id = h.membership_id
                AND x.customer_id = h.customer_id AND x.ended_at IS NULL)
        """,
    ),
    Invariant(
        "K09",
        "cards",
        "holdings lie within the participation of their person and in one program",
        "Correct the times of the holding, or of the participation.",
        """
        SELECT h.id, 'customer ' || h.customer_id || ' from ' || h.held_from || ' until '
            || coalesce(h.held_until::text, 'now') FROM holding h
        WHERE h.customer_id IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM memberships_member x WHERE x.membership_id = h.membership_id
                AND x.customer_id = h.customer_id AND x.joined_at <= h.held_from
                AND (x.ended_at IS NULL OR h.held_until IS NULL OR h.held_until <= x.ended_at))
        UNION ALL
        SELECT h.id, 'card of program ' || c.program_id || ', membership of ' || m.program_id FROM holding h
        JOIN cards_card c ON c.id = h.card_id JOIN memberships_membership m ON m.id = h.membership_id
        WHERE c.program_id <> h.program_id OR m.program_id <> h.program_id
        """,
    ),
)
