"""GET /api/programs and what belongs to each: only the caller's own programs exist here."""

from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from rest_framework import mixins
from rest_framework.viewsets import GenericViewSet

from common.api.pagination import LoyaltyPagination
from common.api.views import LoyaltyViewSet, TaggedRetrieveMixin, VerbMixin
from programs.api.serializers import PointTypeSerializer, ProgramSerializer, TierSerializer
from programs.models import PointType, Program, Tier

# The design is no secret among those who work with it.
READERS = (
    "memberships:read",
    "memberships:manage",
    "customers:read",
    "points:earn",
    "points:redeem",
    "points:transfer",
    "points:adjust",
    "activities:write",
    "cards:read",
    "cards:manage",
    "rewards:manage",
    "vouchers:use",
    "reports:read",
    "programs:design",
)


class InOrder(LoyaltyPagination):
    ordering = "pk"


class ProgramViewSet(TaggedRetrieveMixin, mixins.ListModelMixin, LoyaltyViewSet):
    queryset = Program.objects.prefetch_related("terms")
    serializer_class = ProgramSerializer
    pagination_class = InOrder
    lookup_field = "code"
    required_scopes = {"GET": READERS}


class _PartOfProgram(VerbMixin, mixins.ListModelMixin, GenericViewSet):
    pagination_class = InOrder
    required_scopes = {"GET": READERS}

    def program(self) -> Program:
        """The program of the path; foreign and unknown ones answer alike."""
        return get_object_or_404(Program.objects.visible_to(self.actor), code=self.kwargs["code"])


class PointTypeViewSet(_PartOfProgram):
    queryset = PointType.objects.select_related("program")
    serializer_class = PointTypeSerializer

    def get_queryset(self) -> QuerySet[Any]:
        queryset = super().get_queryset()
        return queryset.none() if hasattr(self, "swagger_fake_view") else queryset.filter(program=self.program())


class TierViewSet(_PartOfProgram):
    queryset = Tier.objects.select_related("group__point_type")
    serializer_class = TierSerializer

    def get_queryset(self) -> QuerySet[Any]:
        queryset = super().get_queryset()
        return queryset.none() if hasattr(self, "swagger_fake_view") else queryset.filter(group__program=self.program())
