"""Invariants of memberships and their members."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "M01",
        "memberships",
        "one current participation per customer and program",
        "Merge the two memberships.",
        """
        SELECT x.customer_id, count(*) || ' current participations in program ' || m.program_id FROM member x
        JOIN memberships_membership m ON m.id = x.membership_id AND m.current
        WHERE x.ended_at IS NULL GROUP BY x.customer_id, m.program_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "M02",
        "memberships",
        "a group has one main member, who takes part in it now; other types have none",
        "Name one of the members as the main one.",
        """
        SELECT m.id, m.type || ' with main member ' || coalesce(m.main_member_id::text, 'none') FROM membership m
        LEFT JOIN memberships_member x ON x.id = m.main_member_id
        WHERE m.current AND ((m.type = 'group') <> (m.main_member_id IS NOT NULL) OR (m.main_member_id IS NOT NULL
            AND (x.id IS NULL OR x.membership_id <> m.id OR x.ended_at IS NOT NULL)))
        """,
    ),
    Invariant(
        "M03",
        "memberships",
        "members fit the type: standard, shared 1; group 2 or more; anonymous, organization 0",
        "End the membership, or bring the member back.",
        """
        SELECT m.id, m.type || ' with ' || count(x.id) || ' members' FROM membership m
        LEFT JOIN memberships_member x ON x.membership_id = m.id AND x.ended_at IS NULL
        WHERE m.current GROUP BY m.id, m.type HAVING (m.type IN ('standard', 'shared') AND count(x.id) <> 1)
            OR (m.type = 'group' AND count(x.id) < 2) OR (m.type IN ('anonymous', 'organization') AND count(x.id) > 0)
        """,
    ),
    Invariant(
        "M04",
        "memberships",
        "a person is in a membership once at a time",
        "End the younger of the two members.",
        """
        SELECT min(x.id), count(*) || ' times in membership ' || x.membership_id FROM member x
        WHERE x.ended_at IS NULL GROUP BY x.membership_id, x.customer_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "M05",
        "memberships",
        "every membership has a number, unique in its program",
        "Give the younger membership a new number.",
        """
        SELECT max(m.id), 'number ' || m.number || ' was given ' || count(*) || ' times' FROM membership m
        GROUP BY m.program_id, m.number HAVING count(*) > 1
        UNION ALL SELECT m.id, 'no number' FROM membership m WHERE m.number = ''
        """,
    ),
    Invariant(
        "M06",
        "memberships",
        "type and status are known; an end has a time and a reason, and only ended ones have",
        "Complete the end, or clear it.",
        """
        SELECT m.id, m.type || ', ' || m.status || ', ended ' || coalesce(m.ended_at::text, 'never') FROM membership m
        WHERE m.type NOT IN ('standard', 'shared', 'group', 'anonymous', 'organization')
            OR m.status NOT IN ('inactive', 'active', 'suspended', 'expired')
            OR (m.status = 'expired') <> (m.ended_at IS NOT NULL) OR (m.status = 'expired') <> (m.end_reason <> '')
        """,
    ),
    Invariant(
        "M07",
        "memberships",
        "only ended memberships have a successor, and merged ones have: in the same program, without a circle",
        "Point it to the current participation of the person its number was issued to.",
        """
        SELECT m.id, m.status || ', superseded by ' || m.superseded_by_id FROM membership m
        LEFT JOIN memberships_membership s ON s.id = m.superseded_by_id
        WHERE m.superseded_by_id IS NOT NULL
            AND (m.status <> 'expired' OR s.id IS NULL OR s.program_id <> m.program_id)
        UNION ALL
        SELECT m.id, 'merged into nothing' FROM membership m
        WHERE m.end_reason = 'merged' AND m.superseded_by_id IS NULL
        UNION ALL
        SELECT c.id, 'its successors go round in a circle' FROM (
            WITH RECURSIVE chain (id, next) AS (
                SELECT m.id, m.superseded_by_id FROM membership m WHERE m.superseded_by_id IS NOT NULL
                UNION
                SELECT chain.id, m.superseded_by_id FROM chain JOIN memberships_membership m ON m.id = chain.next
                WHERE m.superseded_by_id IS NOT NULL
            ) SELECT id FROM chain WHERE next = id
        ) c
        """,
    ),
    Invariant(
        "M08",
        "memberships",
        "nothing is posted for an organization as such, nor for events after the end",
        "Reverse the posting; post it for the current participation of the person.",
        """
        SELECT p.id, p.kind || ' at ' || p.occurred_at || ' for membership ' || m.id || ', ' || m.type || ', ended '
            || coalesce(m.ended_at::text, 'never') FROM posting p
        JOIN memberships_membership m ON m.own_set_id = p.for_set_id
        WHERE p.kind NOT IN ('expire', 'merge', 'split', 'undo', 'reverse', 'capture')
            AND (m.type = 'organization' OR p.occurred_at > m.ended_at)
        """,
    ),
    Invariant(
        "M09",
        "memberships",
        "who takes part now is a customer, neither erased nor merged into another",
        "End the participation, or bring it to the record that goes on.",
        """
        SELECT x.id, 'customer ' || x.customer_id || coalesce(' is ' || c.status, ' does not exist') FROM member x
        JOIN memberships_membership m ON m.id = x.membership_id AND m.current
        LEFT JOIN customers_customer c ON c.id = x.customer_id
        WHERE x.ended_at IS NULL AND (c.id IS NULL OR c.erased_at IS NOT NULL OR c.merged_into_id IS NOT NULL)
        """,
    ),
    Invariant(
        "M10",
        "memberships",
        "a member carries program and currentness of its membership",
        "Set both from the membership.",
        """
        SELECT x.id, 'member of program ' || x.program_id || ', current ' || x.current || '; membership of '
            || coalesce(m.program_id::text, 'none') || ', current ' || coalesce(m.current::text, 'none') FROM member x
        LEFT JOIN memberships_membership m ON m.id = x.membership_id
        WHERE (x.program_id, x.current) IS DISTINCT FROM (m.program_id, m.current)
        """,
    ),
    Invariant(
        "M11",
        "memberships",
        "a membership stands on one tier per ladder, a tier of that ladder",
        "End the older standing.",
        """
        SELECT max(s.id), count(*) || ' open standings of membership ' || s.membership_id FROM standing s
        WHERE s.ended_at IS NULL GROUP BY s.membership_id, s.group_id HAVING count(*) > 1
        UNION ALL
        SELECT s.id, 'tier ' || s.tier_id || ' is not of ladder ' || s.group_id FROM standing s
        LEFT JOIN programs_tier t ON t.id = s.tier_id LEFT JOIN programs_tiergroup g ON g.id = s.group_id
        WHERE t.group_id IS DISTINCT FROM s.group_id OR g.program_id IS DISTINCT FROM s.program_id
        """,
    ),
)
