"""Conversions between the point types of a program."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.shapes import ConversionAnswerSerializer, kept_posting
from activities.converting import ConversionCall, convert_points
from common.api.fields import IdField, PointsField, StrictCharField
from common.api.serializers import StrictSerializer
from common.api.views import VerbMixin


class ConversionSerializer(StrictSerializer):
    to = StrictCharField(max_length=40, help_text="The point type that is given.")
    points = PointsField(min_value=1, help_text="Points taken.")
    member = IdField(required=False, help_text="The customer who acts, in a membership of several.")

    def get_fields(self) -> dict[str, Any]:
        # `from` is no name Python lets a class have.
        return {
            "from": StrictCharField(max_length=40, help_text="The point type that is taken.")
        } | super().get_fields()


class ConvertPointsView(VerbMixin, APIView):
    required_scopes = {"POST": "points:transfer"}
    key_required = True

    @extend_schema(
        request=ConversionSerializer, responses={201: ConversionAnswerSerializer}, operation_id="convert_points"
    )
    def post(self, request: Request, membership_id: int) -> Response:
        """Make points of one type into points of another at the rate of now, rounded down."""
        asked = ConversionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        from_type, to_type = given.pop("from"), given.pop("to")
        call = ConversionCall(membership_id=membership_id, from_type=from_type, to_type=to_type, **given)
        return self.perform_write(request, None, lambda: (201, kept_posting(convert_points(call, actor=self.actor))))
