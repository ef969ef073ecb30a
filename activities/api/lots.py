"""Lots: staff extend them."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.shapes import LotDateChangeSerializer
from common.api.fields import StrictCharField
from common.api.permissions import DefaultDeny, StaffOnly
from common.api.serializers import StrictSerializer
from common.api.views import VerbMixin
from points.redating import RIGHT, extend


class ExtensionSerializer(StrictSerializer):
    last_day = serializers.DateField(help_text="Usable through the end of this day in the program's zone.")
    reason = StrictCharField(max_length=40)


class ExtendLotView(VerbMixin, APIView):
    required_scopes = {"POST": RIGHT}
    permission_classes = [IsAuthenticated, DefaultDeny, StaffOnly]
    key_required = True

    @extend_schema(request=ExtensionSerializer, responses={200: LotDateChangeSerializer}, operation_id="extend_lot")
    def post(self, request: Request, lot_id: int) -> Response:
        """Give a lot a later date, with a reason."""
        asked = ExtensionSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        given = asked.validated_data
        return self.perform_write(request, None, lambda: (200, self._extend(lot_id, **given)))

    def _extend(self, lot_id: int, *, last_day: Any, reason: str) -> dict[str, Any]:
        change = extend(lot_id, last_day=last_day, reason_code=reason, actor=self.actor)
        return {
            "lot": lot_id,
            "points": change.lot.remaining,
            "old_expires_at": change.old_expires_at,
            "new_expires_at": change.new_expires_at,
            "reason": change.reason_code,
        }
