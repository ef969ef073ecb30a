"""Invariants of what is kept about memberships besides points: tiers, their reviews, attributes, labels."""

from common.audit import Invariant

INVARIANTS = (
    Invariant(
        "D01",
        "tiers",
        "standings of a membership on a ladder follow one another; but for what a change or its undo brings",
        "Set the end of the earlier standing to the time the later one began.",
        """
        SELECT x.id, 'since ' || x.since || ', while another one lasted' FROM (
            SELECT s.id, s.membership_id, s.since, s.ended_at, max(s.ended_at) OVER earlier AS over,
                bool_or(s.ended_at IS NULL) OVER earlier AS lasts
            FROM standing s WHERE s.source <> 'change' AND s.ended_at IS DISTINCT FROM s.since
            WINDOW earlier AS (PARTITION BY s.membership_id, s.group_id ORDER BY s.since, s.id
                ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)
        ) x WHERE (x.over > x.since OR (x.lasts AND x.ended_at IS NOT NULL)) AND NOT EXISTS (
            SELECT 1 FROM memberships_changeparty p
            JOIN memberships_membershipchange g ON g.id = p.change_id AND g.status = 'undone'
            JOIN memberships_membershipchange u ON u.undoes_id = g.id AND u.status = 'carried_out'
            WHERE p.membership_id = x.membership_id AND x.since BETWEEN g.carried_out_at AND u.carried_out_at)
        UNION ALL
        SELECT s.id, 'ended at ' || s.ended_at || ', before it began' FROM standing s WHERE s.ended_at < s.since
        """,
    ),
    Invariant(
        "D02",
        "tiers",
        "nobody stands below the tier that their agreement keeps, unless staff decided so since",
        "Put the membership on the tier of its agreement, citing it.",
        """
        SELECT n.id, 'tier ' || n.tier_id || ' below tier ' || s.tier_id || ' of agreement ' || s.agreement_id
        FROM standing s JOIN programs_tier kept ON kept.id = s.tier_id
        JOIN memberships_inheritedagreement i ON i.membership_id = s.membership_id AND i.ended_at IS NULL
            AND i.agreement_id = s.agreement_id AND i.version = s.agreement_version
        JOIN memberships_membership m ON m.id = s.membership_id AND m.current
        JOIN memberships_tierstanding n ON n.membership_id = s.membership_id AND n.group_id = s.group_id
            AND n.ended_at IS NULL
        JOIN programs_tier t ON t.id = n.tier_id
        WHERE t.rank < kept.rank AND (s.until IS NULL OR s.until > %(now)s::timestamptz) AND NOT EXISTS (
            SELECT 1 FROM memberships_tierstanding b WHERE b.membership_id = s.membership_id
                AND b.group_id = s.group_id AND b.source = 'manual' AND b.since >= s.since)
        """,
    ),
    Invariant(
        "D03",
        "tiers",
        "a period of a ladder is reviewed once and each repetition counted, by tiers of that ladder, after its end",
        "Find out which review counted; the rows are never changed.",
        """
        SELECT max(r.id), count(*) || ' reviews of membership ' || r.membership_id || ', counted up to ' || max(r.again)
        FROM tier_review r GROUP BY r.membership_id, r.group_id, r.period_end
        HAVING count(*) <> max(r.again) + 1 OR count(DISTINCT r.again) <> count(*)
        UNION ALL
        SELECT r.id, 'of ladder ' || r.group_id || ': ' || coalesce(r.before_id::text, 'none') || ' -> '
            || coalesce(r.after_id::text, 'none') || ' at ' || r.reviewed_at
        FROM tier_review r LEFT JOIN programs_tiergroup g ON g.id = r.group_id
        LEFT JOIN programs_tier b ON b.id = r.before_id LEFT JOIN programs_tier a ON a.id = r.after_id
        WHERE g.program_id IS DISTINCT FROM r.program_id OR r.reviewed_at < r.period_end
            OR (r.before_id IS NOT NULL AND b.group_id IS DISTINCT FROM r.group_id)
            OR (r.after_id IS NOT NULL AND a.group_id IS DISTINCT FROM r.group_id)
        """,
    ),
    Invariant(
        "D04",
        "attributes",
        "a membership has one value of an attribute, of its program and of the attribute's type",
        "Set the value again by its verb, or delete the one that is of no use.",
        """
        SELECT v.id, 'attribute ' || v.definition_id || ' is a ' || coalesce(d.type, 'nothing') FROM attribute_value v
        JOIN memberships_membership m ON m.id = v.membership_id
        LEFT JOIN programs_attributedefinition d ON d.id = v.definition_id
        WHERE d.program_id IS DISTINCT FROM v.program_id OR m.program_id <> v.program_id
            OR num_nonnulls(v.number, v.text, v.flag, v.day) <> 1
            OR CASE d.type WHEN 'number' THEN v.number IS NULL WHEN 'flag' THEN v.flag IS NULL
                WHEN 'date' THEN v.day IS NULL ELSE v.text IS NULL END
        UNION ALL
        SELECT max(v.id), count(*) || ' values of attribute ' || v.definition_id FROM attribute_value v
        GROUP BY v.membership_id, v.definition_id HAVING count(*) > 1
        """,
    ),
    Invariant(
        "D05",
        "labels",
        "a membership has a label of its program, once at a time, which ends after it began",
        "End the younger of two; remove a label of another program.",
        """
        SELECT l.id, 'label ' || l.label_id || ' since ' || l.since FROM label_given l
        JOIN memberships_membership m ON m.id = l.membership_id LEFT JOIN programs_label p ON p.id = l.label_id
        WHERE p.program_id IS DISTINCT FROM l.program_id OR m.program_id <> l.program_id OR l.ended_at < l.since
        UNION ALL
        SELECT max(l.id), 'label ' || l.label_id || ' ' || count(*) || ' times' FROM label_given l
        WHERE l.ended_at IS NULL GROUP BY l.membership_id, l.label_id HAVING count(*) > 1
        """,
    ),
)
