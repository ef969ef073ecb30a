"""Activities as channels send them: one, or up to a thousand in one call."""

from collections.abc import Mapping
from contextlib import nullcontext
from functools import partial
from typing import Any

from django.http import HttpResponse
from drf_spectacular.utils import PolymorphicProxySerializer, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api.attributes import AttributesField
from activities.api.shapes import (
    ActivityProblemSerializer,
    BalanceSerializer,
    EffectSerializer,
    PostingSerializer,
    kept_posting,
)
from activities.api.shapes_of_points import ActivitySerializer
from activities.models import ActivityStatus, MemberActivity
from activities.receiving import ActivityCall, receive
from activities.reprocessing import reprocess
from common.api.dry_run import Answer, row_id, wants_dry_run
from common.api.fields import IdField, PointsField, StrictCharField, StrictDateTimeField
from common.api.money import AmountField, CurrencyField
from common.api.serializers import NoInput, ProblemSerializer, StrictSerializer
from common.api.views import VerbMixin
from common.errors import NotFound
from gateway.api.writing import Outcome, batch_gate
from memberships.api.guesses import guess
from memberships.models import Membership

ONLINE, QUEUED = "online", "queued"
MOST_ITEMS = 1_000
NAMES = ("membership", "member_number", "card_number")


class ItemInput(StrictSerializer):
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
    amount = AmountField(required=False, help_text="What was paid; rules read it.")
    currency = CurrencyField(required=False, help_text="Default: the program's.")
    partner = StrictCharField(max_length=40, required=False, help_text="Code of an active partner of the program.")
    attributes = AttributesField(required=False, help_text="At most 20 names with a text, a number, true or false.")
    occurred_at = StrictDateTimeField(required=False, help_text="Default: now.")
    reference = StrictCharField(max_length=80, required=False, allow_blank=True, help_text="A search aid.")
    location = StrictCharField(max_length=80, required=False, allow_blank=True)
    note = StrictCharField(max_length=500, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in NAMES) != 1:
            raise serializers.ValidationError(f"Give exactly one of {', '.join(NAMES)}.")
        if "program" in attrs and "member_number" not in attrs:
            raise serializers.ValidationError({"program": "Only a member number needs its program."})
        if "currency" in attrs and "amount" not in attrs:
            raise serializers.ValidationError({"currency": "A currency says what the amount is in."})
        return attrs


class ModeField(serializers.ChoiceField):
    def __init__(self, **kwargs: Any) -> None:
        told = "Default: online. What is queued is processed soon, in order of event time."
        super().__init__(choices=[ONLINE, QUEUED], required=False, help_text=told, **kwargs)


class ActivityInput(ItemInput):
    mode = ModeField()


class ActivitiesInput(StrictSerializer):
    items = serializers.ListField(
        child=serializers.DictField(),
        min_length=1,
        max_length=MOST_ITEMS,
        help_text="Activities, each as one alone; each is taken or refused by itself.",
    )
    mode = ModeField()


class ReceivedActivitySerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    type = serializers.SlugField()
    status = serializers.ChoiceField(
        [ActivityStatus.RECEIVED.value, ActivityStatus.PROCESSED.value, ActivityStatus.FAILED.value],
        help_text="received: it waits. failed: a rule could not be applied, and it waits to be processed again.",
    )
    membership = serializers.IntegerField(
        allow_null=True, help_text="The membership that was posted to; null in a dry run that would make it."
    )
    redirected_from = serializers.IntegerField(allow_null=True)
    member = serializers.IntegerField(allow_null=True, help_text="The customer; null in an anonymous membership.")
    occurred_at = serializers.DateTimeField()
    late = serializers.BooleanField(help_text="It came in more than five minutes after it happened.")
    posting = PostingSerializer(allow_null=True, help_text="Null where nothing was posted.")
    effects = EffectSerializer(many=True, help_text="What rules did, in order.")
    balances = BalanceSerializer(many=True, help_text="Of the point types that were posted.")
    problem = ActivityProblemSerializer(allow_null=True, help_text="Why it failed.")


class ResultSerializer(serializers.Serializer):
    index = serializers.IntegerField(help_text="From 0, as in the call.")
    status = serializers.IntegerField(help_text="As if it had been sent alone: 201, 202, 422 ...")
    activity = ReceivedActivitySerializer(required=False)
    problem = ProblemSerializer(required=False)


class ResultsSerializer(serializers.Serializer):
    results = ResultSerializer(many=True)


class ActivitiesView(VerbMixin, APIView):
    required_scopes = {"POST": "activities:write"}
    key_required = True

    @extend_schema(
        request=PolymorphicProxySerializer(
            component_name="ActivityOrActivities",
            serializers=[ActivityInput, ActivitiesInput],
            resource_type_field_name=None,
        ),
        responses={
            200: ResultsSerializer,
            201: ReceivedActivitySerializer,
            202: ReceivedActivitySerializer,
        },
        operation_id="receive_activity",
    )
    def post(self, request: Request) -> Response | HttpResponse:
        """What a member did; a type that earns or redeems needs that scope too.

        By a temporary card not used before: an anonymous membership is made. With `items` up to 1,000 in one call,
        each taken or refused by itself, their outcomes in order (200). Queued ones are only received (202).
        """
        if isinstance(request.data, Mapping) and "items" in request.data:
            return self._receive_all(request)
        asked = ActivityInput(data=request.data)
        asked.is_valid(raise_exception=True)
        given = dict(asked.validated_data)
        queued = given.pop("mode", ONLINE) == QUEUED
        return self.perform_write(request, None, lambda: self._receive(ActivityCall(**given), queued=queued))

    def _receive_all(self, request: Request) -> Response | HttpResponse:
        asked = ActivitiesInput(data=request.data)
        asked.is_valid(raise_exception=True)
        queued = asked.validated_data.get("mode", ONLINE) == QUEUED
        items = [partial(self._receive_item, item, queued=queued) for item in asked.validated_data["items"]]
        return batch_gate(request, dry_run=wants_dry_run(request), items=items, assemble=_results)

    def _receive_item(self, item: Any, *, queued: bool) -> Answer:
        asked = ItemInput(data=item)
        asked.is_valid(raise_exception=True)
        return self._receive(ActivityCall(**asked.validated_data), queued=queued)

    def _receive(self, call: ActivityCall, *, queued: bool) -> Answer:
        with nullcontext() if call.membership is not None else guess(self.request):
            answer = kept_posting(receive(call, actor=self.actor, queued=queued))
        return 202 if queued else 201, answer | {
            "id": row_id(MemberActivity, answer["id"]),
            "membership": row_id(Membership, answer["membership"]),
        }


def _results(outcomes: list[Outcome]) -> Answer:
    """Each under its index, in order."""
    results = [
        {"index": index, "status": one.status, ("activity" if one.status < 300 else "problem"): one.body}
        for index, one in enumerate(outcomes)
    ]
    return 200, {"results": results}


class ReprocessView(VerbMixin, APIView):
    required_scopes = {"POST": "activities:write"}
    key_required = True

    @extend_schema(request=NoInput, responses={200: ActivitySerializer}, operation_id="reprocess_activity")
    def post(self, request: Request, pk: str) -> Response:
        """Process an activity that failed again, by the rules of its time; 409 where it did not fail."""
        NoInput(data=request.data).is_valid(raise_exception=True)
        rows = MemberActivity.objects.filter(pk=int(pk))
        if self.actor.programs is not None:
            rows = rows.filter(program_id__in=self.actor.programs)
        activity = rows.first()
        if activity is None:
            raise NotFound("There is no such activity that you can see.")
        return self.perform_write(request, None, lambda: self._reprocess(activity))

    def _reprocess(self, activity: MemberActivity) -> Answer:
        done = reprocess(activity, actor=self.actor).activity
        return 200, dict(ActivitySerializer(MemberActivity.objects.get(pk=done.pk)).data)
