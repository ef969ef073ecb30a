"""Look at a posting by its number, and take it back (interfaces 3.1)."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.shapes import BalanceSerializer, PostingOfSerializer, PostingSerializer
from activities.posting_shown import posting_shown
from activities.reversing import reverse_posting, visible_posting
from common.api.dry_run import Answer, row_id
from common.api.fields import PointsField, StrictCharField
from common.api.serializers import StrictSerializer
from common.api.views import VerbMixin
from gateway.api.writing import answer_concerns
from points.models import Posting
from points.reasons import code_and_note
from points.reversal_parts import Part


class ReverseInput(StrictSerializer):
    reason = StrictCharField(max_length=500, help_text="A reason code; a sentence is kept as a note beside it.")
    points = PointsField(min_value=1, required=False, help_text="Default: all that is left, of every point type.")
    point_type = StrictCharField(max_length=40, required=False, help_text="Which type `points` counts.")
    extend_until = serializers.DateField(
        required=False,
        help_text="Last day on which points that come back past their time are usable; needs points:extend.",
    )


class MoneySerializer(serializers.Serializer):
    amount = serializers.CharField()
    currency = serializers.CharField()


class ReversedLineSerializer(serializers.Serializer):
    point_type = serializers.SlugField()
    asked = serializers.IntegerField(help_text="posted + cut + shortfall")
    posted = serializers.IntegerField()
    debt = serializers.IntegerField(help_text="The part of `posted` that went below zero.")
    shortfall = serializers.IntegerField(help_text="Owed by nobody: qualifying points stop at 0, others had expired.")
    cut = serializers.IntegerField(help_text="Spent points to be taken from the refund in money.")
    cut_from_refund = MoneySerializer(allow_null=True)


class ReversedSerializer(serializers.Serializer):
    posting = PostingSerializer(allow_null=True, help_text="Null where nothing was left to move.")
    expired = PostingSerializer(many=True, help_text="What came back past its time and expired at once.")
    reverses = serializers.IntegerField()
    part = serializers.IntegerField()
    in_full = serializers.BooleanField()
    reversed = ReversedLineSerializer(many=True)
    membership = serializers.IntegerField(help_text="The membership whose balances are shown.")
    balances = BalanceSerializer(many=True)


def kept(posting: dict[str, Any] | None) -> dict[str, Any] | None:
    """A posting's shape, its id null in a dry run."""
    return posting and posting | {"id": row_id(Posting, posting["id"])}


class PostingView(VerbMixin, APIView):
    required_scopes = {"GET": ("memberships:read", "reports:read")}

    @extend_schema(responses=PostingOfSerializer, operation_id="posting")
    def get(self, request: Request, pk: str) -> Response:
        """A posting the feed told of: whose points it moved, of which types, and why."""
        posting = visible_posting(self.actor, int(pk))
        return Response(posting_shown(posting))


class ReverseView(VerbMixin, APIView):
    required_scopes = {"POST": ("points:reverse", "points:adjust")}
    key_required = True

    @extend_schema(request=ReverseInput, responses={201: ReversedSerializer}, operation_id="reverse_posting")
    def post(self, request: Request, pk: str) -> Response:
        """Take a posting back, wholly or in part."""
        return self.perform_write(request, None, lambda: self._reverse(int(pk)))

    def _reverse(self, posting_id: int) -> Answer:
        posting = visible_posting(self.actor, posting_id)
        given = ReverseInput(data=self.request.data)
        given.is_valid(raise_exception=True)
        asked = given.validated_data
        code, note = code_and_note(asked["reason"])
        part = Part(
            reason_code=code,
            note=note,
            points=asked.get("points"),
            point_type=asked.get("point_type"),
            extend_until=asked.get("extend_until"),
        )
        answer = reverse_posting(posting_id, part, actor=self.actor)
        answer_concerns(self.request, program_id=posting.program_id)
        return status.HTTP_201_CREATED, answer | {
            "posting": kept(answer["posting"]),
            "expired": [kept(one) for one in answer["expired"]],
        }
