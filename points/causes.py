"""Why postings exist: the kinds of `cause_kind` and the table that `cause_id` is a row of.

Tables stand here by name, because some belong to apps above this one. `None`: the id says which run it was and
names no row.
"""

CAUSES: dict[str, str | None] = {
    "activity": "activities_memberactivity",
    "adjustment": "points_adjustment",
    "hold": "points_hold",
    "membership": "memberships_membership",
    "posting": "points_posting",
    "run": None,
}
