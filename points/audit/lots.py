"""Invariants of lots, draws and debts."""

from common.audit import Invariant

# What draws a lot by name or after its time: nothing of this is spending.
NO_SPENDING = "('expire', 'reverse', 'capture', 'merge', 'split', 'undo')"

INVARIANTS = (
    Invariant(
        "P01",
        "lots",
        "what is left of a lot lies between 0 and its amount",
        "Recompute what is left from the draws.",
        "SELECT l.id, l.remaining || ' of ' || l.amount FROM lot l "
        "WHERE l.remaining < 0 OR l.remaining > l.amount OR l.amount <= 0",
    ),
    Invariant(
        "P02",
        "lots",
        "what is left of a lot is its amount less its draws",
        "Draws are the truth: set what is left to the difference, after finding out what wrote it.",
        """
        SELECT l.id, l.remaining || ' left of ' || l.amount || ', drawn ' || coalesce(d.total, 0) FROM lot l
        LEFT JOIN (SELECT lot_id, sum(amount) AS total FROM draw GROUP BY 1) d ON d.lot_id = l.id
        WHERE l.remaining <> l.amount - coalesce(d.total, 0)
        """,
    ),
    Invariant(
        "P03",
        "lots",
        "the balance of an account is what is left of its lots less its debt",
        "See L01, P02 and P09 for which of the three is wrong.",
        """
        SELECT a.id, 'balance ' || a.balance || ', lots ' || coalesce(l.total, 0) || ', debt ' || a.debt
        FROM account a LEFT JOIN (
            SELECT account_id, sum(remaining) AS total FROM lot GROUP BY 1
        ) l ON l.account_id = a.id WHERE a.balance <> coalesce(l.total, 0) - a.debt
        """,
    ),
    Invariant(
        "P04",
        "lots",
        "a credit made lots and gave back draws of its own amount, on its own account",
        "Restore the missing lot from the last backup.",
        """
        SELECT e.id, e.amount || ' credited, lots ' || coalesce(l.made, 0) || ', given back ' || coalesce(d.back, 0)
        FROM entry e LEFT JOIN (SELECT entry_id, sum(amount) AS made FROM lot GROUP BY 1) l ON l.entry_id = e.id
        LEFT JOIN (SELECT entry_id, -sum(amount) AS back FROM draw WHERE amount < 0 GROUP BY 1) d ON d.entry_id = e.id
        WHERE e.amount > 0 AND coalesce(l.made, 0) + coalesce(d.back, 0) <> e.amount
        UNION ALL
        SELECT l.entry_id, 'lot ' || l.id || ' is not of a credit on its account' FROM lot l
        LEFT JOIN points_entry e ON e.id = l.entry_id
        WHERE e.id IS NULL OR e.amount <= 0 OR e.account_id <> l.account_id
        """,
    ),
    Invariant(
        "P05",
        "lots",
        "a debit drew its amount, but for the debt still open, from lots of its own account",
        "Compare draws and debts of the entry with the events of its posting.",
        """
        SELECT e.id, -e.amount || ' debited, drawn ' || coalesce(d.taken, 0) || ', open debt ' || coalesce(o.open, 0)
        FROM entry e LEFT JOIN (SELECT entry_id, sum(amount) AS taken FROM draw WHERE amount > 0 GROUP BY 1) d
            ON d.entry_id = e.id
        LEFT JOIN (SELECT entry_id, sum(remaining) AS open FROM debt GROUP BY 1) o ON o.entry_id = e.id
        WHERE e.amount < 0 AND coalesce(d.taken, 0) + coalesce(o.open, 0) <> -e.amount
        UNION ALL
        SELECT d.entry_id, 'draw ' || d.id || ' has the wrong sign or is of another account or no posting' FROM draw d
        JOIN points_lot l ON l.id = d.lot_id LEFT JOIN points_entry e ON e.id = d.entry_id
        LEFT JOIN points_posting p ON p.id = d.posting_id
        WHERE e.id IS NULL OR p.id IS NULL OR e.account_id <> l.account_id OR sign(d.amount) = sign(e.amount)
        """,
    ),
    Invariant(
        "P06",
        "lots",
        "no lot a day past its expiry and the late grace still has points that are not held",
        "Run expire_points.",
        """
        SELECT l.id, l.remaining || ' left, expired at ' || l.expires_at FROM lot l
        JOIN points_pointaccount a ON a.id = l.account_id JOIN points_pointaccountset s ON s.id = a.account_set_id
        JOIN programs_program g ON g.id = a.program_id
        WHERE l.is_open AND g.status <> 'locked'
            AND l.expires_at < %(now)s::timestamptz + g.clock_offset - g.late_grace - interval '1 day'
            AND (s.exempt_until IS NULL
                OR s.exempt_until < %(now)s::timestamptz + g.clock_offset - g.late_grace - interval '1 day')
            AND l.remaining > (SELECT coalesce(sum(b.points), 0) FROM points_holdlot b
                JOIN points_hold h ON h.id = b.hold_id WHERE b.lot_id = l.id AND h.status = 'open')
        """,
    ),
    Invariant(
        "P07",
        "lots",
        "nothing was spent from a lot after its time",
        "Reverse the posting.",
        f"""
        SELECT d.id, 'lot ' || l.id || ' ended at ' || l.expires_at || ', spent at ' || p.occurred_at FROM draw d
        JOIN points_lot l ON l.id = d.lot_id JOIN points_posting p ON p.id = d.posting_id
        JOIN points_pointaccount a ON a.id = l.account_id JOIN points_pointaccountset s ON s.id = a.account_set_id
        WHERE d.amount > 0 AND p.kind NOT IN {NO_SPENDING} AND l.expires_at <= p.occurred_at
            AND (s.exempt_until IS NULL OR s.exempt_until <= p.occurred_at) AND NOT EXISTS (
                SELECT 1 FROM points_lotdatechange c WHERE c.lot_id = l.id AND c.recorded_at > p.recorded_at
                AND (c.old_expires_at IS NULL OR c.old_expires_at > p.occurred_at))
        """,  # noqa: S608 - kinds of our own
    ),
    Invariant(
        "P08",
        "lots",
        "lots of a type with dates carry one, lots of an inactivity type carry none",
        "Run redate_lots for the point type.",
        """
        SELECT l.id, 'expires ' || coalesce(l.expires_at::text, 'never') || ', the policy was ' || w.policy FROM lot l
        JOIN points_pointaccount a ON a.id = l.account_id JOIN programs_pointtype t ON t.id = a.point_type_id
        JOIN points_entry e ON e.id = l.entry_id JOIN points_posting p ON p.id = e.posting_id
        CROSS JOIN LATERAL (SELECT coalesce((
            SELECT h.expiry_policy FROM programs_historicalpointtype h
            WHERE h.id = t.id AND h.history_date <= p.recorded_at ORDER BY h.history_id DESC LIMIT 1
        ), t.expiry_policy) AS policy) w
        WHERE l.parent_id IS NULL AND NOT EXISTS (SELECT 1 FROM points_lotdatechange c WHERE c.lot_id = l.id)
            AND (l.expires_at IS NULL AND t.expiry_policy IN ('on_date', 'after_days', 'after_months', 'tier_period')
                AND w.policy IN ('on_date', 'after_days', 'after_months', 'tier_period')
            OR l.expires_at IS NOT NULL AND t.expiry_policy = 'inactivity' AND w.policy = 'inactivity')
        """,
    ),
    Invariant(
        "P09",
        "lots",
        "the debt of an account is the sum of its open debts",
        "Debts are the truth: set the account's debt to their sum.",
        """
        SELECT a.id, 'debt ' || a.debt || ', open debts ' || coalesce(d.total, 0) FROM account a
        LEFT JOIN (SELECT account_id, sum(remaining) AS total FROM debt GROUP BY 1) d ON d.account_id = a.id
        WHERE a.debt <> coalesce(d.total, 0)
        """,
    ),
    Invariant(
        "P10",
        "lots",
        "a debt is what its debit did not draw at once, on the debit's account",
        "Recompute the debt from the draws of its entry.",
        """
        SELECT d.id, d.amount || ' owed by an entry of ' || e.amount || ' that drew ' || coalesce(w.taken, 0)
        FROM debt d
        LEFT JOIN points_entry e ON e.id = d.entry_id LEFT JOIN LATERAL (
            SELECT sum(w.amount) AS taken FROM points_draw w WHERE w.entry_id = e.id AND w.posting_id = e.posting_id
        ) w ON true
        WHERE e.id IS NULL OR e.account_id <> d.account_id OR d.amount <> -e.amount - coalesce(w.taken, 0)
            OR d.remaining < 0 OR d.remaining > d.amount
        """,
    ),
    Invariant(
        "P15",
        "lots",
        "a child lot has the earner and the origin of its parent",
        "Find the change or transfer that made it; correct the names of the lot.",
        """
        SELECT l.id, 'child of ' || l.parent_id || ', origin ' || coalesce(l.origin_id::text, 'none') FROM lot l
        LEFT JOIN points_lot p ON p.id = l.parent_id
        WHERE l.parent_id IS NOT NULL AND (p.id IS NULL OR l.origin_id IS DISTINCT FROM coalesce(p.origin_id, p.id)
            OR l.earner_id IS DISTINCT FROM p.earner_id OR l.id = p.id)
        """,
    ),
)
