"""Invariants of what rules did: their effects, what they posted, and what caps and budgets count."""

from common.audit import Invariant, Source

OF_RULES = "rule_id IN (SELECT id FROM activities_rewardrule WHERE program_id = %(program)s)"
OF_CAMPAIGNS = "campaign_id IN (SELECT id FROM activities_campaign WHERE program_id = %(program)s)"
SOURCES = (
    Source("effect", "activities_ruleeffect", program="program_id = %(program)s"),
    Source("rule_use", "activities_ruleuse", program=OF_RULES),
    Source("campaign_place", "activities_campaignmember", program="program_id = %(program)s"),
    Source("spending", "activities_campaignspending", program=OF_CAMPAIGNS),
)
INVARIANTS = (
    Invariant(
        "T03",
        "activities",
        "what was refused or failed says why, and nothing else does but what waits once more",
        "Process the activity again, which writes the reason anew.",
        """
        SELECT v.id, v.status || ': ' || coalesce(v.problem::text, 'no reason') FROM activity v
        WHERE v.status <> 'received' AND (v.status IN ('refused', 'failed')) <> (v.problem IS NOT NULL)
        """,
    ),
    Invariant(
        "T04",
        "activities",
        "versions of rules have effects on processed activities of their program, posted for those",
        "Reverse the posting; the effect stays as a record of what was done.",
        """
        SELECT f.id, 'activity ' || f.activity_id || ' is ' || coalesce(v.status, 'not there') || ', posting '
            || coalesce(p.id::text, 'none') || ', version of program ' || coalesce(r.program_id::text, 'none')
        FROM effect f
        LEFT JOIN activities_memberactivity v ON v.id = f.activity_id LEFT JOIN points_posting p ON p.id = f.posting_id
        LEFT JOIN activities_ruleversion r ON r.id = f.rule_version_id
        WHERE v.id IS NULL OR v.status NOT IN ('processed', 'reversed') OR v.program_id <> f.program_id
            OR r.program_id IS DISTINCT FROM f.program_id
            OR p.cause_kind <> 'activity' OR p.cause_id <> v.id OR (f.points <> 0) <> (f.posting_id IS NOT NULL)
        """,
    ),
    Invariant(
        "T05",
        "activities",
        "what rules give and take of each type is what their posting moved",
        "Reverse the posting, book the effects' points by an adjustment.",
        """
        SELECT f.activity, 'posting ' || f.posting || ': effects ' || f.points || ', entries ' || coalesce(n.amount, 0)
        FROM (
            SELECT posting_id AS posting, point_type_id AS type, min(activity_id) AS activity, sum(points) AS points,
                count(*) OVER (PARTITION BY posting_id) AS types
            FROM effect WHERE posting_id IS NOT NULL GROUP BY posting_id, point_type_id
        ) f CROSS JOIN LATERAL (
            SELECT sum(e.amount) FILTER (WHERE a.point_type_id = f.type) AS amount, count(*) AS entries
            FROM points_entry e JOIN points_pointaccount a ON a.id = e.account_id WHERE e.posting_id = f.posting
        ) n WHERE n.amount IS DISTINCT FROM f.points OR n.entries <> f.types
        """,
    ),
    Invariant(
        "T06",
        "activities",
        "a capped rule was used as often, and for as many points, as its effects say",
        "Count again: set times and points to those of the effects.",
        """
        SELECT coalesce(u.rule_id, e.rule_id), 'membership ' || coalesce(u.member, e.member) || ': counted '
            || coalesce(u.times, 0) || ' times, ' || coalesce(u.points, 0) || ' points; effects '
            || coalesce(e.times, 0) || ' times, ' || coalesce(e.points, 0) || ' points'
        FROM (
            SELECT rule_id, coalesce(membership_id, 0) AS member, day IS NOT NULL AS daily, sum(times) AS times,
                sum(points) AS points
            FROM rule_use GROUP BY 1, 2, 3
        ) u FULL JOIN (
            SELECT rule_id, member, daily, count(*) AS times, sum(points) AS points FROM (
                SELECT r.rule_id, CASE c.scope WHEN 'program' THEN 0 ELSE v.membership_id END AS member,
                    c.scope = 'day' AS daily, f.activity_id, sum(greatest(f.points, 0)) AS points
                FROM effect f JOIN activities_ruleversion r ON r.id = f.rule_version_id
                JOIN activities_memberactivity v ON v.id = f.activity_id
                CROSS JOIN LATERAL (
                    SELECT cap ->> 'scope' AS scope FROM jsonb_array_elements(
                        CASE jsonb_typeof(r.definition -> 'caps') WHEN 'array' THEN r.definition -> 'caps' END) cap
                ) c GROUP BY 1, 2, 3, 4
            ) one GROUP BY 1, 2, 3
        ) e ON e.rule_id = u.rule_id AND e.member = u.member AND e.daily = u.daily
        WHERE (coalesce(u.times, 0), coalesce(u.points, 0)) <> (coalesce(e.times, 0), coalesce(e.points, 0))
        """,
    ),
    Invariant(
        "T07",
        "activities",
        "a campaign has given the points its effects say, and not more than its budget",
        "Set the points given to the sum of its effects; stop the campaign if that is above its budget.",
        """
        SELECT coalesce(s.campaign_id, e.campaign), coalesce(s.points, 0) || ' given of '
            || coalesce(s.budget::text, 'no budget') || ', effects ' || coalesce(e.points, 0)
        FROM spending s FULL JOIN (
            SELECT (because ->> 'campaign')::bigint AS campaign, sum(points) AS points FROM effect
            WHERE points > 0 AND because ->> 'campaign' IS NOT NULL GROUP BY 1
        ) e ON e.campaign = s.campaign_id
        WHERE coalesce(s.points, 0) <> coalesce(e.points, 0) OR s.points > s.budget
        """,
    ),
    Invariant(
        "T08",
        "activities",
        "a membership is in a campaign of its program once at a time, and one that went into another in none",
        "End the place; give one to the membership that goes on, if it has none.",
        """
        SELECT c.id, 'membership ' || c.membership_id || ' in campaign ' || c.campaign_id || ' since ' || c.joined_at
        FROM campaign_place c JOIN memberships_membership m ON m.id = c.membership_id
        LEFT JOIN activities_campaign g ON g.id = c.campaign_id
        WHERE g.program_id IS DISTINCT FROM c.program_id OR m.program_id <> c.program_id OR c.left_at < c.joined_at
            OR (c.left_at IS NULL AND NOT m.current AND m.end_reason IN ('merged', 'split_up', 'undone'))
        UNION ALL
        SELECT max(c.id), count(*) || ' open places of membership ' || c.membership_id FROM campaign_place c
        WHERE c.left_at IS NULL GROUP BY c.campaign_id, c.membership_id HAVING count(*) > 1
        """,
    ),
)
