from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from common.errors import FieldError, Malformed
from gateway.feed import READS_EVENTS, read_feed, shown
from gateway.numbering import number_waiting_events

MAX_NUMBER = 2**63 - 1
MAX_LIMIT = 1_000
DEFAULT_LIMIT = 100


class EventSerializer(serializers.Serializer):
    number = serializers.IntegerField(help_text="Where to go on from: pass the last one as `after`.")
    kind = serializers.CharField()
    program = serializers.SlugField(allow_null=True)
    subject_id = serializers.IntegerField()
    facts = serializers.DictField()
    recorded_at = serializers.DateTimeField()


class FeedSerializer(serializers.Serializer):
    results = EventSerializer(many=True)
    next_after = serializers.IntegerField()


class EventFeed(APIView):
    """All changes in order. A reader that goes on from `next_after` misses none and gets none twice."""

    required_scopes = {"GET": READS_EVENTS}

    @extend_schema(
        operation_id="events_list",
        parameters=[
            OpenApiParameter("after", {"type": "integer", "minimum": 0, "maximum": MAX_NUMBER, "default": 0}),
            OpenApiParameter(
                "limit", {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
            ),
        ],
        responses=FeedSerializer,
    )
    def get(self, request: Request) -> Response:
        after = _number(request, "after", default=0, least=0, most=MAX_NUMBER)
        limit = _number(request, "limit", default=DEFAULT_LIMIT, least=1, most=MAX_LIMIT)
        number_waiting_events()
        auth: Any = request.auth
        page = read_feed(auth.actor(), after=after, limit=limit)
        results = EventSerializer([shown(one) for one in page.events], many=True).data
        return Response({"results": results, "next_after": page.next_after})


def _number(request: Request, name: str, *, default: int, least: int, most: int) -> int:
    given = request.query_params.get(name)
    if given is None:
        return default
    if not (given.isascii() and given.isdigit() and len(given) <= 19 and least <= int(given) <= most):
        detail = f"{name} is a whole number from {least} to {most}."
        raise Malformed(detail, errors=[FieldError(pointer=f"?{name}", code="invalid", detail=detail)])
    return int(given)
