"""Below which rung a review lowers nobody: what was given by hand or rule until a day, and what an agreement keeps
(domain 1.7, 1.8).

Who climbs above such a rung falls back to it at most, not past it.
"""

from collections.abc import Collection, Mapping
from datetime import datetime

from django.db.models import Q

from memberships.ladders import Ladder
from memberships.models import InheritedAgreement, StandingSource, TierStanding
from memberships.standings import may_lower
from programs.models import Tier


def floors_of(times: Mapping[int, datetime], ladder: Ladder) -> dict[int, Tier]:
    """By membership the highest rung that is kept at its time; those that nothing keeps are missing."""
    if not times:
        return {}
    # No other row keeps anything, nor ends what others keep.
    telling = Q(until__gt=min(times.values())) | Q(agreement__isnull=False) | Q(source=StandingSource.MANUAL)
    rows = TierStanding.objects.filter(telling, membership__any_of=times, group=ladder.group.pk)
    by_membership: dict[int, list[TierStanding]] = {}
    for row in rows.order_by("-since", "-pk"):
        by_membership.setdefault(row.membership_id, []).append(row)
    inherited = _inherited([pk for pk, found in by_membership.items() if any(one.agreement_id for one in found)])
    floors = {pk: _floor(found, ladder, inherited, at=times[pk]) for pk, found in by_membership.items()}
    return {pk: tier for pk, tier in floors.items() if tier is not None}


def _floor(
    newest_first: list[TierStanding], ladder: Ladder, inherited: set[tuple[int, int]], *, at: datetime
) -> Tier | None:
    kept: list[Tier] = []
    for one in newest_first:
        tier = ladder.tier(one.tier_id)
        if tier is not None and _is_kept(one, inherited, at=at):
            kept.append(tier)
        if one.source == StandingSource.MANUAL:
            # Staff decided anew: what was before counts no more.
            break
    return max(kept, key=lambda tier: tier.rank, default=None)


def _is_kept(standing: TierStanding, inherited: set[tuple[int, int]], *, at: datetime) -> bool:
    if standing.ended_at is None:
        return not may_lower(standing, at=at)
    if standing.agreement_id is not None and (standing.membership_id, standing.agreement_id) not in inherited:
        return False
    return not may_lower(standing, at=at)


def _inherited(membership_ids: Collection[int]) -> set[tuple[int, int]]:
    """Membership and agreement, as long as it stands under it."""
    rows = InheritedAgreement.objects.filter(membership__in=list(membership_ids), ended_at__isnull=True)
    return set(rows.values_list("membership_id", "agreement_id"))
