"""Transfers and donations."""

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.online import OnlineMixin
from activities.api.shapes import TransferAnswerSerializer, kept_posting
from activities.transfer_online import transfer_body
from activities.transferring import TransferCall, transfer_points_in_general, transfer_points_online
from common.api.fields import IdField, PointsField, StrictBooleanField, StrictCharField
from common.api.serializers import StrictSerializer


class TransferSerializer(StrictSerializer):
    to_membership = IdField()
    points = PointsField(min_value=1)
    point_type = StrictCharField(max_length=40, required=False, help_text="Default: the program's default type.")
    donate = StrictBooleanField(required=False, help_text="To a membership that is marked as a beneficiary.")
    member = IdField(required=False, help_text="The customer who gives, in a membership of several.")


# One for all calls, as in activities.api.points.
ASKED = TransferSerializer()


class TransferPointsView(OnlineMixin, APIView):
    required_scopes = {"POST": "points:transfer"}

    @extend_schema(
        request=TransferSerializer, responses={201: TransferAnswerSerializer}, operation_id="transfer_points"
    )
    def post(self, request: Request, membership_id: int) -> HttpResponse | Response:
        """Give points to another membership of the program; they keep their dates."""
        raw = request.body  # before the parser takes the stream
        call = TransferCall(membership_id=membership_id, **ASKED.validated(request.data))
        return self.once(
            request,
            raw,
            online=lambda key: transfer_points_online(call, actor=self.actor, key=key),
            body_of=transfer_body,
            in_general=lambda: kept_posting(transfer_points_in_general(call, actor=self.actor)),
        )
