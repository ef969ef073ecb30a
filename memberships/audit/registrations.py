"""Invariants of found cards that persons registered."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "K12",
        "cards",
        "a registration that waits is of an anonymous membership; one that is done of one that became somebody's or "
        "went into another",
        "Withdraw the registration, or register the card again.",
        """
        SELECT r.id, r.status || ' ' || r.outcome || ', membership ' || m.id || ' is ' || m.type || ', ' || m.status
        FROM registration r JOIN memberships_membership m ON m.id = r.membership_id
        LEFT JOIN memberships_membershipchange g ON g.id = r.change_id
        WHERE CASE
            WHEN r.status = 'waiting' THEN m.type <> 'anonymous' OR NOT (m.current OR m.rests_until IS NOT NULL)
            WHEN r.status = 'awaiting_consent' THEN m.type <> 'anonymous' OR NOT coalesce(g.is_open, false)
            WHEN r.status = 'done' AND r.outcome = 'converted' THEN m.type = 'anonymous'
            WHEN r.status = 'done' THEN m.current OR coalesce(g.status, '') <> 'carried_out'
            ELSE false END
        """,
    ),
)
