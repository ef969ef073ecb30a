"""Transfers and donations."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.shapes import TransferAnswerSerializer, kept_posting
from activities.transferring import TransferCall, transfer_points
from common.api.fields import IdField, PointsField, StrictBooleanField, StrictCharField
from common.api.serializers import StrictSerializer
from common.api.views import VerbMixin


class TransferSerializer(StrictSerializer):
    to_membership = IdField()
    points = PointsField(min_value=1)
    point_type = StrictCharField(max_length=40, required=False, help_text="Default: the program's default type.")
    donate = StrictBooleanField(required=False, help_text="To a membership that is marked as a beneficiary.")
    member = IdField(required=False, help_text="The customer who gives, in a membership of several.")


class TransferPointsView(VerbMixin, APIView):
    required_scopes = {"POST": "points:transfer"}
    key_required = True

    @extend_schema(
        request=TransferSerializer, responses={201: TransferAnswerSerializer}, operation_id="transfer_points"
    )
    def post(self, request: Request, membership_id: int) -> Response:
        """Give points to another membership of the program; they keep their dates."""
        asked = TransferSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        call = TransferCall(membership_id=membership_id, **asked.validated_data)
        return self.perform_write(request, None, lambda: (201, kept_posting(transfer_points(call, actor=self.actor))))
