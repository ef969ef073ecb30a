"""Redeeming by exception, for anonymous memberships."""

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from memberships import overriding
from memberships.api import serializers as io
from memberships.api.memberships import MembershipViewSet


class OverridingViewSet(MembershipViewSet):
    @extend_schema(request=io.ReasonInput, responses=io.MembershipOutput)
    def allow_redemption(self, request: Request, pk: str) -> Response:
        """Let an anonymous membership redeem and hold points, until it is forbidden or registered."""
        return self._change(overriding.allow_redemption, io.ReasonInput)

    @extend_schema(request=io.ReasonInput, responses=io.MembershipOutput)
    def forbid_redemption(self, request: Request, pk: str) -> Response:
        """End the exception; what is held stays held."""
        return self._change(overriding.forbid_redemption, io.ReasonInput)
