"""Answers as the documentation shows them (interfaces 3.1); the verbs make the dictionaries themselves."""

from typing import Any

from rest_framework import serializers

from activities.models import MemberActivity
from common.api.dry_run import row_id
from points.models import Posting


def kept_ids(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a verb, its ids null in a dry run, where their rows were not kept."""
    posting = answer["posting"]
    return answer | {
        "activity": row_id(MemberActivity, answer["activity"]),
        "posting": posting | {"id": row_id(Posting, posting["id"])},
    }


class NextExpirySerializer(serializers.Serializer):
    points = serializers.IntegerField()
    at = serializers.DateTimeField()


class BalanceSerializer(serializers.Serializer):
    point_type = serializers.SlugField()
    kind = serializers.ChoiceField(choices=["redeemable", "qualifying"])
    balance = serializers.IntegerField(help_text="Sum of the entries; below zero only where debt explains it.")
    available = serializers.IntegerField(help_text="What can be spent now.")
    pending = serializers.IntegerField(help_text="Usable later.")
    held = serializers.IntegerField(help_text="Set aside for open sales.")
    debt = serializers.IntegerField()
    pooled = serializers.BooleanField()
    lifetime_earned = serializers.IntegerField()
    lifetime_redeemed = serializers.IntegerField()
    next_expiry = NextExpirySerializer(allow_null=True)


class EntrySerializer(serializers.Serializer):
    point_type = serializers.SlugField()
    amount = serializers.IntegerField()
    balance_after = serializers.IntegerField()


class PostingSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    kind = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    reason = serializers.CharField(allow_blank=True)
    reverses = serializers.IntegerField(allow_null=True)
    entries = EntrySerializer(many=True)


class PointsAnswerSerializer(serializers.Serializer):
    activity = serializers.IntegerField(allow_null=True)
    posting = PostingSerializer()
    membership = serializers.IntegerField(help_text="The membership that was posted to.")
    redirected_from = serializers.IntegerField(allow_null=True)
    balances = BalanceSerializer(many=True)
