"""Adjust points; list and decide what waits for a second person (interfaces 3.1)."""

from functools import partial
from typing import Any

import django_filters
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.adjusting import (
    AdjustmentCall,
    adjust_points,
    adjustment_shape,
    approve_adjustment,
    refuse_adjustment,
    visible_adjustments,
)
from activities.api.reversals import kept
from activities.api.shapes import BalanceSerializer, PostingSerializer
from common.api.dry_run import Answer, row_id
from common.api.fields import IdField, PointsField, StrictCharField
from common.api.permissions import DefaultDeny, StaffOnly
from common.api.serializers import StrictSerializer
from common.api.views import VerbMixin
from points.models import Adjustment, AdjustmentStatus
from programs.design import design_of


class AdjustInput(StrictSerializer):
    points = PointsField(help_text="Signed, not 0.")
    point_type = StrictCharField(max_length=40, required=False, help_text="Default: the program's default type.")
    reason_code = StrictCharField(max_length=40, help_text="Small letters, digits, - and _.")
    note = StrictCharField(max_length=500, required=False, allow_blank=True)
    member = IdField(required=False, help_text="The customer it is for, in a membership of several.")

    def validate_points(self, value: int) -> int:
        if value == 0:
            raise serializers.ValidationError("An adjustment adds or takes at least one point.")
        return value


class DecisionInput(StrictSerializer):
    note = StrictCharField(max_length=500, required=False, allow_blank=True)


class AdjustmentSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    membership = serializers.IntegerField()
    member = serializers.IntegerField(allow_null=True)
    point_type = serializers.SlugField()
    points = serializers.IntegerField()
    reason_code = serializers.CharField()
    status = serializers.CharField(help_text="waiting, posted or refused")
    needs_approval = serializers.BooleanField()
    requested_at = serializers.DateTimeField()
    requested_by = serializers.IntegerField(allow_null=True, help_text="The user; null for a channel.")
    requested_channel = serializers.IntegerField()
    decided_at = serializers.DateTimeField(allow_null=True)
    decided_by = serializers.IntegerField(allow_null=True)

    def to_representation(self, instance: Adjustment) -> dict[str, Any]:
        return adjustment_shape(instance, design_of(instance.program_id))


class AdjustedSerializer(serializers.Serializer):
    adjustment = AdjustmentSerializer()
    posting = PostingSerializer(allow_null=True, help_text="Null while it waits for approval.")
    membership = serializers.IntegerField()
    redirected_from = serializers.IntegerField(allow_null=True)
    balances = BalanceSerializer(many=True)


class AdjustView(VerbMixin, APIView):
    required_scopes = {"POST": "points:adjust"}
    key_required = True

    @extend_schema(
        request=AdjustInput,
        responses={201: AdjustedSerializer, 202: AdjustedSerializer},
        operation_id="adjust_points",
    )
    def post(self, request: Request, pk: str) -> Response:
        """Add or take points: 201 where it was posted, 202 where a second person is asked."""
        return self.perform_write(request, None, lambda: self._adjust(int(pk)))

    def _adjust(self, membership_id: int) -> Answer:
        given = AdjustInput(data=self.request.data)
        given.is_valid(raise_exception=True)
        posted, answer = adjust_points(AdjustmentCall(membership_id, **given.validated_data), actor=self.actor)
        return status.HTTP_201_CREATED if posted else status.HTTP_202_ACCEPTED, _kept(answer)


class AdjustmentFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=AdjustmentStatus.choices)
    program = django_filters.CharFilter(field_name="program__code", max_length=50)

    class Meta:
        model = Adjustment
        fields: tuple[str, ...] = ()


class AdjustmentListView(VerbMixin, ListAPIView):
    """Adjustments, the youngest first; `?status=waiting` are those to decide."""

    queryset = Adjustment.objects.select_related("account")
    serializer_class = AdjustmentSerializer
    filterset_class = AdjustmentFilter
    permission_classes = [DefaultDeny, StaffOnly]
    required_scopes = {"GET": ("points:adjust", "points:approve", "reports:read")}

    def get_queryset(self) -> QuerySet[Any]:
        if hasattr(self, "swagger_fake_view"):
            return super().get_queryset().none()
        return visible_adjustments(self.actor).select_related("account")


class _DecideView(VerbMixin, APIView):
    permission_classes = [DefaultDeny, StaffOnly]
    required_scopes = {"POST": "points:approve"}
    key_required = True

    def note(self) -> str:
        given = DecisionInput(data=self.request.data)
        given.is_valid(raise_exception=True)
        note: str = given.validated_data.get("note", "")
        return note


class ApproveView(_DecideView):
    @extend_schema(request=DecisionInput, responses={200: AdjustedSerializer}, operation_id="approve_adjustment")
    def post(self, request: Request, pk: str) -> Response:
        """Post a waiting adjustment, as a second person."""
        return self.perform_write(request, None, partial(self._approve, int(pk)))

    def _approve(self, adjustment_id: int) -> Answer:
        answer = approve_adjustment(adjustment_id, actor=self.actor, note=self.note())
        return status.HTTP_200_OK, _kept(answer)


class RefuseView(_DecideView):
    @extend_schema(request=DecisionInput, responses={200: AdjustmentSerializer}, operation_id="refuse_adjustment")
    def post(self, request: Request, pk: str) -> Response:
        """Turn a waiting adjustment down, as a second person."""
        return self.perform_write(request, None, partial(self._refuse, int(pk)))

    def _refuse(self, adjustment_id: int) -> Answer:
        return status.HTTP_200_OK, refuse_adjustment(adjustment_id, actor=self.actor, note=self.note())


def _kept(answer: dict[str, Any]) -> dict[str, Any]:
    adjustment = answer["adjustment"]
    return answer | {
        "adjustment": adjustment | {"id": row_id(Adjustment, adjustment["id"])},
        "posting": kept(answer["posting"]),
    }
