"""Which benefits a membership has: by its tiers, its own, and by its people's tiers in other programs (domain 1.1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q
from django.utils.translation import gettext as _

from memberships.able import reason_against
from memberships.models import BenefitSource, Member, Membership, MembershipBenefit, TierStanding
from programs.design import design_of
from programs.models import Benefit, ReciprocalBenefit, Tier, TierBenefit

BY_TIER = "tier"
ELSEWHERE = "reciprocal"


@dataclass(frozen=True, slots=True)
class HeldBenefit:
    """`given` is the row of one that is the membership's own; a tier's has none. `customer_id`: that person's alone."""

    benefit: Benefit
    source: str
    since: datetime
    until: datetime | None
    customer_id: int | None = None
    tier: Tier | None = None
    given: MembershipBenefit | None = None

    @property
    def source_label(self) -> str:
        if self.source == ELSEWHERE:
            return _("by a tier of another program")
        return _("by tier") if self.source == BY_TIER else str(BenefitSource(self.source).label)


def benefits_of(membership: Membership, *, at: datetime) -> list[HeldBenefit]:
    """All that it has at that time, in order of their codes; the same benefit once per source that gives it."""
    held = [*_by_tiers(membership, at), *_own(membership, at), *_elsewhere(membership, at)]
    return sorted(held, key=lambda one: (one.benefit.code, one.since))


def has_benefit(membership: Membership, code: str, *, at: datetime, member: Member | None = None) -> bool:
    """Whether a channel may grant it now: to the person, where named, else to the membership as a whole."""
    if reason_against(membership, "use_card", design_of(membership.program_id), member=member):
        return False
    persons = {None} if member is None else {None, member.customer_id}
    return any(one.benefit.code == code and one.customer_id in persons for one in benefits_of(membership, at=at))


def _by_tiers(membership: Membership, at: datetime) -> Iterator[HeldBenefit]:
    standings = TierStanding.objects.filter(_open_at(at), membership=membership).select_related("tier")
    since = {one.tier_id: one for one in standings}
    if not since:
        return
    for link in TierBenefit.objects.filter(tier__in=since).select_related("benefit"):
        standing = since[link.tier_id]
        yield HeldBenefit(link.benefit, BY_TIER, standing.since, None, tier=standing.tier)


def _own(membership: Membership, at: datetime) -> Iterator[HeldBenefit]:
    lasting = Q(until__isnull=True) | Q(until__gt=at)
    rows = MembershipBenefit.objects.filter(_open_at(at), lasting, membership=membership)
    for given in rows.select_related("benefit", "member"):
        customer_id = None if given.member is None else given.member.customer_id
        yield HeldBenefit(given.benefit, given.source, given.since, given.until, customer_id, given=given)


def _open_at(at: datetime) -> Q:
    return Q(since__lte=at) & (Q(ended_at__isnull=True) | Q(ended_at__gt=at))


def _elsewhere(membership: Membership, at: datetime) -> Iterator[HeldBenefit]:
    """Of each person in it alone. The other program is asked by itself: nothing joins rows of two programs."""
    links = ReciprocalBenefit.objects.filter(program_id=membership.program_id).select_related(
        "benefit", "other_tier__group"
    )
    by_tier: dict[int, list[ReciprocalBenefit]] = {}
    for link in links:
        by_tier.setdefault(link.other_tier_id, []).append(link)
    if not by_tier or not membership.current:
        return
    people = list(
        Member.objects.filter(membership=membership, ended_at__isnull=True).values_list("customer_id", flat=True)
    )
    there = Member.objects.filter(
        program__in={link.other_tier.group.program_id for link in links},
        customer__in=people,
        current=True,
        ended_at__isnull=True,
    )
    homes: dict[int, list[int]] = {}
    for membership_id, customer_id in there.values_list("membership_id", "customer_id"):
        homes.setdefault(membership_id, []).append(customer_id)
    standings = TierStanding.objects.filter(_open_at(at), membership__in=list(homes), tier__in=list(by_tier))
    for standing in standings.order_by("pk"):
        for link in by_tier[standing.tier_id]:
            for customer_id in homes[standing.membership_id]:
                yield HeldBenefit(link.benefit, ELSEWHERE, standing.since, None, customer_id, tier=link.other_tier)
