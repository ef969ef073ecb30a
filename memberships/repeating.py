"""Where a membership stands once an event of an earlier period, or the loss of points, is known (domain 1.7).

It ends where it would stand had everything been known in time: from the last review before the event on, what was given
and what the figures reach is gone through again, period by period, and reviews that come out differently are repeated.
An event that came late only raises, one that was taken back only lowers.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from memberships.figures import figures_of, figures_of_many
from memberships.floors import floors_of
from memberships.ladders import Ladder
from memberships.models import ChangeStatus, Membership, MembershipChange, StandingSource, TierReview, TierStanding
from memberships.moving_standings import Moved, StandingMove, move_many
from memberships.reasons import reason_of
from programs.design import Design
from programs.models import Tier
from programs.tiers import Period

AGAIN = "reviewed again: "
# What figures and reviews made of it: gone through again.
DERIVED = frozenset({StandingSource.EARNED, StandingSource.REVIEW})


class _Mark(NamedTuple):
    """From `at` on the rung was at least `tier`; where it `replaces`, exactly that."""

    at: datetime
    tier: Tier
    replaces: bool


class _Known(NamedTuple):
    """The rung all that is known comes to, and the period of the event with its figure."""

    rung: Tier
    period: Period
    figure: Decimal


@dataclass
class _Story:
    """What is written down about one membership on one ladder; `reviews` by the end of their period, as repeated last,
    and when each period was reviewed `first`."""

    membership: Membership
    ladder: Ladder
    design: Design
    now: datetime
    standings: Sequence[TierStanding]
    reviews: dict[datetime, TierReview] = field(default_factory=dict)
    first: dict[datetime, datetime] = field(default_factory=dict)

    @property
    def stood(self) -> Tier | None:
        return next((self.ladder.tier(one.tier_id) for one in self.standings if one.ended_at is None), None)

    @cached_property
    def judged_until(self) -> datetime | None:
        return max(self.reviews, default=None)

    def period(self, at: datetime) -> Period:
        return self.ladder.period(at=at, enrolled_at=self.membership.enrolled_at, zone=self.design.zone)

    def figures(self, periods: Sequence[Period]) -> list[Decimal]:
        if self.ladder.point_type is None:
            # An attribute has one value, whatever the period.
            value = figures_of({self.membership.pk: periods[-1]}, self.ladder, at=self.now)[self.membership.pk]
            return [value for _ in periods]
        return figures_of_many([(self.membership.pk, self.ladder.point_type.pk, one, self.now) for one in periods])

    def floor(self, at: datetime) -> Tier | None:
        return floors_of({self.membership.pk: at}, self.ladder).get(self.membership.pk)


def stand_as_known(
    membership_id: int, ladder: Ladder, *, event_at: datetime, now: datetime, design: Design, taken_back: bool
) -> list[Moved]:
    """Bring the standing in line with an event of that time that came late or, `taken_back`, lost points; those that
    moved. The membership is locked by the caller."""
    story = _story(membership_id, ladder, now=now, design=design)
    # A till's clock may be ahead, into a period that has not begun.
    known = _ending(story, min(event_at, now)) if ladder.ends else _present(story)
    stood, target = story.stood, known.rung
    if taken_back:
        target = higher(target, story.floor(now)) or target
        if stood is None or target.rank >= stood.rank:
            return []
    elif stood is not None and target.rank <= stood.rank:
        return []
    asked = higher(target, stood) or target
    reason = reason_of(ladder, known.figure, asked, known.period, design)
    if _is_over(known.period, now):
        reason = AGAIN + reason
    return move_many(
        [StandingMove(membership_id, target, StandingSource.REVIEW, reason, before=stood)], design=design, at=now
    )


def higher(one: Tier | None, other: Tier | None) -> Tier | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda tier: tier.rank)


def _story(membership_id: int, ladder: Ladder, *, now: datetime, design: Design) -> _Story:
    of_ladder = {"membership": membership_id, "group": ladder.group.pk}
    reviews = list(TierReview.objects.filter(**of_ladder).order_by("period_end", "again"))
    return _Story(
        Membership.objects.only("enrolled_at").get(pk=membership_id),
        ladder,
        design,
        now,
        list(TierStanding.objects.filter(**of_ladder).order_by("since", "pk")),
        reviews={one.period_end: one for one in reviews},
        first={one.period_end: one.reviewed_at for one in reversed(reviews)},
    )


def _ending(story: _Story, event_at: datetime) -> _Known:
    """Calendar years and anniversaries, from the last review before the event's period to the present one."""
    of_event, marks = story.period(event_at), _given(story)
    base = [end for end in story.reviews if of_event.start is None or end <= of_event.start]
    rung = _left_on(story, max(base)) if base else story.ladder.lowest
    begin = max(base) if base else min([event_at, *(one.at for one in marks)])
    periods = list(_periods(story, begin))
    found = dict(zip(periods, story.figures(periods), strict=True))
    for period, figure in found.items():
        rung = _after(rung, [one for one in marks if _lies_in(period, one.at)])
        rung = higher(rung, story.ladder.reached(figure)) or rung
        if _is_over(period, story.now):
            rung = _judged(story, period, rung, figure, since=event_at)
    return _Known(rung, of_event, found[of_event])


def _present(story: _Story) -> _Known:
    """Rolling months and ladders without end: of what was before, reviews have made what they did."""
    period = story.period(story.now)
    marks = [_Mark(end, _left_on(story, end), replaces=True) for end in story.reviews]
    marks = sorted([*marks, *_given(story)], key=lambda one: one.at)
    rung = _after(_stood_at(story, period.start), [one for one in marks if _lies_in(period, one.at)])
    figure = story.figures([period])[0]
    return _Known(higher(rung, story.ladder.reached(figure)) or rung, period, figure)


def _periods(story: _Story, begin: datetime) -> Iterator[Period]:
    period = story.period(begin)
    while _is_over(period, story.now):
        yield period
        period = story.period(period.end or story.now)
    yield period


def _is_over(period: Period, now: datetime) -> bool:
    return period.end is not None and period.end <= now


def _lies_in(period: Period, at: datetime) -> bool:
    return (period.start is None or period.start <= at) and (period.end is None or at < period.end)


def _after(rung: Tier, marks: Sequence[_Mark]) -> Tier:
    for mark in marks:
        rung = mark.tier if mark.replaces else higher(rung, mark.tier) or rung
    return rung


def _left_on(story: _Story, period_end: datetime) -> Tier:
    return story.ladder.tier(story.reviews[period_end].after_id) or story.ladder.lowest


def _stood_at(story: _Story, at: datetime | None) -> Tier:
    held = [one for one in story.standings if at is not None and one.since <= at]
    return (story.ladder.tier(held[-1].tier_id) if held else None) or story.ladder.lowest


def _given(story: _Story) -> list[_Mark]:
    """Every rung that did not come of figures; one that was given for a time already reviewed counts from the day it
    was given."""
    given = [one for one in story.standings if one.source not in DERIVED]
    behind = [one.pk for one in given if story.judged_until is not None and one.since < story.judged_until]
    told = TierStanding.history.filter(id__in=behind, history_type="+").values_list("id", "history_date")
    recorded = {pk: at + story.design.program.clock_offset for pk, at in told} if behind else {}
    undone = _undone(given)
    marks = []
    for one in given:
        tier, at = story.ladder.tier(one.tier_id), recorded.get(one.pk, one.since)
        reviewed = max((end for end, first in story.first.items() if first <= at), default=one.since)
        since = one.since if one.since >= reviewed else at
        if tier is not None and one.pk not in undone:
            marks.append(_Mark(since, tier, replaces=one.source == StandingSource.MANUAL))
    return sorted(marks, key=lambda one: one.at)


def _undone(given: Sequence[TierStanding]) -> set[int]:
    """Brought by a change of memberships that was undone since."""
    ended = [one for one in given if one.source == StandingSource.CHANGE and one.ended_at is not None]
    return {
        one.pk
        for one in ended
        if MembershipChange.objects.filter(
            program=one.program_id,
            status=ChangeStatus.UNDONE,
            outcome__made__contains=[[TierStanding._meta.label, one.pk]],
        ).exists()
    }


def _judged(story: _Story, period: Period, rung: Tier, figure: Decimal, *, since: datetime) -> Tier:
    """The rung the period leaves it on, were it reviewed; a review that comes out differently is repeated by a row,
    `since` the event."""
    assert period.end is not None  # noqa: S101 - it is over
    if story.judged_until is None or period.end > story.judged_until:
        # The run still has to come: it takes it from there.
        return rung
    after = story.ladder.judged(rung, figure, floor=story.floor(period.end))
    review = story.reviews.get(period.end)
    # From the lowest rung nobody falls: of several periods missed there the run judged the last alone.
    if review is not None and period.end > since and _differs(review, rung, after, figure):
        _repeat(story, review, rung, after, figure)
    return after


def _differs(review: TierReview, before: Tier, after: Tier, figure: Decimal) -> bool:
    return (review.figure, review.before_id, review.after_id) != (figure, before.pk, after.pk)


def _repeat(story: _Story, review: TierReview, before: Tier, after: Tier, figure: Decimal) -> None:
    TierReview.objects.create(
        membership_id=story.membership.pk,
        program_id=story.design.program.pk,
        group_id=story.ladder.group.pk,
        period_end=review.period_end,
        again=review.again + 1,
        figure=figure,
        before=before,
        after=after,
        reviewed_at=story.now,
    )
