"""Upgrade at once: the qualifying credit that reaches a threshold raises the membership (domain 1.7).

A late event, whose period is over, and one that lost points are gone through again by `repeating` first.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.history import audit_context
from memberships.figures import figures_of
from memberships.ladders import Ladder, feeding, ladders_of, reviewed_states
from memberships.models import Membership, StandingSource, TierStanding
from memberships.moving_standings import Moved, StandingMove, move_many
from memberships.reasons import reason_of
from memberships.repeating import stand_as_known
from programs.design import Design
from programs.models import Tier
from programs.tiers import Period


@dataclass(frozen=True, slots=True)
class _Climber:
    """A membership that may climb a ladder, with the rung it stands on and the period that decides now."""

    membership_id: int
    stood: Tier | None
    period: Period
    event_at: datetime


def climb_many(
    events: Mapping[int, datetime],
    *,
    design: Design,
    actor: Actor,
    taken_back: bool = False,
    at: datetime | None = None,
) -> list[Moved]:
    """Raise the memberships whose qualifying points or attributes changed by an event of that time; those that moved.
    Judged at `at`, by default the program's present.

    Call it behind the change, in its transaction: the memberships are locked, or FOR SHARE with the account that was
    credited. Harmless where nothing was reached. `taken_back`: points of such an event are gone, and with them what
    was earned by them.
    """
    ladders = [one for one in ladders_of(design) if one.is_fed]
    if not ladders or not events:
        return []
    now = at or program_now(design.program)
    enrolled = _reviewable(events, design)
    moved: list[Moved] = []
    with in_program(design.program), audit_context(actor):
        for ladder in ladders:
            periods = {
                pk: ladder.period(at=now, enrolled_at=enrolled_at, zone=design.zone)
                for pk, enrolled_at in enrolled.items()
            }
            for pk, period in periods.items():
                lost = taken_back and ladder.point_type is not None
                if lost or _is_late(ladder, events[pk], period):
                    moved += stand_as_known(pk, ladder, event_at=events[pk], now=now, design=design, taken_back=lost)
            moved += _climb(ladder, periods, events, now=now, design=design)
    return moved


def after_posting(
    membership_id: int,
    point_types: Collection[int],
    *,
    occurred_at: datetime,
    design: Design,
    actor: Actor,
    taken_back: bool = False,
) -> list[Moved]:
    """After a posting on these types for one membership: nothing where none of them feeds a ladder."""
    if not feeding(design).point_types.intersection(point_types):
        return []
    return climb_many({membership_id: occurred_at}, design=design, actor=actor, taken_back=taken_back)


def _reviewable(membership_ids: Collection[int], design: Design) -> dict[int, datetime]:
    """When they were enrolled, of those whose tier follows their figures."""
    states = reviewed_states(design)
    rows = Membership.objects.filter(pk__any_of=membership_ids).order_by("pk")
    return {
        pk: enrolled_at
        for pk, status, kind, enrolled_at in rows.values_list("pk", "status", "type", "enrolled_at")
        if (status, kind) in states
    }


def _is_late(ladder: Ladder, event_at: datetime, present: Period) -> bool:
    return ladder.ends and present.start is not None and event_at < present.start


def _climb(
    ladder: Ladder, periods: Mapping[int, Period], events: Mapping[int, datetime], *, now: datetime, design: Design
) -> list[Moved]:
    climbers = _climbers(ladder, periods, events)
    if not climbers:
        return []
    figures = figures_of({pk: one.period for pk, one in climbers.items()}, ladder, at=now)
    moves: list[StandingMove] = []
    for pk, one in climbers.items():
        move = _move(ladder, one, figures[pk], design)
        if move is not None:
            moves.append(move)
    return move_many(moves, design=design, at=now)


def _climbers(ladder: Ladder, periods: Mapping[int, Period], events: Mapping[int, datetime]) -> dict[int, _Climber]:
    """Those that do not stand on the highest rung."""
    rows = TierStanding.objects.filter(
        membership__any_of=periods, group=ladder.group.pk, ended_at__isnull=True
    ).values_list("membership_id", "tier_id")
    stood = {pk: ladder.tier(tier_id) for pk, tier_id in rows}
    return {
        pk: _Climber(pk, stood.get(pk), period, events[pk])
        for pk, period in periods.items()
        if ladder.above(stood.get(pk)) is not None
    }


def _move(ladder: Ladder, one: _Climber, figure: Decimal, design: Design) -> StandingMove | None:
    reached = ladder.reached(figure)
    if one.stood is not None and reached.rank <= one.stood.rank:
        return None
    return StandingMove(
        one.membership_id,
        reached,
        StandingSource.EARNED,
        reason_of(ladder, figure, reached, one.period, design),
        before=one.stood,
        # Queued or at once, the next event finds the rung that this one reached.
        since=one.event_at if one.period.start is None or one.event_at >= one.period.start else one.period.start,
    )
