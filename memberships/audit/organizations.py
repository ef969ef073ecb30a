"""Invariants of organizations, their agreements and who stands under them (domain 1.8)."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "G01",
        "agreements",
        "agreements of an organization membership for one employee group do not overlap; one for all meets any group",
        "End the older agreement before the younger one begins.",
        """
        SELECT y.id, 'overlaps agreement ' || x.id FROM agreement y
        JOIN memberships_organizationagreement x ON x.organization_membership_id = y.organization_membership_id
            AND x.id < y.id AND x.cancelled_at IS NULL
            AND int8range(x.employee_group_id, x.employee_group_id, '[]')
                && int8range(y.employee_group_id, y.employee_group_id, '[]')
            AND x.valid_from <= coalesce(y.valid_until, 'infinity')
            AND y.valid_from <= coalesce(x.valid_until, 'infinity')
        WHERE y.cancelled_at IS NULL
        """,
    ),
    Invariant(
        "G02",
        "agreements",
        "a current membership under an organization stands under one of its agreements, in a version that held the day "
        "it was taken over; others stand under none",
        "Let it leave the organization and join again, or end the agreement it stands under.",
        """
        SELECT m.id, 'under organization membership ' || coalesce(m.organization_membership_id::text, 'none')
            || ', ' || count(i.id) || ' agreements' FROM membership m
        LEFT JOIN memberships_inheritedagreement i ON i.membership_id = m.id AND i.ended_at IS NULL
        WHERE m.current GROUP BY m.id, m.organization_membership_id
        HAVING count(i.id) <> CASE WHEN m.organization_membership_id IS NULL THEN 0 ELSE 1 END
        UNION ALL
        SELECT m.id, 'agreement ' || a.id || ' is of organization membership ' || a.organization_membership_id
            || CASE WHEN a.cancelled_at IS NULL THEN '' ELSE ' and was cancelled' END FROM membership m
        JOIN memberships_inheritedagreement i ON i.membership_id = m.id AND i.ended_at IS NULL
        JOIN memberships_organizationagreement a ON a.id = i.agreement_id
        WHERE m.current AND m.organization_membership_id IS NOT NULL AND (a.cancelled_at IS NOT NULL
            OR a.organization_membership_id <> m.organization_membership_id OR a.program_id <> m.program_id)
        UNION ALL
        SELECT m.id, 'version ' || i.version || ' of agreement ' || i.agreement_id || ' did not hold at ' || i.since
        FROM membership m JOIN memberships_inheritedagreement i ON i.membership_id = m.id
        JOIN programs_program g ON g.id = m.program_id
        LEFT JOIN memberships_agreementversion v ON v.agreement_id = i.agreement_id AND v.version = i.version
        WHERE i.source <> 'applied_again' AND (v.id IS NULL
            OR (i.since AT TIME ZONE g.time_zone)::date < (v.terms ->> 'valid_from')::date
            OR (i.since AT TIME ZONE g.time_zone)::date > coalesce((v.terms ->> 'valid_until')::date, 'infinity'))
        """,
    ),
    Invariant(
        "G03",
        "agreements",
        "who stands under an agreement in the shared form uses the organization's pool, in the standard form not",
        "Let the membership leave the organization and join again in the form it is to have.",
        """
        SELECT m.id, i.form || ' under the agreement, ' || m.type || ' on pool ' || coalesce(m.pool_id::text, 'none')
        FROM membership m JOIN memberships_inheritedagreement i ON i.membership_id = m.id AND i.ended_at IS NULL
        JOIN memberships_membership o ON o.id = m.organization_membership_id
        WHERE m.current AND (i.form = 'shared')
            <> (m.type = 'shared' AND m.pool_id IS NOT DISTINCT FROM o.pool_id)
        """,
    ),
    Invariant(
        "G04",
        "agreements",
        "agreements hang on organization memberships, end after they begin, and say what their newest version says",
        "Amend the agreement, so that a new version keeps what it says.",
        """
        SELECT a.id, 'of membership ' || a.organization_membership_id || ', '
            || coalesce(o.type, 'which does not exist') || ', from ' || a.valid_from || ' to '
            || coalesce(a.valid_until::text, 'open') FROM agreement a
        LEFT JOIN memberships_membership o ON o.id = a.organization_membership_id
        WHERE o.type IS DISTINCT FROM 'organization' OR o.program_id <> a.program_id OR a.valid_until < a.valid_from
        UNION ALL
        SELECT a.id, 'version ' || a.version || ' says something else, or is not the newest' FROM agreement a
        LEFT JOIN memberships_agreementversion v ON v.agreement_id = a.id AND v.version = a.version
        WHERE v.id IS NULL OR v.terms IS DISTINCT FROM jsonb_build_object(
            'name', a.name, 'form', a.form, 'maximum', a.maximum, 'leaving_rule', a.leaving_rule,
            'valid_from', a.valid_from, 'valid_until', a.valid_until, 'employee_group', a.employee_group_id,
            'tiers', (SELECT coalesce(jsonb_object_agg(t.group_id::text, t.tier_id), '{}')
                FROM memberships_agreementtier t WHERE t.agreement_id = a.id),
            'benefits', (SELECT coalesce(jsonb_agg(b.benefit_id ORDER BY b.benefit_id), '[]')
                FROM memberships_agreementbenefit b WHERE b.agreement_id = a.id))
            OR EXISTS (SELECT 1 FROM memberships_agreementversion n WHERE n.agreement_id = a.id
                AND n.version > a.version)
        """,
    ),
    Invariant(
        "G05",
        "agreements",
        "somebody signs for every current organization membership",
        "Add a signatory.",
        """
        SELECT m.id, 'nobody signs for it' FROM membership m WHERE m.type = 'organization' AND m.current
            AND NOT EXISTS (SELECT 1 FROM memberships_organizationsignatory s
                WHERE s.membership_id = m.id AND s.ended_at IS NULL)
        """,
    ),
)
