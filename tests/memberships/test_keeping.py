"""Who keeps a rung is said by its band, and the server says the same as judging one by one (domain 1.7)."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import given
from hypothesis import strategies as st

from common import clock
from memberships.attributes import set_many
from memberships.keeping import figures_of_others
from memberships.ladders import Band, Ladder, ladders_of
from memberships.models import Membership, TierReview, TierStanding
from memberships.review_kinds import kind_of
from memberships.reviewing import review_tiers
from programs.design import design_of
from programs.models import (
    AttributeDefinition,
    Downgrade,
    FedBy,
    PointType,
    Program,
    Tier,
    TierGroup,
    TierPeriod,
)
from tests.factories import ACTOR
from tests.memberships.tiers import earn_status, make_airline, member_since

START = datetime(2026, 1, 10, 12, tzinfo=UTC)
AFTER = datetime(2027, 1, 2, tzinfo=UTC)
FIGURES = (0, 1, 999, 1_000, 1_001, 4_999, 5_000, 9_000)


def ladder_with(thresholds: Collection[int], **values: Any) -> Ladder:
    group = TierGroup(pk=1, **values)
    tiers = [Tier(pk=10 + rank, rank=rank, threshold=one, group=group) for rank, one in enumerate(thresholds)]
    return Ladder(group, tuple(tiers), PointType(pk=1), None)


@given(
    thresholds=st.lists(st.integers(0, 50), min_size=1, max_size=5),
    figure=st.decimals(-5, 60, places=1),
    downgrade=st.sampled_from(Downgrade.values),
)
def test_a_figure_in_the_band_of_a_rung_and_no_other_keeps_it(
    thresholds: list[int], figure: Decimal, downgrade: str
) -> None:
    """Thresholds in any order, the same twice too."""
    ladder = ladder_with(thresholds, downgrade=downgrade)
    for tier in ladder.tiers:
        band = ladder.band(tier)
        assert band is not None
        held = (band.low is None or figure >= band.low) and (band.below is None or figure < band.below)
        assert held == (ladder.judged(tier, figure) == tier)


def test_without_figures_the_lowest_rung_alone_is_kept() -> None:
    group = TierGroup(pk=1)
    low, high = (Tier(pk=rank, rank=rank, threshold=0, group=group) for rank in range(2))
    ladder = Ladder(group, (low, high), None, None)
    assert (ladder.band(low), ladder.band(high)) == (Band(None, None), None)


@pytest.fixture(params=[TierPeriod.CALENDAR_YEAR, TierPeriod.ANNIVERSARY, TierPeriod.ROLLING_MONTHS])
def air(db: None, request: pytest.FixtureRequest) -> Program:
    """A member of every rung with every figure: they stood there by hand."""
    air = make_airline(period=request.param, period_months=6)
    rungs = Tier.objects.filter(group__program=air).order_by("rank")
    with clock.frozen(START):
        for tier in rungs:
            for figure in FIGURES:
                _on(member_since(air, START, f"{tier.code} {figure}"), tier, figure)
    return air


def _on(membership: Membership, tier: Tier, figure: int) -> None:
    if figure:
        earn_status(membership, figure)
    TierStanding.objects.filter(membership=membership).delete()
    TierStanding(
        membership=membership, program=membership.program, group=tier.group, tier=tier, since=START, source="earned"
    ).save()


def test_the_server_passes_on_those_and_only_those_whom_their_figure_moves(air: Program) -> None:
    design = design_of(air.pk)
    (ladder,) = ladders_of(design)
    # Within the half year that a rolling ladder looks back on; the others' periods end later.
    kind = kind_of(ladder, design, at=START + timedelta(days=1 if ladder.group.period == "rolling_months" else 366))
    due = kind.due(list(Membership.objects.values_list("pk", flat=True)))
    others = figures_of_others(due, ladder, at=kind.at)
    stood = {one.membership_id: one.stood for one in due}
    names = dict(Membership.objects.values_list("pk", "members__customer__name"))
    figures = {pk: int(names[pk].split()[1]) for pk in stood}
    moved = {pk: figures[pk] for pk, tier in stood.items() if ladder.reached(figures[pk]) != tier}
    # Silver by 1 and 999, for with nothing it is not due; gold by 1,000, 1,001 and 4,999; diamond by the rest.
    assert (len(stood), len(moved)) == (23, 23 - 7)
    assert others == moved
    assert not TierReview.objects.exists()


def test_an_attribute_keeps_a_rung_by_its_value_and_where_it_has_none_by_its_default(db: None) -> None:
    air = make_airline()
    flights = AttributeDefinition.objects.create(program=air, code="flights", name="Flights", default="12")
    group = TierGroup.objects.get(program=air)
    group.fed_by, group.attribute, group.point_type = FedBy.ATTRIBUTE, flights, None
    group.save()
    gold = Tier.objects.get(group__program=air, code="gold")
    with clock.frozen(START):
        rich, poor = (member_since(air, START, name) for name in ("Rich", "Poor"))
        for one in (rich, poor):
            _on(one, gold, 0)
        design = design_of(air.pk, fresh=True)
        set_many({(rich.pk, "flights"): Decimal("1000.5")}, design=design, at=START, actor=ACTOR)
    with clock.frozen(AFTER):
        assert review_tiers(air, actor=ACTOR) == {"kept": 1, "lowered": 1}
    rows = TierReview.objects.order_by("membership").values_list("figure", "before__code", "after__code")
    assert list(rows) == [(Decimal("1000.5"), "gold", "gold"), (Decimal(12), "gold", "silver")]


def test_a_run_writes_the_same_as_one_that_judges_everybody(air: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    with transaction.atomic():
        by_server = _written_by_a_run(air)
        transaction.set_rollback(True)
    monkeypatch.setattr(Ladder, "band", lambda ladder, tier: None)
    assert _written_by_a_run(air) == by_server
    counts, reviews, standings = by_server
    # A rolling ladder finds nothing any more in the half year it looks back on.
    rolling = TierGroup.objects.get(program=air).period == TierPeriod.ROLLING_MONTHS
    assert counts == ({"lowered": 16} if rolling else {"kept": 7, "raised": 7, "lowered": 9})
    assert (len(reviews), len(standings)) == (sum(counts.values()), 24 + counts["lowered"] + counts.get("raised", 0))


def _written_by_a_run(program: Program) -> tuple[dict[str, int], list[Any], list[Any]]:
    with clock.frozen(AFTER + timedelta(days=30)):
        counts = review_tiers(program, actor=ACTOR)
    reviews = TierReview.objects.order_by("membership").values_list(
        "membership", "period_end", "again", "figure", "before__code", "after__code", "reviewed_at"
    )
    standings = TierStanding.objects.order_by("membership", "since", "ended_at")
    return dict(counts), list(reviews), list(standings.values_list("membership", "tier__code", "source", "reason"))
