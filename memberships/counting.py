"""How many memberships a program has, by status and by tier."""

from typing import Any

from django.db import connection

from programs.models import Program

BY_STATUS = "SELECT status, count(*) FROM memberships_membership WHERE program_id = %s GROUP BY 1"
# Those that go on; an ended membership stands on no rung any more.
BY_TIER = """
SELECT s.tier_id, count(*) FROM memberships_tierstanding s JOIN memberships_membership m ON m.id = s.membership_id
WHERE s.program_id = %s AND s.ended_at IS NULL AND m.status <> 'expired' GROUP BY 1
"""


def membership_counts(program: Program) -> dict[str, Any]:
    """{"status": {status: count}, "tier": {id of the tier as text: count}}; what has none is left out."""
    by_tier = {str(tier): count for tier, count in _rows(BY_TIER, program)}
    return {"status": dict(_rows(BY_STATUS, program)), "tier": by_tier}


def _rows(sql: str, program: Program) -> list[tuple[Any, int]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, [program.pk])
        return list(cursor.fetchall())
