"""Answers about points as the documentation shows them (interfaces 3.1)."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from activities.api.shapes import ActivityProblemSerializer, BalanceSerializer, EffectSerializer
from activities.models import MemberActivity
from activities.rules.shown import stored_shape
from points.models import Lot


class BalancesSerializer(serializers.Serializer):
    results = BalanceSerializer(many=True)


class StatementAccountSerializer(serializers.Serializer):
    point_type = serializers.SlugField()
    pooled = serializers.BooleanField()
    opening = serializers.IntegerField(help_text="The balance before the period.")
    closing = serializers.IntegerField(help_text="The balance at its end.")


class StatementLineSerializer(serializers.Serializer):
    posting = serializers.IntegerField()
    kind = serializers.CharField()
    point_type = serializers.SlugField()
    pooled = serializers.BooleanField()
    amount = serializers.IntegerField()
    balance_after = serializers.IntegerField()
    person = serializers.IntegerField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)
    reverses = serializers.IntegerField(allow_null=True)


class StatementSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, help_text="Always null: a statement is read forward.")
    to = serializers.DateTimeField()
    accounts = StatementAccountSerializer(many=True)
    results = StatementLineSerializer(many=True)

    def get_fields(self) -> dict[str, Any]:
        # A name that Python keeps for itself.
        return {"from": serializers.DateTimeField()} | super().get_fields()


class ExplainedPostingSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    kind = serializers.CharField()
    cause_kind = serializers.CharField()
    cause_id = serializers.IntegerField()
    person = serializers.IntegerField(allow_null=True)
    channel = serializers.IntegerField()
    user = serializers.IntegerField(allow_null=True)
    reason = serializers.CharField(allow_blank=True)
    reverses = serializers.IntegerField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()


class OriginSerializer(serializers.Serializer):
    lot = serializers.IntegerField()
    account = serializers.IntegerField()
    posting = ExplainedPostingSerializer()


class ExplainedDrawSerializer(serializers.Serializer):
    points = serializers.IntegerField(help_text="Negative: given back.")
    posting = ExplainedPostingSerializer()


class ExplainedLotSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    amount = serializers.IntegerField()
    left = serializers.IntegerField()
    earner = serializers.IntegerField(allow_null=True)
    contributor = serializers.IntegerField(allow_null=True)
    earned_at = serializers.DateTimeField()
    available_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)
    parent_lot = serializers.IntegerField(allow_null=True)
    origin_lot = serializers.IntegerField(allow_null=True)
    came_by = OriginSerializer(many=True, help_text="From the lot that was earned down to this one.")
    drawn_by = ExplainedDrawSerializer(many=True)


class ExplainedDebtSerializer(serializers.Serializer):
    person = serializers.IntegerField(allow_null=True)
    amount = serializers.IntegerField()
    open = serializers.IntegerField()
    posting = serializers.IntegerField()


class ExplainedHoldSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    points = serializers.IntegerField()
    person = serializers.IntegerField(allow_null=True)
    placed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField()


class ExplanationSerializer(serializers.Serializer):
    point_type = serializers.SlugField()
    at = serializers.DateTimeField()
    balance = serializers.IntegerField(help_text="What is left of all lots - debt.")
    debt = serializers.IntegerField()
    lots = ExplainedLotSerializer(many=True)
    debts = ExplainedDebtSerializer(many=True)
    holds = ExplainedHoldSerializer(many=True)
    complete = serializers.BooleanField(help_text="False where only the first lots are shown.")


class LotSerializer(serializers.ModelSerializer):
    point_type = serializers.SlugField(source="account.point_type.code")
    pooled = serializers.BooleanField(source="account.account_set.is_pool")
    left = serializers.IntegerField(source="remaining")
    earner = serializers.IntegerField(source="earner_id", allow_null=True)
    contributor = serializers.IntegerField(source="contributor_id", allow_null=True)

    class Meta:
        model = Lot
        fields = (
            "id", "point_type", "pooled", "amount", "left", "earned_at", "available_at", "expires_at", "earner",
            "contributor",
        )  # fmt: skip


class ActivitySerializer(serializers.ModelSerializer):
    type = serializers.SlugField(source="type.code")
    status = serializers.CharField(help_text="received, processed, refused, failed or reversed")
    membership = serializers.IntegerField(source="membership_id")
    member = serializers.IntegerField(source="customer_id", allow_null=True)
    posting = serializers.IntegerField(source="posting_id", allow_null=True)
    partner = serializers.SlugField(source="partner.code", default=None, allow_null=True)
    transaction = serializers.IntegerField(source="transaction_id", allow_null=True)
    attributes = serializers.DictField(allow_null=True)
    effects = serializers.SerializerMethodField(help_text="What rules did, in order.")
    problem = ActivityProblemSerializer(
        allow_null=True, help_text="Why it was refused or failed, also while it waits again."
    )

    class Meta:
        model = MemberActivity
        fields = (
            "id", "type", "status", "membership", "member", "posting", "points", "amount", "currency", "partner",
            "attributes", "transaction", "reference", "location", "note", "occurred_at", "recorded_at",
            "processed_at", "redirected_from", "effects", "problem",
        )  # fmt: skip

    @extend_schema_field(EffectSerializer(many=True))
    def get_effects(self, activity: MemberActivity) -> list[dict[str, Any]]:
        return [stored_shape(one) for one in activity.effects.all()]
