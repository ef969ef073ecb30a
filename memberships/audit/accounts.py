"""Invariants of the sets memberships use: an own set for life, and a pool while shared (domain 1.4)."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "A02",
        "accounts",
        "the sets of a membership exist and are of its program",
        "Restore the set from the last backup.",
        """
        SELECT m.id, 'own set ' || m.own_set_id || ', pool ' || coalesce(m.pool_id::text, 'none') FROM membership m
        LEFT JOIN points_pointaccountset o ON o.id = m.own_set_id LEFT JOIN points_pointaccountset p ON p.id = m.pool_id
        WHERE o.id IS NULL OR o.program_id <> m.program_id
            OR (m.pool_id IS NOT NULL AND (p.id IS NULL OR p.program_id <> m.program_id))
        """,
    ),
    Invariant(
        "A03",
        "accounts",
        "an own set is no pool and belongs to one membership alone; a pool is nobody's own set",
        "Open a set for the membership that has none of its own and move its points there by a change.",
        """
        SELECT m.id, 'own set ' || m.own_set_id || ' is a pool' FROM membership m
        JOIN points_pointaccountset s ON s.id = m.own_set_id WHERE s.is_pool
        UNION ALL
        SELECT m.id, 'pool ' || m.pool_id || ' is an own set' FROM membership m
        JOIN points_pointaccountset s ON s.id = m.pool_id WHERE NOT s.is_pool
        UNION ALL
        SELECT min(m.id), 'own set ' || m.own_set_id || ' of ' || count(*) || ' memberships' FROM membership m
        GROUP BY m.own_set_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "A04",
        "accounts",
        "a pool serves two current shared memberships or more, or those of an organization",
        "Split the last member off: a pool of one dissolves.",
        """
        SELECT m.pool_id, 'used by ' || count(*) || ' current memberships, ' || count(*) FILTER (
            WHERE m.type NOT IN ('shared', 'organization')) || ' of another type' FROM membership m
        WHERE m.pool_id IS NOT NULL AND m.current GROUP BY m.pool_id
        HAVING count(*) FILTER (WHERE m.type NOT IN ('shared', 'organization')) > 0
            OR (count(*) < 2 AND count(*) FILTER (WHERE m.type = 'organization') = 0)
        UNION ALL
        SELECT m.id, 'shared without a pool' FROM membership m
        WHERE m.current AND m.type = 'shared' AND m.pool_id IS NULL
        UNION ALL
        SELECT m.id, 'on the pool of organization membership ' || o.id || ', under '
            || coalesce(m.organization_membership_id::text, 'none') FROM membership m
        JOIN memberships_membership o ON o.pool_id = m.pool_id AND o.type = 'organization'
        WHERE m.current AND m.type = 'shared' AND m.organization_membership_id IS DISTINCT FROM o.id
        """,
    ),
    Invariant(
        "A05",
        "accounts",
        "while pooled the own redeemable account is empty and closed, else open; a pool has open redeemable ones only",
        "Move the points into the pool by a change, or open the account again.",
        """
        SELECT a.id, 'own redeemable account at ' || a.balance || CASE WHEN a.closed THEN ', closed' ELSE ', open' END
        FROM membership m JOIN points_pointaccount a ON a.account_set_id = m.own_set_id
        JOIN programs_pointtype t ON t.id = a.point_type_id AND t.kind = 'redeemable'
        WHERE m.current AND m.type = 'shared' AND (a.balance <> 0 OR NOT a.closed)
        UNION ALL
        SELECT a.id, 'closed, though membership ' || m.id || ' shares no pool' FROM membership m
        JOIN points_pointaccount a ON a.account_set_id = m.own_set_id
        JOIN programs_pointtype t ON t.id = a.point_type_id
        WHERE m.current AND a.closed AND (m.type <> 'shared' OR t.kind = 'qualifying')
        UNION ALL
        SELECT a.id, 'closed, though membership ' || min(m.id) || ' uses its pool' FROM membership m
        JOIN points_pointaccount a ON a.account_set_id = m.pool_id WHERE m.current AND a.closed GROUP BY a.id
        UNION ALL
        SELECT a.id, 'qualifying account in a pool' FROM account a JOIN points_pointaccountset s
            ON s.id = a.account_set_id AND s.is_pool
        JOIN programs_pointtype t ON t.id = a.point_type_id AND t.kind = 'qualifying'
        """,
    ),
    Invariant(
        "A06",
        "accounts",
        "a set no current membership uses has no points left after its days of rest",
        "Run expire_points.",
        """
        SELECT a.id, 'balance ' || a.balance || ' in set ' || a.account_set_id FROM account a
        JOIN programs_program g ON g.id = a.program_id
        WHERE a.balance <> 0 AND g.status <> 'locked' AND EXISTS (
            SELECT 1 FROM memberships_membership m WHERE m.own_set_id = a.account_set_id OR m.pool_id = a.account_set_id
        ) AND NOT EXISTS (
            SELECT 1 FROM memberships_membership m WHERE m.own_set_id = a.account_set_id AND (m.current
                OR m.rests_until > %(now)s::timestamptz + g.clock_offset - g.late_grace - interval '1 day')
        ) AND NOT EXISTS (
            SELECT 1 FROM memberships_membership m WHERE m.pool_id = a.account_set_id AND (m.current
                OR m.rests_until > %(now)s::timestamptz + g.clock_offset - g.late_grace - interval '1 day')
        ) AND NOT EXISTS (
            SELECT 1 FROM points_hold h WHERE h.account_id = a.id AND h.status = 'open')
        """,
    ),
    Invariant(
        "A07",
        "accounts",
        "every set belongs to a membership, and postings act for own sets, but where the points of a pool run out",
        "Find the membership the set was opened for; delete the set where nothing was ever posted to it.",
        """
        SELECT s.id, 'set of no membership' FROM account_set s
        WHERE NOT EXISTS (SELECT 1 FROM memberships_membership m WHERE m.own_set_id = s.id)
            AND NOT EXISTS (SELECT 1 FROM memberships_membership m WHERE m.pool_id = s.id)
            AND (NOT s.is_pool OR EXISTS (
                SELECT 1 FROM points_pointaccount a WHERE a.account_set_id = s.id AND a.balance <> 0))
        UNION ALL
        SELECT p.id, 'posting acts for pool ' || p.for_set_id FROM posting p
        JOIN points_pointaccountset s ON s.id = p.for_set_id AND s.is_pool WHERE p.kind <> 'expire'
        """,
    ),
    Invariant(
        "A08",
        "accounts",
        "a pool is exempt from expiry only while all its members are",
        "Give one of its members a tier by hand, or take it back: the pool's date is worked out anew.",
        """
        SELECT s.id, 'pool exempt until ' || coalesce(s.exempt_until::text, 'never') || ', its members until '
            || coalesce(least.until::text, 'never') FROM account_set s
        CROSS JOIN LATERAL (
            SELECT CASE WHEN count(*) = count(o.exempt_until) THEN min(o.exempt_until) END AS until
            FROM memberships_membership m JOIN points_pointaccountset o ON o.id = m.own_set_id
            WHERE m.pool_id = s.id AND m.current AND m.type = 'shared'
        ) least WHERE s.is_pool AND s.exempt_until IS DISTINCT FROM least.until
        """,
    ),
    Invariant(
        "A09",
        "accounts",
        "the owner of a pool takes part in it; an organization's pool is left to its signatories",
        "Hand the pool over to one of its members.",
        """
        SELECT s.id, 'owned by ' || coalesce(s.owner_id::text, 'nobody') FROM account_set s
        WHERE s.is_pool AND EXISTS (SELECT 1 FROM memberships_membership m WHERE m.pool_id = s.id AND m.current)
            AND NOT EXISTS (
                SELECT 1 FROM memberships_membership m WHERE m.pool_id = s.id AND m.type = 'organization')
            AND NOT EXISTS (
                SELECT 1 FROM memberships_membership m JOIN memberships_member x ON x.membership_id = m.id
                WHERE m.pool_id = s.id AND m.current AND x.customer_id = s.owner_id AND x.ended_at IS NULL)
        """,
    ),
)
