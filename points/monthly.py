"""What a month did to each account of a point type, by the time of recording, as statements go (domain 1.6)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection

AT_ONCE = 1_000
SUMS = """
WITH acc AS MATERIALIZED (
    SELECT id, account_set_id, balance FROM points_pointaccount
    WHERE point_type_id = %(type)s AND id > %(after)s ORDER BY id LIMIT %(limit)s
)
SELECT acc.id, acc.account_set_id, m.earned, m.redeemed, m.expired, m.other, m.closing FROM acc LEFT JOIN LATERAL (
    SELECT COALESCE(sum(e.amount) FILTER (WHERE p.kind = 'earn'), 0)::bigint AS earned,
        COALESCE(sum(e.amount) FILTER (WHERE p.kind IN ('redeem', 'capture')), 0)::bigint AS redeemed,
        COALESCE(sum(e.amount) FILTER (WHERE p.kind = 'expire'), 0)::bigint AS expired,
        COALESCE(sum(e.amount) FILTER (WHERE p.kind NOT IN ('earn', 'redeem', 'capture', 'expire')), 0)::bigint
            AS other,
        (array_agg(e.balance_after ORDER BY e.number DESC))[1] AS closing
    FROM points_entry e JOIN points_posting p ON p.id = e.posting_id
    WHERE e.account_id = acc.id AND p.recorded_at >= %(since)s AND p.recorded_at < %(until)s
) m ON true ORDER BY acc.id
"""


@dataclass(frozen=True, slots=True)
class Month:
    account_id: int
    set_id: int
    earned: int
    redeemed: int
    expired: int
    other: int
    closing: int

    @property
    def opening(self) -> int:
        return self.closing - self.earned - self.redeemed - self.expired - self.other


def months_of(point_type_id: int, *, since: datetime, until: datetime) -> Iterator[list[Month]]:
    """The accounts with a posting recorded at or after `since` and before `until`, in batches by account."""
    after = 0
    while True:
        with connection.cursor() as cursor:
            given: dict[str, Any] = {
                "type": point_type_id,
                "after": after,
                "limit": AT_ONCE,
                "since": since,
                "until": until,
            }
            cursor.execute(SUMS, given)
            rows = cursor.fetchall()
        if not rows:
            return
        after = rows[-1][0]
        # Without a posting there is no closing balance among them.
        yield [Month(*row) for row in rows if row[-1] is not None]
