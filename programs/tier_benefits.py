"""Which tiers give a benefit: each tier that does is a row, so that a page and a query never have to climb a ladder."""

from programs.models import Benefit, Tier, TierBenefit


def give_from(tier: Tier, benefit: Benefit) -> list[TierBenefit]:
    """The tier gives the benefit and so does every rung above it; the rows that were not there before.

    In the caller's transaction and history. A rung that is added later gives what it is told to.
    """
    rungs = Tier.objects.filter(group=tier.group_id, rank__gte=tier.rank).exclude(tier_benefits__benefit=benefit)
    return [
        TierBenefit.objects.create(program=benefit.program, group_id=tier.group_id, tier=rung, benefit=benefit)
        for rung in rungs.order_by("rank")
    ]
