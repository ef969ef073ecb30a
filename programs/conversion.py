"""What points of one type are worth in another of the same program (domain 1.6)."""

from datetime import datetime

from programs.errors import ConversionTooSmall, NoConversionRate
from programs.models import ConversionRate, PointType


def rate_at(from_type: PointType, to_type: PointType, at: datetime) -> ConversionRate:
    """The latest rate valid at `at`."""
    rate = (
        ConversionRate.objects.filter(from_type=from_type, to_type=to_type, valid_from__lte=at)
        .order_by("-valid_from")
        .first()
    )
    if rate is None:
        raise NoConversionRate(
            f"There is no rate from {from_type.code} to {to_type.code} at {at.isoformat()}.",
            facts={"from": from_type.code, "to": to_type.code, "at": at.isoformat()},
        )
    return rate


def converted(points: int, rate: ConversionRate) -> int:
    """What `points` become, rounded down; refused when that is nothing."""
    result = points * rate.numerator // rate.denominator
    if result < 1:
        raise ConversionTooSmall(
            f"{points} points convert to nothing at {rate.numerator} for {rate.denominator}.",
            facts={"points": points, "numerator": rate.numerator, "denominator": rate.denominator},
        )
    return result
