"""Until when the points of a set do not expire, by the tiers its memberships stand on (domain 1.6, 1.7)."""

from collections.abc import Collection
from datetime import UTC, datetime

from django.db import connection
from django.db.models import Min

from common.db import lock_rows
from memberships.models import Membership, MembershipType
from points.models import PointAccountSet

# A tier that exempts for as long as the membership stands on it.
OPEN_END = datetime(9999, 12, 31, tzinfo=UTC)

EXEMPT = """
UPDATE points_pointaccountset s SET exempt_until = e.until
FROM memberships_membership m
CROSS JOIN LATERAL (
    SELECT max(COALESCE(st.until, %s)) AS until
    FROM memberships_tierstanding st JOIN programs_tier t ON t.id = st.tier_id AND t.exempt_from_expiry
    WHERE st.membership_id = m.id AND st.ended_at IS NULL
) e
WHERE m.id = ANY(%s) AND s.id = m.own_set_id
RETURNING m.pool_id, e.until
"""


def refresh_exemption(membership: Membership) -> None:
    """Tell the own set until when its points do not expire, by the tiers the membership stands on; then its pool."""
    refresh_exemptions([membership.pk])


def refresh_exemptions(membership_ids: Collection[int]) -> None:
    """The same for many, and for each of their pools once."""
    with connection.cursor() as cursor:
        cursor.execute(EXEMPT, [OPEN_END, sorted(membership_ids)])
        told = cursor.fetchall()
    one_is_not = {pool_id for pool_id, until in told if until is None}
    for pool_id in sorted({pool_id for pool_id, _ in told if pool_id is not None}):
        refresh_pool_exemption(pool_id, one_is_not=pool_id in one_is_not)


def refresh_pool_exemption(pool_id: int, *, one_is_not: bool = False) -> None:
    """A pool is exempt only while all its members are: until the first of their exemptions ends.

    Two members' standings may change at once: whoever comes second waits for the set, then reads the first. With
    `one_is_not` a member is known who is not exempt; thousands of others need not be asked then.
    """
    (pool,) = lock_rows(PointAccountSet.objects.filter(pk=pool_id))
    if one_is_not:
        if pool.exempt_until is not None:
            PointAccountSet.objects.filter(pk=pool_id).update(exempt_until=None)
        return
    sharing = Membership.objects.filter(pool=pool_id, current=True, type=MembershipType.SHARED)
    # One who is not exempt is enough, and soon found among many.
    until = None
    if not sharing.filter(own_set__exempt_until__isnull=True).exists():
        until = sharing.aggregate(first=Min("own_set__exempt_until"))["first"]
    PointAccountSet.objects.filter(pk=pool_id).update(exempt_until=until)
