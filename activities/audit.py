"""Invariants of member activities."""

from common.audit import Invariant, Source

SOURCES = (Source("activity", "activities_memberactivity", program="program_id = %(program)s"),)
INVARIANTS = (
    Invariant(
        "T01",
        "activities",
        "what earned or redeemed names its posting; what was not processed names none, unless its figures were posted "
        "before a rule failed",
        "Link the posting whose cause the activity is, or process the activity again.",
        """
        SELECT v.id, v.status || ' with posting ' || coalesce(v.posting_id::text, 'none') FROM activity v
        JOIN activities_activitytype t ON t.id = v.type_id
        WHERE (v.posting_id IS NOT NULL AND v.status NOT IN ('processed', 'reversed')
                AND NOT (v.status = 'failed' AND t.flow <> 'none'))
            OR (v.posting_id IS NULL AND v.status IN ('processed', 'reversed') AND t.flow <> 'none')
        """,
    ),
    Invariant(
        "T02",
        "activities",
        "an activity and its posting belong to one program, and one membership's own set",
        "Reverse the posting and process the activity again.",
        """
        SELECT v.id, 'posting ' || v.posting_id || coalesce(' acts for set ' || p.for_set_id, ' is not there')
        FROM activity v JOIN memberships_membership m ON m.id = v.membership_id
        LEFT JOIN points_posting p ON p.id = v.posting_id
        WHERE v.posting_id IS NOT NULL AND (p.id IS NULL
            OR p.program_id <> v.program_id OR m.program_id <> v.program_id OR p.for_set_id <> m.own_set_id)
        """,
    ),
)
