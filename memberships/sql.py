"""The part of online statements that asks a membership whether it may, under its lock.

Composed by activities: the membership and its member are locked FOR SHARE and read again after waiting, so that a
suspension, merge or split either comes first and is seen, or waits.
"""

# Gives `able`: at most one row (membership, set, person) if the program is released in the design version the
# caller worked with, the state is among %(states)s and %(member)s, or else the only or main member, takes part.
ABLE = """
SELECT m.id, m.own_set_id, x.customer_id AS person,
    CASE WHEN %(pooled)s THEN COALESCE(m.pool_id, m.own_set_id) ELSE m.own_set_id END AS in_set
FROM memberships_membership m
JOIN memberships_member x ON x.membership_id = m.id AND x.is_open AND x.suspended_at IS NULL
    AND (x.customer_id = %(member)s OR (%(member)s::bigint IS NULL
         AND (m.main_member_id IS NULL OR m.main_member_id = x.id)))
JOIN programs_program p ON p.id = m.program_id AND p.status = 'released'
JOIN programs_designversion dv ON dv.program_id = p.id AND dv.version = %(design)s
WHERE m.id = %(membership)s AND m.program_id = %(program)s AND m.status || '/' || m.type = ANY(%(states)s)
"""
LOCK = "FOR SHARE OF m, x"

# Gives the set of the membership's points, able or not: a statement that asks ABLE later, with a younger snapshot,
# must find locked what it then takes for able. The lock keeps out whatever changes the members too.
HOME = """
SELECT CASE WHEN %(pooled)s THEN COALESCE(m.pool_id, m.own_set_id) ELSE m.own_set_id END AS in_set
FROM memberships_membership m WHERE m.id = %(membership)s AND m.program_id = %(program)s FOR SHARE OF m
"""
HOME_OF_RECEIVER = HOME.replace("%(membership)s", "%(to)s")

# The same of the membership %(to)s, whose main or only member receives.
ABLE_TO_RECEIVE = (
    ABLE.replace("%(membership)s", "%(to)s").replace("%(member)s", "%(nobody)s").replace("%(states)s", "%(in_states)s")
)
