"""When a membership's tier is due for review: one small class per kind of ladder (domain 1.7)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import ClassVar

from memberships import reviewing_sql as sql
from memberships.ladders import Ladder
from memberships.models import StandingSource
from memberships.reviewing_sql import Candidate, Due
from programs.design import Design
from programs.expiry import end_of_day
from programs.models import Downgrade, Tier, TierPeriod
from programs.tiers import Period


@dataclass
class Kind:
    """Answers for one ladder at one time; `writes_kept`: a review that changes nothing is written down, too."""

    ladder: Ladder
    design: Design
    at: datetime
    periods: dict[date | None, list[Period]] = field(default_factory=dict)
    writes_kept: ClassVar[bool] = True

    def due(self, ids: Sequence[int]) -> list[Due]:
        """Which of these memberships are due, each for the first period that is."""
        rungs = {tier.pk: tier for tier in self.ladder.tiers}
        found = (self.due_one(one, rungs[one.tier_id]) for one in self.candidates(ids))
        return [one for one in found if one is not None]

    def next(self, due: Sequence[Due], left_on: Mapping[int, Tier]) -> list[Due]:
        """Of those judged the next period that is over, `left_on` the rung its membership was left on, if another."""
        found = (
            self.due_one(one.candidate._replace(judged=one.ended), left_on.get(one.membership_id, one.stood))
            for one in due
            if one.again
        )
        return [one for one in found if one is not None]

    def candidates(self, ids: Sequence[int]) -> list[Candidate]:
        return sql.candidates(ids, self.ladder, self.design)

    def due_one(self, one: Candidate, stood: Tier) -> Due | None:
        raise NotImplementedError

    def period(self, at: datetime, enrolled_at: datetime) -> Period:
        """Kept, for thousands share one: those of one day of enrolment where the anniversary counts, else all."""
        own = self.ladder.group.period == TierPeriod.ANNIVERSARY
        known = self.periods.setdefault(enrolled_at.astimezone(self.design.zone).date() if own else None, [])
        for one in known:
            if (one.start is None or one.start <= at) and (one.end is None or at < one.end):
                return one
        found = self.ladder.period(at=at, enrolled_at=enrolled_at, zone=self.design.zone)
        known.append(found)
        return found


class Ending(Kind):
    """Calendar years and anniversaries: each period that ended is judged once, the earliest first."""

    def candidates(self, ids: Sequence[int]) -> list[Candidate]:
        before = None
        if self.ladder.group.period == TierPeriod.CALENDAR_YEAR:
            # Whoever was judged in the present year is judged by it next.
            before = self.period(self.at, self.at).start
        return sql.candidates(ids, self.ladder, self.design, judged_before=before)

    def due_one(self, one: Candidate, stood: Tier) -> Due | None:
        period = self.period(one.judged, one.enrolled_at)
        if period.end is None or period.end > self.at:
            return None
        following = self.period(period.end, one.enrolled_at)
        # Nobody falls from the lowest rung: of what was missed there only the last period matters.
        while stood == self.ladder.lowest and self._is_over(following):
            period, following = following, self.period(following.end or self.at, one.enrolled_at)
        assert period.end is not None  # noqa: S101 - it is over
        return Due(one, stood, period, period.end, again=self._is_over(following))

    def _is_over(self, period: Period) -> bool:
        return period.end is not None and period.end <= self.at


class Rolling(Kind):
    """The last months, anew with each local midnight."""

    writes_kept = False

    def due_one(self, one: Candidate, stood: Tier) -> Due | None:
        period = self.period(self.at, one.enrolled_at)
        today = self.at.astimezone(self.design.zone).date()
        midnight = end_of_day(today - timedelta(days=1), self.design.zone)
        return Due(one, stood, period, midnight, kept=self._lowered_lately(one, period))

    def _lowered_lately(self, one: Candidate, period: Period) -> bool:
        """One rung at a time means one in the length of the period, not one a day."""
        by_rung = self.ladder.group.downgrade == Downgrade.ONE_RUNG
        return (
            by_rung and one.source == StandingSource.REVIEW and period.start is not None and one.since >= period.start
        )


class Lasting(Kind):
    """By lifetime or rules alone nothing ends but the day until which a rung was given."""

    def candidates(self, ids: Sequence[int]) -> list[Candidate]:
        return sql.candidates(ids, self.ladder, self.design, until_by=self.at)

    def due_one(self, one: Candidate, stood: Tier) -> Due | None:
        reviewed = one.reviewed is not None and one.until is not None and one.reviewed >= one.until
        if one.until is None or reviewed or stood == self.ladder.lowest:
            return None
        return Due(one, stood, self.period(self.at, one.enrolled_at), one.until)


OF_PERIOD: Mapping[TierPeriod, type[Kind]] = {
    TierPeriod.CALENDAR_YEAR: Ending,
    TierPeriod.ANNIVERSARY: Ending,
    TierPeriod.ROLLING_MONTHS: Rolling,
    TierPeriod.LIFETIME: Lasting,
}


def kind_of(ladder: Ladder, design: Design, *, at: datetime) -> Kind:
    kind = OF_PERIOD[TierPeriod(ladder.group.period)] if ladder.is_fed else Lasting
    return kind(ladder, design, at)
