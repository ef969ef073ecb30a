"""The figures of the dashboard: of one program, each with the time it was worked out."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.core.cache import cache

from activities.analytics.programs import NAME as ANALYSIS
from activities.analytics.programs import counts_of
from activities.models import ActivityStatus, AwardStatus, BulkAward, Claim, ClaimStatus, MemberActivity
from activities.rule_months import NAME as RULES
from activities.rule_months import counts_of as counts_of_rules
from common import clock
from memberships.changes.waiting import count_of
from memberships.counting import membership_counts
from memberships.models import ChangeStatus
from points.forecast import next_days_of
from points.liability import Liability, TypeMonth, liability, this_month
from points.models import Adjustment, AdjustmentStatus, Hold
from programs.design import design_of
from programs.kept import Compute, Computed, figures_of
from programs.models import PointKind, Program

MONTHS = 12
# Sums are the same for everybody who may see the program; what waits for work is always counted anew.
CACHED_SECONDS = 60
# What the daily run keeps of a grown program.
KEPT: Mapping[str, Compute] = {
    "members": membership_counts,
    "forecast": next_days_of,
    ANALYSIS: counts_of,
    RULES: counts_of_rules,
}


@dataclass(frozen=True, slots=True)
class Sums:
    """What changes slowly. `computed_at` is the oldest of their times."""

    members: Computed
    expiring: Computed
    report: Liability

    @property
    def computed_at(self) -> datetime:
        return min(self.members.at, self.expiring.at)

    def months_of(self, code: str) -> list[TypeMonth]:
        return [row for row in self.report.rows if row.point_type.code == code]

    def now(self) -> list[TypeMonth]:
        """The running month of every point type."""
        return self.report.of_month(self.report.months[-1])

    def value(self) -> Decimal:
        """What is owed in money: redeemable points only, qualifying ones buy nothing."""
        spendable = (row for row in self.now() if row.point_type.kind == PointKind.REDEEMABLE)
        return sum((row.value(row.closing) for row in spendable), Decimal(0))


@dataclass(frozen=True, slots=True)
class Waiting:
    """What waits for somebody."""

    adjustments: int
    failed_activities: int
    open_holds: int
    held_points: int
    changes_waiting: int
    changes_agreed: int
    claims: int
    awards: int


def sums_of(program: Program) -> Sums:
    """At most a minute old, by the members and tiers and point types of the present design."""
    design = design_of(program.pk)
    key = f"desk-home-{program.pk}-{design.version}-{this_month(design)}"
    known = cache.get(key)
    if known is None:
        report = liability(design, month=this_month(design), months=MONTHS)
        members, expiring = (figures_of(program, name, KEPT[name]) for name in ("members", "forecast"))
        # Not the design itself: what other apps derived from it is made for this process.
        known = members, expiring, report.months, report.rows, report.computed_at, report.kept_through
        cache.set(key, known, CACHED_SECONDS)
    members, expiring, *read = known
    return Sums(members, expiring, Liability(design, *read))


def waiting_in(program: Program) -> Waiting:
    holds = Hold.objects.filter(program=program).in_force(clock.program_now(program))
    points = list(holds.values_list("points", flat=True))
    return Waiting(
        adjustments=Adjustment.objects.filter(program=program, status=AdjustmentStatus.WAITING).count(),
        failed_activities=MemberActivity.objects.filter(program=program, status=ActivityStatus.FAILED).count(),
        open_holds=len(points),
        held_points=sum(points),
        changes_waiting=count_of(program, ChangeStatus.AWAITING_CONSENT),
        changes_agreed=count_of(program, ChangeStatus.AGREED),
        claims=Claim.objects.filter(program=program, status=ClaimStatus.OPEN).count(),
        awards=BulkAward.objects.filter(program=program, status=AwardStatus.WAITING).count(),
    )
