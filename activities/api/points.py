"""Earn and redeem by figures: one round trip where the case is plain, the general form behind the gate otherwise."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.online import OnlineMixin
from activities.api.shapes import PointsAnswerSerializer, kept_ids
from activities.calls import PointsCall, body_of
from activities.earning import earn_in_general, earn_online
from activities.online import Sent
from activities.redeeming import redeem_in_general, redeem_online
from common.api.fields import IdField, PointsField, StrictCharField, StrictDateTimeField
from common.api.serializers import StrictSerializer
from memberships.api.guesses import guess


class PointsCallSerializer(StrictSerializer):
    points = PointsField(min_value=1)
    point_type = StrictCharField(max_length=40, required=False, help_text="Default: the program's default type.")
    member = IdField(required=False, help_text="The customer who acted, in a membership of several.")
    occurred_at = StrictDateTimeField(required=False, help_text="Default: now.")
    reference = StrictCharField(max_length=80, required=False, allow_blank=True, help_text="A search aid.")
    location = StrictCharField(max_length=80, required=False, allow_blank=True)
    note = StrictCharField(max_length=500, required=False, allow_blank=True)


class RedeemCallSerializer(PointsCallSerializer):
    code = StrictCharField(
        max_length=20,
        required=False,
        help_text="That was sent to the member by .../spending-codes of this channel: that person spends.",
    )


# One of each for all calls: validation leaves nothing on it, and so its fields are not copied for each.
EARNED, REDEEMED = PointsCallSerializer(), RedeemCallSerializer()


class PointsView(OnlineMixin, APIView):
    """What earning and redeeming share."""

    asked: ClassVar[PointsCallSerializer]
    online: ClassVar[Callable[..., Sent | None]]
    in_general: ClassVar[Callable[..., dict[str, Any]]]

    def carry_out(self, request: Request, membership_id: int) -> HttpResponse | Response:
        raw = request.body  # before the parser takes the stream
        call = PointsCall(membership_id=membership_id, **self.asked.validated(request.data))
        return self.once(
            request,
            raw,
            online=lambda key: type(self).online(call, actor=self.actor, key=key),
            body_of=body_of,
            in_general=lambda: self._in_general(call),
        )

    def _in_general(self, call: PointsCall) -> dict[str, Any]:
        with nullcontext() if call.code is None else guess(self.request):
            return kept_ids(type(self).in_general(call, actor=self.actor))


class EarnPointsView(PointsView):
    required_scopes = {"POST": "points:earn"}
    asked = EARNED
    online = staticmethod(earn_online)
    in_general = staticmethod(earn_in_general)

    @extend_schema(request=PointsCallSerializer, responses={201: PointsAnswerSerializer}, operation_id="earn_points")
    def post(self, request: Request, membership_id: int) -> HttpResponse | Response:
        """Credit points to a membership."""
        return self.carry_out(request, membership_id)


class RedeemPointsView(PointsView):
    required_scopes = {"POST": "points:redeem"}
    asked = REDEEMED
    online = staticmethod(redeem_online)
    in_general = staticmethod(redeem_in_general)

    @extend_schema(request=RedeemCallSerializer, responses={201: PointsAnswerSerializer}, operation_id="redeem_points")
    def post(self, request: Request, membership_id: int) -> HttpResponse | Response:
        """Spend points of a membership: nearest expiry first, then oldest."""
        return self.carry_out(request, membership_id)
