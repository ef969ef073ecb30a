"""How a program does: who takes part, what they did, what points cost, what fees bring (domain 1.13).

Over twelve whole months, the running one included. Points are those of the liability report, so that both pages tell
the same: what was credited costs its money value, what expired costs nothing after all.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection

from points.liability import TypeMonth, bounds, liability, this_month
from points.liability_lines import EARNED, EXPIRED, REDEEMED
from programs.design import Design, design_of
from programs.expiry import add_months
from programs.kept import figures_of
from programs.models import PointKind, Program

MONTHS = 12
NAME = "analysis"
ZERO = Decimal(0)

MEMBERSHIPS = """
SELECT count(*) FILTER (WHERE current), count(*) FILTER (WHERE enrolled_at >= %(since)s AND enrolled_at < %(until)s),
    count(*) FILTER (WHERE ended_at >= %(since)s AND ended_at < %(until)s)
FROM memberships_membership WHERE program_id = %(program)s AND type <> 'organization'
"""
# Engaged is who takes part still; what a merged membership did counts for the one it went into.
ACTIVITIES = """
SELECT count(*), count(DISTINCT CASE WHEN m.current THEN m.id WHEN s.current THEN s.id END)
FROM activities_memberactivity v JOIN memberships_membership m ON m.id = v.membership_id
LEFT JOIN memberships_membership s ON s.id = m.superseded_by_id
WHERE v.program_id = %(program)s AND v.status = 'processed' AND v.occurred_at >= %(since)s
    AND v.occurred_at < %(until)s
"""
# What was bought less what came back, in the program's own currency. A receipt of a person that was told twice counts
# once, and so do its returns (activities.receipts says when it is one receipt).
SALES = """
WITH told AS (
    SELECT s.id, s.type, s.original_id, s.amount,
        s.type = 'purchase' AND s.customer_id IS NOT NULL AND s.amount IS NOT NULL AND row_number() OVER (
            PARTITION BY COALESCE(c.merged_into_id, c.id), s.type, s.reference, s.amount,
                (s.occurred_at AT TIME ZONE 'UTC')::date
            ORDER BY s.id
        ) > 1 AS again
    FROM activities_transaction s LEFT JOIN customers_customer c ON c.id = s.customer_id
    WHERE s.program_id = %(program)s AND s.currency = %(currency)s AND s.occurred_at >= %(since)s
        AND s.occurred_at < %(until)s
)
SELECT count(*) FILTER (WHERE type = 'purchase'),
    COALESCE(sum(CASE type WHEN 'purchase' THEN amount WHEN 'return' THEN -amount END), 0)
FROM told WHERE NOT again AND NOT EXISTS (SELECT FROM told o WHERE o.id = told.original_id AND o.again)
"""
FEES = """
SELECT COALESCE(sum(fee), 0) FROM memberships_membershipterm
WHERE program_id = %(program)s AND currency = %(currency)s AND paid_at >= %(since)s AND paid_at < %(until)s
"""
# Vouchers that rules gave; those of orders were paid with points.
VOUCHERS = """
SELECT COALESCE(sum(face), 0) FROM activities_voucher
WHERE program_id = %(program)s AND order_id IS NULL AND issued_at >= %(since)s AND issued_at < %(until)s
"""


@dataclass(frozen=True, slots=True)
class Analysis:
    """Of one program; money in its currency. `engaged`: there today, and did something in these months."""

    program: Program
    first: date
    last: date
    computed_at: datetime
    memberships: int
    enrolled: int
    ended: int
    engaged: int
    activities: int
    sales: int
    revenue: Decimal
    earned: Decimal
    redeemed: Decimal
    expired: Decimal
    owed: Decimal
    vouchers: Decimal
    fees: Decimal

    @property
    def engagement(self) -> Decimal:
        """Percent of the memberships there are, one decimal."""
        if not self.memberships:
            return ZERO
        return min(Decimal(100), Decimal(100 * self.engaged) / self.memberships).quantize(Decimal("0.1"))

    @property
    def cost(self) -> Decimal:
        """Of points and vouchers given, without the points that expired."""
        return self.earned - self.expired + self.vouchers

    @property
    def result(self) -> Decimal:
        """Fee income less what the benefits cost."""
        return self.fees - self.cost


def analysis_of(program: Program) -> Analysis:
    """Counts are at most a day old where a program has grown; points are exact."""
    design = design_of(program.pk)
    last = this_month(design)
    first = add_months(last, 1 - MONTHS)
    counted = figures_of(program, NAME, counts_of)
    figures: dict[str, Any] = {name: counted.figures[name] for name in COUNTS}
    figures |= {name: Decimal(counted.figures[name]) for name in AMOUNTS}
    figures |= _points(design, last)
    return Analysis(program=program, first=first, last=last, computed_at=counted.at, **figures)


COUNTS = ("memberships", "enrolled", "ended", "engaged", "activities", "sales")
AMOUNTS = ("revenue", "fees", "vouchers")


def counts_of(program: Program) -> dict[str, Any]:
    """What the daily run keeps of a grown program; amounts as text."""
    design = design_of(program.pk)
    last = this_month(design)
    given = {
        "program": program.pk,
        "currency": program.currency,
        "since": bounds(add_months(last, 1 - MONTHS), design)[0],
        "until": bounds(last, design)[1],
    }
    memberships, enrolled, ended = _row(MEMBERSHIPS, given)
    activities, engaged = _row(ACTIVITIES, given)
    sales, revenue = _row(SALES, given)
    return {
        "memberships": memberships,
        "enrolled": enrolled,
        "ended": ended,
        "engaged": engaged,
        "activities": activities,
        "sales": sales,
        "revenue": str(revenue),
        "fees": str(_row(FEES, given)[0]),
        "vouchers": str(_row(VOUCHERS, given)[0]),
    }


def _points(design: Design, last: date) -> dict[str, Decimal]:
    """Money values of redeemable points; qualifying ones buy nothing."""
    report = liability(design, month=last, months=MONTHS)
    rows = [row for row in report.rows if row.point_type.kind == PointKind.REDEEMABLE]
    return {
        "earned": _value(rows, EARNED),
        "redeemed": _value(rows, REDEEMED),
        "expired": _value(rows, EXPIRED),
        "owed": sum((row.value(row.closing) for row in rows if row.month == last), ZERO),
    }


def _value(rows: list[TypeMonth], column: str) -> Decimal:
    return sum((row.value(row.column(column)) for row in rows), ZERO)


def _row(sql: str, given: Mapping[str, Any]) -> tuple[Any, ...]:
    with connection.cursor() as cursor:
        cursor.execute(sql, given)
        row: tuple[Any, ...] = cursor.fetchone()
        return row
