"""What a membership's points are, were, and why (interfaces 3.1)."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.db.models import QuerySet
from django.utils.dateparse import parse_date, parse_datetime
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from activities.api import shapes_of_points as io
from activities.cursors import Cursor, cursor_of, cursor_text
from activities.models import MemberActivity
from activities.reading import balances, explanation_of, sets_of, statement_of
from common import clock
from common.api.pagination import LoyaltyPagination
from common.api.problems import MEDIA_TYPE
from common.api.serializers import ProblemSerializer
from common.api.views import VerbMixin
from common.errors import FieldError, Malformed, NotFound
from memberships.models import Membership
from points.models import Lot
from programs.design import design_of
from programs.expiry import end_of_day, start_of_day

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
FROM = OpenApiParameter("from", str, description="A time with offset, or a day of the program's zone. Default: all.")
TO = OpenApiParameter("to", str, description="Before this time, or through the end of this day. Default: now.")
AT = OpenApiParameter("at", str, description="A time with offset, or the end of a day. Default: now.")
TYPE = OpenApiParameter("point_type", str, description="Default: the program's default type.")
CURSOR = OpenApiParameter("cursor", str)
PAGE_SIZE = OpenApiParameter("page_size", {"type": "integer", "minimum": 1, "maximum": 200, "default": 50})


def malformed(name: str, detail: str) -> Malformed:
    return Malformed(detail, errors=[FieldError(pointer=f"?{name}", code="invalid", detail=detail)])


class _OfMembership(VerbMixin):
    required_scopes = {"GET": "memberships:read"}
    kwargs: dict[str, Any]

    def membership(self) -> Membership:
        """The one of the path; foreign and unknown ones answer alike."""
        found = Membership.objects.visible_to(self.actor).filter(pk=int(self.kwargs["pk"])).first()
        if found is None:
            raise NotFound("There is no such membership that you can see.")
        self.check_object_permissions(self.request, found)  # type: ignore[attr-defined]
        return found

    def asked_time(self, name: str, membership: Membership, *, of_day_start: bool = False) -> datetime | None:
        """A time with its offset, or the start or end of a day in the program's zone."""
        text = self.request.query_params.get(name)
        if text is None:
            return None
        # A + in a query is a blank to some; times have no blank otherwise.
        text = text.replace(" ", "+")
        zone = design_of(membership.program_id).zone
        try:
            day, at = parse_date(text), parse_datetime(text)
            if day is not None:
                return start_of_day(day, zone) if of_day_start else end_of_day(day, zone)
            if at is not None and at.tzinfo is not None:
                return at.astimezone(UTC)
        except (ValueError, OverflowError) as error:
            raise malformed(name, f"{name} is no time there is.") from error
        raise malformed(name, f"{name} is a day (YYYY-MM-DD) or a time with its offset from UTC.")

    def program_now(self, membership: Membership) -> datetime:
        return clock.program_now(design_of(membership.program_id).program)


class BalancesView(_OfMembership, APIView):
    @extend_schema(responses=io.BalancesSerializer, operation_id="membership_balances")
    def get(self, request: Request, pk: str) -> Response:
        """Every balance, of the own set and of the pool in use."""
        return Response({"results": balances(self.membership())})


class StatementView(_OfMembership, APIView):
    @extend_schema(
        parameters=[FROM, TO, CURSOR, PAGE_SIZE], responses=io.StatementSerializer, operation_id="membership_statement"
    )
    def get(self, request: Request, pk: str) -> Response:
        """What was recorded in a period, oldest first, with the balances at its ends."""
        membership = self.membership()
        cursor = _cursor(request.query_params.get("cursor"))
        since = self.asked_time("from", membership, of_day_start=True) or FIRST
        # A page after the first keeps the end of the first: what is recorded meanwhile shifts nothing.
        until = cursor[0] if cursor else self.asked_time("to", membership)
        until = until or self.program_now(membership) + timedelta(microseconds=1)
        body, page = statement_of(
            membership,
            since=since,
            until=until,
            page_size=LoyaltyPagination().get_page_size(request),
            position=cursor[1] if cursor else None,
        )
        following = None
        if page.position is not None:
            following = replace_query_param(request.build_absolute_uri(), "cursor", cursor_text(until, page.position))
        return Response({"next": following, "previous": None} | body)


class ExplainView(_OfMembership, APIView):
    @extend_schema(
        parameters=[AT, TYPE],
        responses={200: io.ExplanationSerializer, (422, MEDIA_TYPE): ProblemSerializer},
        operation_id="membership_explain",
    )
    def get(self, request: Request, pk: str) -> Response:
        """Why the balance was what it was: lots with their origin, draws, debts, holds."""
        membership = self.membership()
        at = self.asked_time("at", membership) or self.program_now(membership)
        return Response(explanation_of(membership, at=at, point_type=request.query_params.get("point_type")))


class _Oldest(LoyaltyPagination):
    ordering = "pk"


class LotListView(_OfMembership, ListAPIView):
    """Lots with points left, as they came in."""

    queryset = Lot.objects.filter(is_open=True)
    serializer_class = io.LotSerializer
    pagination_class = _Oldest

    def get_queryset(self) -> QuerySet[Any]:
        if hasattr(self, "swagger_fake_view"):
            return super().get_queryset().none()
        membership = self.membership()
        sets = sets_of(membership, design_of(membership.program_id))
        return Lot.objects.filter(is_open=True, account__account_set_id__in=sets).select_related(
            "account__point_type", "account__account_set"
        )


class ActivityListView(_OfMembership, ListAPIView):
    """What the members did and what rules made of it, the latest first."""

    queryset = MemberActivity.objects.all()
    serializer_class = io.ActivitySerializer

    def get_queryset(self) -> QuerySet[Any]:
        if hasattr(self, "swagger_fake_view"):
            return super().get_queryset().none()
        rows = MemberActivity.objects.filter(membership=self.membership()).select_related("type", "partner")
        return rows.prefetch_related("effects__rule_version__rule", "effects__point_type")


def _cursor(text: str | None) -> Cursor | None:
    if text is None:
        return None
    try:
        return cursor_of(text)
    except ValueError as error:
        raise malformed("cursor", "This cursor is not one of ours.") from error
