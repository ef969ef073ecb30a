"""How far a membership is on its ladders: what is lacking to the next rung, and until when (domain 1.7)."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from django.utils.formats import date_format
from django.utils.translation import gettext as _

from memberships.figures import figures_of, figures_of_many
from memberships.ladders import Ladder, ladders_of
from memberships.models import Membership, TierStanding
from memberships.reasons import fed_by, plain
from memberships.standings import may_lower, open_standings
from programs.design import Design
from programs.models import Tier, TierPeriod
from programs.tiers import Period


@dataclass(frozen=True, slots=True)
class Progress:
    """`figure` is what counts in `period`; `next_tier` the rung above, `lacking` what it takes to reach it.

    `to_keep` is what is still lacking to keep the present rung beyond the end of the period; None where nothing takes
    it, for it is kept or the lowest.
    """

    ladder: Ladder
    standing: TierStanding | None
    figure: Decimal
    period: Period
    next_tier: Tier | None
    lacking: Decimal | None
    to_keep: Decimal | None

    @property
    def until(self) -> datetime | None:
        """The end of the period: for a rolling one, which moves on, none that could be named."""
        return None if self.ladder.group.period == TierPeriod.ROLLING_MONTHS else self.period.end

    @property
    def tier(self) -> Tier | None:
        return None if self.standing is None else self.ladder.tier(self.standing.tier_id)

    @property
    def percent(self) -> int:
        """Of the way to the next rung, counted from nothing."""
        if self.next_tier is None or self.next_tier.threshold <= 0:
            return 100
        return max(0, min(100, int(self.figure * 100 / self.next_tier.threshold)))


def progress_of(membership: Membership, *, design: Design, at: datetime) -> list[Progress]:
    """One for each ladder of the program."""
    standings = {one.group_id: one for one in open_standings(membership)}
    return [_on(ladder, standings.get(ladder.group.pk), membership, design, at) for ladder in ladders_of(design)]


def next_in_words(progress: Progress, design: Design) -> str:
    """“320 Tier Miles to Gold until 31 Dec 2026”."""
    if not progress.ladder.is_fed:
        return _("Rules alone decide about it.")
    if progress.next_tier is None or progress.lacking is None:
        return _("There is no higher rung.")
    told = {"lacking": plain(progress.lacking), "of": fed_by(progress.ladder), "tier": progress.next_tier.name}
    if progress.until is None:
        return _("%(lacking)s %(of)s to %(tier)s") % told
    return _("%(lacking)s %(of)s to %(tier)s until %(day)s") % (told | {"day": _last_day(progress.until, design)})


def climbs_in_words(
    asked: Iterable[tuple[Membership, Design, datetime, Collection[int]]],
) -> dict[int, list[str]]:
    """By membership what is lacking to the next rung of each ladder that points decide: of all in one statement.

    Asked are memberships with the present and the ids of the tiers they stand on; those that ended have none.
    """
    steps = [step for one in asked if one[0].current for step in _steps(*one)]
    figures = figures_of_many([(pk, type_id, one.period, at) for pk, type_id, one, at, _ in steps])
    found: dict[int, list[str]] = {}
    for (pk, _type, one, _at, design), figure in zip(steps, figures, strict=True):
        lacking = max(Decimal(0), one.next_tier.threshold - figure) if one.next_tier else None
        found.setdefault(pk, []).append(next_in_words(replace(one, figure=figure, lacking=lacking), design))
    return found


def _steps(
    membership: Membership, design: Design, at: datetime, tiers: Collection[int]
) -> Iterator[tuple[int, int, Progress, datetime, Design]]:
    """The ladders with a rung above, their figures not known yet."""
    for ladder in ladders_of(design):
        above = ladder.above(next((tier for tier in reversed(ladder.tiers) if tier.pk in tiers), None))
        if ladder.point_type is not None and above is not None:
            period = ladder.period(at=at, enrolled_at=membership.enrolled_at, zone=design.zone)
            one = Progress(ladder, None, Decimal(0), period, above, None, None)
            yield membership.pk, ladder.point_type.pk, one, at, design


def keeping_in_words(progress: Progress, design: Design) -> str:
    """“400 Tier Miles to keep Gold beyond 31 Dec 2026”; empty where nothing takes it."""
    if progress.to_keep is None or progress.tier is None or progress.until is None:
        return ""
    told = {"of": fed_by(progress.ladder), "tier": progress.tier.name, "day": _last_day(progress.until, design)}
    if progress.to_keep <= 0:
        return _("%(tier)s is kept beyond %(day)s") % told
    return _("%(lacking)s %(of)s to keep %(tier)s beyond %(day)s") % (told | {"lacking": plain(progress.to_keep)})


def _on(
    ladder: Ladder, standing: TierStanding | None, membership: Membership, design: Design, at: datetime
) -> Progress:
    period = ladder.period(at=at, enrolled_at=membership.enrolled_at, zone=design.zone)
    figure = figures_of({membership.pk: period}, ladder, at=at)[membership.pk]
    tier = None if standing is None else ladder.tier(standing.tier_id)
    above = ladder.above(tier)
    lacking = max(Decimal(0), above.threshold - figure) if above is not None and ladder.is_fed else None
    return Progress(ladder, standing, figure, period, above, lacking, _to_keep(ladder, standing, tier, figure, period))


def _to_keep(
    ladder: Ladder, standing: TierStanding | None, tier: Tier | None, figure: Decimal, period: Period
) -> Decimal | None:
    if standing is None or tier is None or tier == ladder.lowest or not ladder.ends or period.end is None:
        return None
    if not may_lower(standing, at=period.end):
        return None
    return max(Decimal(0), tier.threshold - figure)


def _last_day(until: datetime, design: Design) -> str:
    return date_format((until - timedelta(microseconds=1)).astimezone(design.zone).date(), "j M Y")
