"""What a membership's own page shows beyond the customer's: terms, paid periods, cards, lots, activities, changes."""

from dataclasses import dataclass
from typing import Any

from django.db.models import Model, QuerySet

from activities.models import MemberActivity
from common.clock import program_now
from memberships.benefits import HeldBenefit, benefits_of
from memberships.changes_seen import Change, changes_of
from memberships.models import CardHolding, Member, MembershipTerm, TermsAcceptance, TierStanding
from memberships.overview import Participation
from points.models import Lot

MOST = 20
MOST_LOTS = 100


@dataclass(frozen=True, slots=True)
class MembershipDetails:
    members: tuple[Member, ...]
    # Those of other memberships that use the same pool.
    sharers: tuple[Member, ...]
    standings: tuple[TierStanding, ...]
    acceptances: tuple[TermsAcceptance, ...]
    terms: tuple[MembershipTerm, ...]
    holdings: tuple[CardHolding, ...]
    lots: tuple[Lot, ...]
    activities: tuple[MemberActivity, ...]
    changes: tuple[Change, ...]
    benefits: tuple[HeldBenefit, ...]


def membership_details(one: Participation) -> MembershipDetails:
    """The latest of each, lots in the order they are spent; one statement a kind."""
    membership = one.membership
    lots = Lot.objects.filter(is_open=True, account__account_set_id__in=one.sets).select_related("account__point_type")
    activities = MemberActivity.objects.filter(membership=membership).select_related("type").order_by("-pk")
    others = Member.objects.filter(membership__pool=membership.pool_id, current=True, ended_at__isnull=True)
    sharers = others.exclude(membership=membership).select_related("customer", "membership").order_by("pk")
    return MembershipDetails(
        members=tuple(Member.objects.filter(membership=membership).select_related("customer").order_by("pk")[:MOST]),
        sharers=tuple(sharers[:MOST]) if membership.pool_id is not None else (),
        standings=tuple(_of(TierStanding, one).select_related("group", "tier").order_by("-since", "-pk")[:MOST]),
        acceptances=tuple(_of(TermsAcceptance, one).select_related("terms").order_by("-accepted_at")[:MOST]),
        terms=tuple(_of(MembershipTerm, one).order_by("-first_day")[:MOST]),
        holdings=tuple(_of(CardHolding, one).select_related("card").order_by("-held_from")[:MOST]),
        lots=tuple(lots.order_by("account__point_type", "expires_at", "earned_at", "pk")[:MOST_LOTS]),
        activities=tuple(activities[:MOST]),
        changes=tuple(changes_of(None, [membership.pk])),
        benefits=tuple(benefits_of(membership, at=program_now(one.design.program))),
    )


def _of(model: type[Model], one: Participation) -> QuerySet[Any]:
    return model._default_manager.filter(membership=one.membership)
