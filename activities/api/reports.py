"""Liability and expiry forecast of a program (interfaces 3.1)."""

import base64
import binascii
import json
from datetime import datetime

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from activities.api import shapes_of_reports as io
from activities.api.statements import CURSOR, PAGE_SIZE, malformed
from activities.liability_entries import with_memberships
from common.api.pagination import LoyaltyPagination
from common.api.problems import MEDIA_TYPE
from common.api.serializers import ProblemSerializer
from common.api.views import VerbMixin
from points.forecast import forecast
from points.liability import liability, month_from
from points.liability_entries import BEGINNING, Position, entries_of
from points.liability_lines import BY_CODE
from points.report_shapes import entry_shape, forecast_shape, liability_shape
from programs.design import Design, design_of
from programs.models import Program

MONTH = OpenApiParameter(
    "month",
    {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}$"},
    description="YYYY-MM in the program's zone. Default: the month that is running.",
)
TYPE = OpenApiParameter("point_type", str, description="Default: the program's default type.")
LINE = OpenApiParameter("line", str, enum=list(BY_CODE), required=True, description="A line of the report.")


class _OfProgram(VerbMixin, APIView):
    required_scopes = {"GET": "reports:read"}

    def design(self) -> Design:
        """Of the program of the path; foreign and unknown ones answer alike."""
        found = Program.objects.visible_to(self.actor).filter(code=self.kwargs["code"]).first()
        if found is None:
            raise Http404
        if not self.actor.may("reports:read", found.pk):
            self.permission_denied(self.request, message="The scope for this call is missing.")
        return design_of(found.pk)

    def asked(self, name: str) -> str | None:
        value: str | None = self.request.query_params.get(name)
        return value


class LiabilityView(_OfProgram):
    @extend_schema(parameters=[MONTH], responses=io.LiabilitySerializer, operation_id="program_liability")
    def get(self, request: Request, code: str) -> Response:
        """What the program owes in points and money: opening + earned - redeemed - expired + adjusted = closing."""
        design = self.design()
        month = month_from(self.asked("month"), design)
        return Response(liability_shape(liability(design, month=month), month))


class LiabilityEntriesView(_OfProgram):
    @extend_schema(
        parameters=[MONTH, LINE, TYPE, CURSOR, PAGE_SIZE],
        responses={200: io.LiabilityEntriesSerializer, (422, MEDIA_TYPE): ProblemSerializer},
        operation_id="program_liability_entries",
    )
    def get(self, request: Request, code: str) -> Response:
        """The entries behind one line of the report, in the order they were recorded."""
        design = self.design()
        month = month_from(self.asked("month"), design)
        line = BY_CODE.get(self.asked("line") or "")
        if line is None:
            raise malformed("line", f"Name one line of the report: {', '.join(BY_CODE)}.")
        page = entries_of(
            design,
            month=month,
            point_type=design.point_type(self.asked("point_type")),
            line=line,
            after=position_from(self.asked("cursor")),
            page_size=LoyaltyPagination().get_page_size(request),
        )
        results = [
            entry_shape(entry) | {"membership": membership and membership.pk}
            for entry, membership in with_memberships(page.entries)
        ]
        following = None
        if page.following is not None:
            following = replace_query_param(request.build_absolute_uri(), "cursor", position_text(page.following))
        return Response({"next": following, "previous": None, "results": results})


class ForecastView(_OfProgram):
    @extend_schema(responses=io.ForecastSerializer, operation_id="program_expiry_forecast")
    def get(self, request: Request, code: str) -> Response:
        """When the points that members have now will end, if nothing is spent meanwhile."""
        return Response(forecast_shape(forecast(self.design())))


def position_text(position: Position) -> str:
    at, entry_id = position
    return base64.urlsafe_b64encode(json.dumps([at.isoformat(), entry_id]).encode()).decode()


def position_from(text: str | None) -> Position:
    """Raises Malformed where it is not one we gave."""
    if text is None:
        return BEGINNING
    try:
        at, entry_id = json.loads(base64.urlsafe_b64decode(text.encode()))
        position = datetime.fromisoformat(at), int(entry_id)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error) as error:
        raise malformed("cursor", "This cursor is not one of ours.") from error
    if position[0].tzinfo is None or not 0 <= position[1] < 2**63 or position[0] < BEGINNING[0]:
        raise malformed("cursor", "This cursor is not one of ours.")
    return position
