"""Why postings exist: every kind of cause and the table its id stands in. No foreign key; the audit checks it."""

# The table as "app.Model": apps above this one are named, never imported.
CAUSES: dict[str, str] = {
    "activity": "activities.MemberActivity",
    "adjustment": "points.Adjustment",
    "hold": "points.Hold",
    "reversal": "points.Reversal",
    "change": "memberships.MembershipChange",
    "membership": "memberships.Membership",
    # Points past their time, by the rule of their type.
    "point_type": "programs.PointType",
}
