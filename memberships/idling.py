"""Memberships nobody used for months (domain 1.5): since when, by the activity their accounts and pools know of."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.db import connection

from programs.expiry import add_months, start_of_day
from programs.models import Program

# Enrolment and activation count as the first activity; transfers, corrections and changes are none (domain 1.6).
IDLE = """
SELECT m.id, GREATEST(m.enrolled_at, m.activated_at, used.last) AS since
FROM memberships_membership m LEFT JOIN LATERAL (
    SELECT max(GREATEST(s.activity_at, a.last_activity_at)) AS last
    FROM points_pointaccountset s LEFT JOIN points_pointaccount a ON a.account_set_id = s.id
    WHERE s.id IN (m.own_set_id, m.pool_id)
) used ON true
WHERE m.program_id = %(program)s AND m.current AND m.type <> 'organization'
  AND (%(ids)s::bigint[] IS NULL OR m.id = ANY(%(ids)s::bigint[]))
  AND GREATEST(m.enrolled_at, m.activated_at, used.last) < %(before)s
ORDER BY m.id
"""


def idle_before(program: Program, today: date) -> datetime | None:
    """Whose last activity is older ends today; None where the program ends nobody for that."""
    if not program.idle_months:
        return None
    return start_of_day(add_months(today, -program.idle_months), program.zone)


def idle_memberships(program: Program, *, before: datetime, ids: Sequence[int] | None = None) -> list[int]:
    """Current memberships without activity since then, of all or of those; an organization's umbrella is no one's."""
    given: dict[str, Any] = {"program": program.pk, "before": before, "ids": None if ids is None else list(ids)}
    with connection.cursor() as cursor:
        cursor.execute(IDLE, given)
        return [pk for pk, _ in cursor.fetchall()]
