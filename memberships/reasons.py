"""Why a membership stands where it does, in a sentence kept with the standing (domain 1.7).

Kept, so in the language of the source, whoever acted.
"""

from datetime import timedelta
from decimal import Decimal

from memberships.ladders import Ladder
from programs.design import Design
from programs.models import Tier, TierPeriod
from programs.tiers import Period


def reason_of(ladder: Ladder, figure: Decimal, tier: Tier, period: Period, design: Design) -> str:
    """“1,020 of 1,000 Tier Miles in 2026”: the figure, and what `tier` asks for."""
    words = [f"{plain(figure)} of {tier.threshold:,} {fed_by(ladder)}", period_in_words(ladder, period, design)]
    return " ".join(word for word in words if word)[:120]


def fed_by(ladder: Ladder) -> str:
    """The name of what is counted."""
    if ladder.point_type is not None:
        return ladder.point_type.name
    return "" if ladder.attribute is None else ladder.attribute.name


def plain(figure: Decimal) -> str:
    """1,020 or 1.5, never 1020.0000."""
    whole = figure.to_integral_value()
    return f"{whole:,}" if figure == whole else f"{figure.normalize():,f}"


def period_in_words(ladder: Ladder, period: Period, design: Design) -> str:
    """Of a ladder fed by an attribute, whose value knows no period, nothing."""
    if ladder.point_type is None:
        return ""
    match TierPeriod(ladder.group.period):
        case TierPeriod.CALENDAR_YEAR if period.start is not None:
            return f"in {period.start.astimezone(design.zone).year}"
        case TierPeriod.ANNIVERSARY if period.start is not None and period.end is not None:
            first = period.start.astimezone(design.zone).date()
            last = (period.end.astimezone(design.zone) - timedelta(days=1)).date()
            return f"from {first} to {last}"
        case TierPeriod.ROLLING_MONTHS:
            return f"in {ladder.group.period_months} months"
    return "in all"
