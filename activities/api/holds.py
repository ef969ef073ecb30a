"""Holds: place, look at, capture, release."""

from collections.abc import Callable
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.shapes import EndedHoldSerializer, HoldSerializer, PlacedHoldSerializer, kept_posting
from activities.holding import HoldCall, capture_hold, hold_points, release_hold, show_hold
from common.api.dry_run import row_id
from common.api.fields import IdField, PointsField, StrictCharField, StrictIntegerField
from common.api.serializers import NoInput, StrictSerializer
from common.api.views import VerbMixin
from gateway.api.writing import answer_concerns
from points.holds import DEFAULT_SECONDS, MOST_SECONDS
from points.models import Hold

SCOPE = "points:redeem"


class HoldInput(StrictSerializer):
    points = PointsField(min_value=1)
    point_type = StrictCharField(max_length=40, required=False, help_text="Default: the program's default type.")
    member = IdField(required=False, help_text="The customer who buys, in a membership of several.")
    expires_in = StrictIntegerField(
        min_value=1, max_value=MOST_SECONDS, required=False, help_text=f"Seconds; default {DEFAULT_SECONDS}."
    )
    reference = StrictCharField(max_length=80, required=False, allow_blank=True)


class CaptureInput(StrictSerializer):
    points = PointsField(min_value=1, required=False, help_text="Default: all; the rest is free at once.")


class HoldVerbView(VerbMixin, APIView):
    required_scopes = {"GET": SCOPE, "POST": SCOPE}
    key_required = True

    def given(self, given_as: type[StrictSerializer]) -> dict[str, Any]:
        asked = given_as(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return dict(asked.validated_data)

    def answer(self, status: int, verb: Callable[[], dict[str, Any]]) -> Response:
        def func() -> tuple[int, dict[str, Any]]:
            shown = kept_posting(verb())
            if shown["member"] is not None:
                # The reference is free text.
                answer_concerns(self.request, customers=[shown["member"]])
            return status, shown | {"id": row_id(Hold, shown["id"])}

        return self.perform_write(self.request, None, func)


class HoldsView(HoldVerbView):
    @extend_schema(request=HoldInput, responses={201: PlacedHoldSerializer}, operation_id="hold_points")
    def post(self, request: Request, membership_id: int) -> Response:
        """Set points aside for an open sale."""
        call = HoldCall(membership_id=membership_id, **self.given(HoldInput))
        return self.answer(201, lambda: hold_points(call, actor=self.actor))


class HoldView(HoldVerbView):
    @extend_schema(responses=HoldSerializer, operation_id="hold")
    def get(self, request: Request, hold_id: int) -> Response:
        """A hold as it counts now: past its limit it is lapsed."""
        return Response(show_hold(hold_id, actor=self.actor))


class CaptureView(HoldVerbView):
    @extend_schema(request=CaptureInput, responses={200: EndedHoldSerializer}, operation_id="capture_hold")
    def post(self, request: Request, hold_id: int) -> Response:
        """Spend what was held, or a part; the rest is free at once."""
        given = self.given(CaptureInput)
        return self.answer(200, lambda: capture_hold(hold_id, actor=self.actor, **given))


class ReleaseView(HoldVerbView):
    @extend_schema(request=NoInput, responses={200: EndedHoldSerializer}, operation_id="release_hold")
    def post(self, request: Request, hold_id: int) -> Response:
        """Give what was held free; what is past its time expires at once."""
        self.given(NoInput)
        return self.answer(200, lambda: release_hold(hold_id, actor=self.actor))
