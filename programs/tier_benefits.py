"""Which tiers give a benefit: each tier that does is a row, so that a page and a query never have to climb a ladder."""

from programs.models import Benefit, Tier, TierBenefit


def give_from(tier: Tier, benefit: Benefit) -> list[TierBenefit]:
    """The tier gives the benefit and so does every rung above it; the rows that were not there before.

    In the caller's transaction and history.
    """
    rungs = Tier.objects.filter(group=tier.group_id, rank__gte=tier.rank).exclude(tier_benefits__benefit=benefit)
    return [
        TierBenefit.objects.create(program=benefit.program, group_id=tier.group_id, tier=rung, benefit=benefit)
        for rung in rungs.order_by("rank")
    ]


def give_those_below(tier: Tier) -> list[TierBenefit]:
    """A rung that was added gives what the next one below it does; the rows that were not there before.

    In the caller's transaction and history. Of several new ones the lowest comes first.
    """
    below = Tier.objects.filter(group=tier.group_id, rank__lt=tier.rank).order_by("-rank").first()
    if below is None:
        return []
    missing = Benefit.objects.filter(tier_benefits__tier=below).exclude(tier_benefits__tier=tier)
    return [
        TierBenefit.objects.create(program_id=one.program_id, group_id=tier.group_id, tier=tier, benefit=one)
        for one in missing.order_by("pk")
    ]
