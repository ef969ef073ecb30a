"""Statements over a whole wave of activities: arrays in, one round trip each."""

# What rules may read of a membership; each is asked only where some rule reads it. `w` is the row of the wave.
STATE_PARTS = {
    "tiers": """
        (SELECT array_agg(s.tier_id) FROM memberships_tierstanding s WHERE s.membership_id = w.membership
            AND s.since <= w.at AND (s.ended_at IS NULL OR s.ended_at > w.at))""",
    "attributes": """
        (SELECT jsonb_agg(jsonb_build_array(v.definition_id, v.number::text, v.text, v.flag, v.day))
            FROM memberships_attributevalue v WHERE v.membership_id = w.membership)""",
    "labels": """
        (SELECT array_agg(l.label_id) FROM memberships_membershiplabel l
            WHERE l.membership_id = w.membership AND l.ended_at IS NULL)""",
    "campaigns": """
        (SELECT array_agg(c.campaign_id) FROM activities_campaignmember c
            WHERE c.membership_id = w.membership AND c.campaign_id = ANY(%(campaigns)s) AND c.left_at IS NULL)""",
    "points": """
        (SELECT jsonb_object_agg(a.point_type_id, GREATEST(0, a.balance - f.held - f.unusable))
            FROM points_pointaccount a CROSS JOIN LATERAL points_figures(a.id, w.at, %(now)s) f
            WHERE a.account_set_id IN (w.own_set, w.pool) AND a.point_type_id = ANY(%(types)s) AND NOT a.closed)""",
    "birth_date": "(SELECT c.birth_date FROM customers_customer c WHERE c.id = w.person)",
    "language": "(SELECT c.language FROM customers_customer c WHERE c.id = w.person)",
}
WAVE = """
unnest(%(w_activity)s::bigint[], %(w_membership)s::bigint[], %(w_person)s::bigint[], %(w_own_set)s::bigint[],
    %(w_pool)s::bigint[], %(w_at)s::timestamptz[]) AS w(activity, membership, person, own_set, pool, at)
"""
STATES = "SELECT w.activity, {parts} FROM " + WAVE

NEW_USES = """
INSERT INTO activities_ruleuse (rule_id, membership_id, day, times, points)
SELECT rule, NULL, NULL, 0, 0 FROM unnest(%(rules)s::bigint[]) AS t(rule)
ON CONFLICT DO NOTHING
"""
# Uses of one membership stand behind its lock; those of the whole program have none but their own.
SHARED_USES = """
SELECT rule_id, times, points FROM activities_ruleuse
WHERE rule_id = ANY(%(rules)s) AND membership_id IS NULL AND day IS NULL
ORDER BY rule_id FOR NO KEY UPDATE
"""
USES = """
SELECT rule_id, membership_id, day, times, points FROM activities_ruleuse
WHERE rule_id = ANY(%(rules)s) AND membership_id = ANY(%(memberships)s) AND (day IS NULL OR day = ANY(%(days)s::date[]))
"""
NEW_SPENDING = """
INSERT INTO activities_campaignspending (campaign_id, points, budget)
SELECT c.id, 0, c.point_budget FROM activities_campaign c WHERE c.id = ANY(%(campaigns)s) ORDER BY c.id
ON CONFLICT DO NOTHING
"""
BUDGETS = """
SELECT campaign_id, budget - points FROM activities_campaignspending WHERE campaign_id = ANY(%(campaigns)s)
ORDER BY campaign_id FOR NO KEY UPDATE
"""

COUNT_USES = """
INSERT INTO activities_ruleuse AS u (rule_id, membership_id, day, times, points)
SELECT * FROM unnest(%(u_rule)s::bigint[], %(u_membership)s::bigint[], %(u_day)s::date[], %(u_times)s::bigint[],
    %(u_points)s::bigint[])
ON CONFLICT (rule_id, membership_id, day) DO UPDATE SET times = u.times + excluded.times,
    points = u.points + excluded.points
"""
COUNT_SPENDING = """
INSERT INTO activities_campaignspending AS s (campaign_id, points, budget)
SELECT c.id, t.points, c.point_budget
FROM unnest(%(campaign)s::bigint[], %(points)s::bigint[]) AS t(campaign, points)
JOIN activities_campaign c ON c.id = t.campaign ORDER BY c.id
ON CONFLICT (campaign_id) DO UPDATE SET points = s.points + excluded.points
"""
EFFECTS = """
INSERT INTO activities_ruleeffect (activity_id, program_id, rule_version_id, position, action, point_type_id, points,
    because, posting_id)
SELECT activity, %(program)s, version, position, action, type, points, because, posting
FROM ROWS FROM (unnest(%(e_activity)s::bigint[], %(e_version)s::bigint[], %(e_position)s::smallint[],
    %(e_action)s::text[], %(e_type)s::bigint[], %(e_points)s::bigint[], %(e_posting)s::bigint[]),
    jsonb_array_elements(%(e_because)s::jsonb))
    AS t(activity, version, position, action, type, points, posting, because)
"""
# A row that another process finished meanwhile is left as it is; the caller compares the count. The planner takes CASE
# for half of the rows: bare conditions, without statistics of these activities, promise one row, and then each of the
# wave is compared with each.
FINISH = """
UPDATE activities_memberactivity v SET status = t.status, posting_id = t.posting, problem = t.problem::jsonb,
    processed_at = %(now)s
FROM unnest(%(v_id)s::bigint[], %(v_status)s::text[], %(v_posting)s::bigint[], %(v_problem)s::text[])
    AS t(id, status, posting, problem)
WHERE v.id = t.id AND v.id = ANY(%(v_id)s::bigint[])
    AND CASE WHEN v.program_id = %(program)s AND v.status IN ('received', 'failed') THEN true END
"""
