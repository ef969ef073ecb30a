"""Activities as channels send them, one at a time."""

from contextlib import nullcontext
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.shapes import BalanceSerializer, PostingSerializer, kept_posting
from activities.models import MemberActivity
from activities.receiving import ActivityCall, receive
from common.api.dry_run import Answer, row_id
from common.api.fields import IdField, PointsField, StrictCharField, StrictDateTimeField
from common.api.serializers import StrictSerializer
from common.api.views import VerbMixin
from memberships.api.guesses import guess
from memberships.models import Membership

NAMES = ("membership", "member_number", "card_number")


class ActivityInput(StrictSerializer):
    type = StrictCharField(max_length=40, help_text="Code of an activity type of the program: earn, redeem ...")
    membership = IdField(required=False, help_text="This, or member_number, or card_number.")
    member_number = StrictCharField(max_length=24, required=False)
    card_number = StrictCharField(max_length=60, required=False, help_text="Blanks and hyphens do not count.")
    program = StrictCharField(
        max_length=40, required=False, help_text="With a member number that occurs in several programs."
    )
    points = PointsField(min_value=1, required=False, help_text="Where the type earns or redeems.")
    point_type = StrictCharField(max_length=40, required=False, help_text="Default: the program's default type.")
    member = IdField(required=False, help_text="The customer who acted, in a membership of several.")
    occurred_at = StrictDateTimeField(required=False, help_text="Default: now.")
    reference = StrictCharField(max_length=80, required=False, allow_blank=True, help_text="A search aid.")
    location = StrictCharField(max_length=80, required=False, allow_blank=True)
    note = StrictCharField(max_length=500, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in NAMES) != 1:
            raise serializers.ValidationError(f"Give exactly one of {', '.join(NAMES)}.")
        if "program" in attrs and "member_number" not in attrs:
            raise serializers.ValidationError({"program": "Only a member number needs its program."})
        return attrs


class ReceivedActivitySerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    type = serializers.SlugField()
    status = serializers.ChoiceField(["processed"])
    membership = serializers.IntegerField(
        allow_null=True, help_text="The membership that was posted to; null in a dry run that would make it."
    )
    redirected_from = serializers.IntegerField(allow_null=True)
    member = serializers.IntegerField(allow_null=True, help_text="The customer; null in an anonymous membership.")
    occurred_at = serializers.DateTimeField()
    late = serializers.BooleanField(help_text="It came in more than five minutes after it happened.")
    posting = PostingSerializer(allow_null=True, help_text="Null where the type posts nothing.")
    effects = serializers.ListField(child=serializers.DictField(), help_text="What rules did.")
    balances = BalanceSerializer(many=True, help_text="Of the point type that was posted.")


class ActivitiesView(VerbMixin, APIView):
    required_scopes = {"POST": "activities:write"}
    key_required = True

    @extend_schema(request=ActivityInput, responses={201: ReceivedActivitySerializer}, operation_id="receive_activity")
    def post(self, request: Request) -> Response:
        """What a member did; a type that earns or redeems needs that scope too.

        By a temporary card not used before: an anonymous membership is made.
        """
        asked = ActivityInput(data=request.data)
        asked.is_valid(raise_exception=True)
        call = ActivityCall(**asked.validated_data)
        return self.perform_write(request, None, lambda: self._receive(call))

    def _receive(self, call: ActivityCall) -> Answer:
        with nullcontext() if call.membership is not None else guess(self.request):
            answer = kept_posting(receive(call, actor=self.actor))
        return 201, answer | {
            "id": row_id(MemberActivity, answer["id"]),
            "membership": row_id(Membership, answer["membership"]),
        }
