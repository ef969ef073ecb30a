"""A view that does nothing, behind the same authentication, throttle and permission as earning."""

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.api.views import VerbMixin


class NullView(VerbMixin, APIView):
    required_scopes = {"POST": "points:earn"}

    def post(self, request: Request, membership_id: int) -> Response:
        return Response({"membership": membership_id, "points": request.data["points"]}, 201)
