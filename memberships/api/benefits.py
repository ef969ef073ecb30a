"""The benefits of a membership as channels check them."""

from datetime import datetime
from typing import Any

from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.views import LoyaltyViewSet
from common.clock import program_now
from memberships.able import reason_against
from memberships.benefits import BY_TIER, ELSEWHERE, HeldBenefit, benefits_of
from memberships.models import BenefitSource, Membership
from programs.design import design_of

READ = "memberships:read"


class BenefitOutput(serializers.Serializer):
    benefit = serializers.CharField()
    name = serializers.CharField()
    source = serializers.ChoiceField([BY_TIER, ELSEWHERE, *BenefitSource.values])  # type: ignore[assignment]
    customer = serializers.IntegerField(allow_null=True, help_text="This member's alone; null: of all its members.")
    tier = serializers.CharField(allow_null=True)
    agreement = serializers.IntegerField(allow_null=True)
    agreement_version = serializers.IntegerField(allow_null=True)
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)


class BenefitsOutput(serializers.Serializer):
    usable = serializers.BooleanField(help_text="Whether the membership may be used at a channel now, as its card.")
    results = BenefitOutput(many=True)


class BenefitViewSet(LoyaltyViewSet):
    queryset = Membership.objects.all()
    lookup_value_regex = "[0-9]{1,18}"
    required_scopes = {"GET": READ}

    @extend_schema(responses=forced_singular_serializer(BenefitsOutput), filters=False)
    def list(self, request: Request, pk: str) -> Response:
        """What the membership has now, by its tiers, an agreement, a rule or by hand."""
        membership = self.get_object()
        design = design_of(membership.program_id)
        return Response(benefits_shape(membership, at=program_now(design.program)))


def benefits_shape(membership: Membership, *, at: datetime) -> dict[str, Any]:
    why_not = reason_against(membership, "use_card", design_of(membership.program_id))
    return {"usable": not why_not, "results": [_shape(one) for one in benefits_of(membership, at=at)]}


def _shape(held: HeldBenefit) -> dict[str, Any]:
    given = held.given
    return {
        "benefit": held.benefit.code,
        "name": held.benefit.name,
        "source": held.source,
        "customer": held.customer_id,
        "tier": None if held.tier is None else held.tier.code,
        "agreement": None if given is None else given.agreement_id,
        "agreement_version": None if given is None else given.agreement_version,
        "since": held.since,
        "until": held.until,
    }
