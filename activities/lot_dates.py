"""From when and until when points earned by an event are usable."""

from datetime import datetime
from typing import Any

from programs import tiers
from programs.design import Design
from programs.expiry import available_at, expires_at
from programs.models import ExpiryPolicy, FedBy, PointType, TierGroup


def lot_dates(
    point_type: PointType, design: Design, *, at: datetime, enrolled_at: datetime
) -> tuple[datetime | None, datetime | None]:
    """(usable from, usable before) of a lot earned at `at`; None: at once, and never."""
    if point_type.expiry_policy == ExpiryPolicy.TIER_PERIOD:
        period = period_end(point_type, design, at=at, enrolled_at=enrolled_at)
        until = expires_at(point_type, earned_at=at, zone=design.zone, period_end=period)
    else:
        until = _of_day(point_type, design, at)
    return available_at(point_type, earned_at=at), until


def _of_day(point_type: PointType, design: Design, at: datetime) -> datetime | None:
    """All that is earned on one local day ends together: worked out once, for queues ask a thousand times a second."""
    known: Any = design.derived.setdefault("lot_ends", {})
    key = point_type.id, at.astimezone(design.zone).date()
    if key not in known:
        known[key] = expires_at(point_type, earned_at=at, zone=design.zone)
    found: datetime | None = known[key]
    return found


def period_end(point_type: PointType, design: Design, *, at: datetime, enrolled_at: datetime) -> datetime | None:
    group = _fed_group(point_type, design)
    if group is None:
        return None
    return tiers.counts_until(group, earned_at=at, enrolled_at=enrolled_at, zone=design.zone)


def _fed_group(point_type: PointType, design: Design) -> TierGroup | None:
    """The ladder that the type feeds; kept with the design's version, for each lot asks."""
    name = f"fed_group/{point_type.pk}"
    if name not in design.derived:
        fed = TierGroup.objects.filter(point_type=point_type, fed_by=FedBy.POINTS).order_by("pk").first()
        design.derived[name] = fed
    found: TierGroup | None = design.derived[name]  # type: ignore[assignment]
    return found
