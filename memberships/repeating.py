"""Reviews repeated because an event of their period came late or was taken back (domain 1.7).

The membership ends where it would stand had everything been known in time: the period of the event is judged again,
then those after it as far as they began with what changed.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

from memberships.figures import figures_of
from memberships.floors import floors_of
from memberships.ladders import Ladder
from memberships.models import Membership, StandingSource, TierReview, TierStanding
from memberships.moving_standings import Moved, StandingMove, move_many
from memberships.reasons import reason_of
from programs.design import Design
from programs.models import Tier
from programs.tiers import Period

AGAIN = "reviewed again: "


class _Changed(NamedTuple):
    """The rung a period left the membership on, and the one it leaves it on as things are known now."""

    old: Tier | None
    new: Tier | None

    def carried(self, before: Tier | None) -> Tier | None:
        """What the next period began with, had the one before ended so."""
        if before == self.old:
            return self.new
        if before is None or self.old is None or before.rank < self.old.rank:
            return before
        return higher(before, self.new)


@dataclass
class _Story:
    """What is known about one membership on one ladder, the oldest first."""

    membership_id: int
    ladder: Ladder
    now: datetime
    standings: Sequence[TierStanding]
    reviews: dict[datetime, TierReview] = field(default_factory=dict)

    def standing_at(self, at: datetime) -> TierStanding | None:
        """What it stood on just before."""
        held = [one for one in self.standings if one.since < at and (one.ended_at is None or one.ended_at >= at)]
        return held[-1] if held else None

    def base(self, period: Period, *, at: datetime | None) -> Tier:
        """The rung it stood on before what it earned in the period, looking back from `at` (None: now)."""
        for one in reversed(self.standings):
            if at is not None and one.since >= at:
                continue
            if one.source != StandingSource.EARNED or (period.start is not None and one.since < period.start):
                return self.ladder.tier(one.tier_id) or self.ladder.lowest
        return self.ladder.lowest

    def figure(self, period: Period) -> Decimal:
        return figures_of({self.membership_id: period}, self.ladder, at=self.now)[self.membership_id]

    def floor(self, at: datetime) -> Tier | None:
        return floors_of({self.membership_id: at}, self.ladder).get(self.membership_id)


def repeat_reviews(
    membership_id: int, ladder: Ladder, *, event_at: datetime, now: datetime, design: Design
) -> list[Moved]:
    """Judge the period of the event again, and those that ended since. The membership is locked by the caller."""
    story = _story(membership_id, ladder, now=now)
    enrolled_at = Membership.objects.values_list("enrolled_at", flat=True).get(pk=membership_id)
    changed, figure, first = _Changed(None, None), Decimal(0), None
    for period in _ended(ladder, event_at, enrolled_at=enrolled_at, now=now, design=design):
        changed, judged = _again(story, period, changed, design)
        if first is None:
            first, figure = period, judged
    if first is None or changed.old == changed.new:
        return []
    return _follow(story, changed, first, figure, design)


def lower_what_is_gone(
    membership_id: int, ladder: Ladder, period: Period, *, now: datetime, design: Design
) -> list[Moved]:
    """After points of the present period were taken back: a rung earned with them in it is lost, down to what the
    rest reaches, what the membership stood on before, or what is kept."""
    story = _story(membership_id, ladder, now=now)
    open_ones = [one for one in story.standings if one.ended_at is None]
    stood = ladder.tier(open_ones[-1].tier_id) if open_ones else None
    if stood is None or not _earned_in(open_ones[-1], period):
        return []
    figure = story.figure(period)
    tier = _rest(story, period, figure, at=None)
    if tier.rank >= stood.rank:
        return []
    return _move(story, stood, tier, reason_of(ladder, figure, stood, period, design), design)


def higher(one: Tier | None, other: Tier | None) -> Tier | None:
    if one is None or other is None:
        return one or other
    return max(one, other, key=lambda tier: tier.rank)


def _story(membership_id: int, ladder: Ladder, *, now: datetime) -> _Story:
    standings = TierStanding.objects.filter(membership=membership_id, group=ladder.group.pk)
    reviews = TierReview.objects.filter(membership=membership_id, group=ladder.group.pk).order_by("again")
    return _Story(
        membership_id,
        ladder,
        now,
        list(standings.order_by("since", "pk")),
        {one.period_end: one for one in reviews},
    )


def _ended(
    ladder: Ladder, event_at: datetime, *, enrolled_at: datetime, now: datetime, design: Design
) -> Iterator[Period]:
    """The period of the event and those after it, as far as they are over."""
    period = ladder.period(at=event_at, enrolled_at=enrolled_at, zone=design.zone)
    while period.end is not None and period.end <= now:
        yield period
        period = ladder.period(at=period.end, enrolled_at=enrolled_at, zone=design.zone)


def _again(story: _Story, period: Period, carried: _Changed, design: Design) -> tuple[_Changed, Decimal]:
    """What became of the period and what becomes of it now; a review is repeated by another row."""
    assert period.end is not None  # noqa: S101 - it is over
    review = story.reviews.get(period.end)
    standing = story.standing_at(period.end)
    before = _tier_before(story, review, standing)
    figure = story.figure(period)
    began = carried.carried(before)
    if standing is not None and began == before and _earned_in(standing, period):
        began = _rest(story, period, figure, at=period.end)
    began = higher(began, story.ladder.reached(figure))
    if review is None:
        # The run still has to come: it takes it from there.
        return _Changed(before, began), figure
    after = story.ladder.tier(review.after_id)
    judged = story.ladder.judged(began, figure, floor=story.floor(period.end))
    if (review.figure, review.before_id, after) != (figure, began and began.pk, judged):
        TierReview.objects.create(
            membership_id=story.membership_id,
            program_id=design.program.pk,
            group_id=story.ladder.group.pk,
            period_end=period.end,
            again=review.again + 1,
            figure=figure,
            before=began,
            after=judged,
            reviewed_at=story.now,
        )
    return _Changed(after, judged), figure


def _tier_before(story: _Story, review: TierReview | None, standing: TierStanding | None) -> Tier | None:
    if review is not None:
        return story.ladder.tier(review.before_id)
    return None if standing is None else story.ladder.tier(standing.tier_id)


def _earned_in(standing: TierStanding, period: Period) -> bool:
    return standing.source == StandingSource.EARNED and (period.start is None or standing.since >= period.start)


def _rest(story: _Story, period: Period, figure: Decimal, *, at: datetime | None) -> Tier:
    """Without what was taken back: what the figure reaches, or what it stood on before, or what is kept."""
    rungs = [story.ladder.reached(figure), story.base(period, at=at)]
    floor = story.floor(at or story.now)
    return max([*rungs, floor] if floor is not None else rungs, key=lambda tier: tier.rank)


def _follow(story: _Story, changed: _Changed, period: Period, figure: Decimal, design: Design) -> list[Moved]:
    """Bring the present standing in line, but no lower than what is reached or kept now."""
    stood = next((story.ladder.tier(one.tier_id) for one in story.standings if one.ended_at is None), None)
    target = changed.carried(stood)
    if target is None or target == stood:
        return []
    if stood is not None and target.rank < stood.rank:
        target = max(
            target,
            story.floor(story.now) or target,
            key=lambda tier: tier.rank,
        )
        if target.rank >= stood.rank:
            return []
    reason = AGAIN + reason_of(story.ladder, figure, higher(target, stood) or target, period, design)
    return _move(story, stood, target, reason, design)


def _move(story: _Story, stood: Tier | None, tier: Tier, reason: str, design: Design) -> list[Moved]:
    move = StandingMove(story.membership_id, tier, StandingSource.REVIEW, reason, before=stood)
    return move_many([move], design=design, at=story.now)
