"""A value, a label and a review of one membership, for pages that show them."""

from datetime import UTC, datetime

from common import clock
from memberships.attributes import set_many
from memberships.labels import add_many
from memberships.models import Membership, TierReview, TierStanding
from programs.design import design_of
from programs.models import AttributeDefinition, Benefit, Label, ReciprocalBenefit, Tier
from tests.factories import ACTOR


def describe(membership: Membership) -> None:
    """Three flights and the label VIP; reviewed for 2025 and kept."""
    program, at = membership.program, clock.now()
    AttributeDefinition.objects.create(program=program, code="flights", name="Flights", default="0")
    Label.objects.create(program=program, code="vip", name="VIP")
    design = design_of(program.pk, fresh=True)
    set_many({(membership.pk, "flights"): 3}, design=design, at=at, actor=ACTOR, reason="counted")
    add_many([(membership.pk, "vip")], design=design, at=at, actor=ACTOR, reason="friend")
    for standing in TierStanding.objects.filter(membership=membership, ended_at__isnull=True):
        TierReview.objects.create(
            membership=membership,
            program=program,
            group_id=standing.group_id,
            period_end=datetime(2026, 1, 1, tzinfo=UTC),
            figure=12,
            before=standing.tier,
            after=standing.tier,
            reviewed_at=at,
        )


def give_elsewhere(benefit: Benefit, tier: Tier) -> ReciprocalBenefit:
    """Who stands on that tier of another program has the benefit."""
    made: ReciprocalBenefit = ReciprocalBenefit.objects.create(
        program_id=benefit.program_id, benefit=benefit, other_tier=tier
    )
    return made
