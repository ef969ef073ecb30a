"""Invariants of consents: nothing was carried out without them, and each can be proved (domain 1.9)."""

from common.audit import Invariant

# Two records of one person count as that person.
PERSON = "coalesce({0}.merged_into_id, {0}.id)"
MEMBER_OF, WHO_CONSENTED = PERSON.format("u"), PERSON.format("v")

INVARIANTS = (
    Invariant(
        "C01",
        "consents",
        "what was carried out by consent had it beforehand, to its terms, of everyone affected and everyone asked",
        "Undo the change, then propose it anew and ask everyone.",
        f"""
        SELECT g.id, 'customer ' || x.customer_id || ' of membership ' || x.membership_id || ' had not consented'
        FROM change g JOIN memberships_changeparty p ON p.change_id = g.id
        JOIN memberships_member x ON x.membership_id = p.membership_id
        JOIN customers_customer u ON u.id = x.customer_id
        WHERE g.status IN ('carried_out', 'undone') AND g.basis = 'consent' AND g.kind <> 'absorb'
            AND x.joined_at < g.carried_out_at AND (x.ended_at IS NULL OR x.ended_at >= g.carried_out_at)
            AND NOT EXISTS (
                SELECT 1 FROM memberships_consent c JOIN customers_customer v ON v.id = c.customer_id
                WHERE c.change_id = g.id AND {MEMBER_OF} = {WHO_CONSENTED} AND c.status = 'given'
                    AND c.digest = g.digest AND c.decided_at <= g.carried_out_at)
            AND coalesce(g.terms->>'row', '') <> 'one_person'
        UNION ALL
        SELECT g.id, CASE WHEN c.id IS NULL THEN 'nobody was asked'
            ELSE 'the consent of customer ' || c.customer_id || ' is ' || c.status END
        FROM change g LEFT JOIN memberships_consent c ON c.change_id = g.id
            AND (NOT g.terms ? 'asked' OR g.terms->'asked' @> to_jsonb(c.customer_id))
        WHERE g.status IN ('carried_out', 'undone') AND g.basis = 'consent'
            AND (c.id IS NULL OR c.status <> 'given' OR c.digest <> g.digest OR c.decided_at > g.carried_out_at)
        """,  # noqa: S608 - put together from constants
    ),
    Invariant(
        "C03",
        "consents",
        "a decision has its time, and a consent its terms, its proof and on paper its second person",
        "Ask the person again; what was carried out on it is undone.",
        """
        SELECT c.id, c.status || ' by ' || coalesce(nullif(c.method, ''), 'no method') || ' at '
            || coalesce(c.decided_at::text, 'no time') FROM consent c
        JOIN memberships_membershipchange g ON g.id = c.change_id JOIN customers_customer u ON u.id = c.customer_id
        WHERE (c.status = 'asked') <> (c.decided_at IS NULL) OR (c.status = 'given' AND (
            c.method = '' OR c.digest = '' OR (c.evidence = '' AND u.status <> 'erased')
            OR (c.method IN ('code', 'link') AND NOT EXISTS (
                SELECT 1 FROM memberships_consentinvitation i
                WHERE i.consent_id = c.id AND i.kind = c.method AND i.used_at IS NOT NULL AND i.tries <= 6))
            OR (c.method IN ('document', 'recorded_decision') AND NOT EXISTS (
                SELECT 1 FROM memberships_consentdocument d
                WHERE d.consent_id = c.id AND d.decides = c.method AND d.digest = c.digest
                    AND d.confirmed_by_id = c.confirmed_by_id AND d.user_id IS DISTINCT FROM d.confirmed_by_id))
            OR (c.method = 'recorded_decision' AND g.replaces_id IS NULL)))
        """,
    ),
    Invariant(
        "C05",
        "consents",
        "the last decision of the log is the state of the consent",
        "Set the consent to what the log says.",
        """
        SELECT c.id, c.status || ', the log says ' || coalesce(l.decision, 'nothing') FROM consent c LEFT JOIN LATERAL (
            SELECT d.decision, d.method, d.digest, d.decided_at FROM memberships_consentdecision d
            WHERE d.consent_id = c.id ORDER BY d.id DESC LIMIT 1) l ON true
        WHERE CASE WHEN c.status = 'asked' THEN coalesce(l.decision, 'void') NOT IN ('void', 'asked')
            ELSE (c.status, c.method, c.digest, c.decided_at)
                IS DISTINCT FROM (l.decision, l.method, l.digest, l.decided_at) END
        """,
    ),
)
