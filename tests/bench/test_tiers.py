"""The benchmark of tier reviews at a tiny size."""

import pytest

from bench.tiers import tiers
from bench.world import Sizes
from memberships.models import TierReview, TierStanding


@pytest.mark.django_db(transaction=True)
def test_everybody_is_reviewed_once_and_who_earned_nothing_is_lowered() -> None:
    figures = {one.what: one for one in tiers(Sizes(members=20, spenders=4))}
    assert figures["tier review of 20 memberships, 2 jobs"].goal == pytest.approx(0.0024)
    assert TierReview.objects.count() == 20
    assert TierStanding.objects.filter(source="review", ended_at__isnull=True).count() == 4
