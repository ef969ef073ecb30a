"""Answers as the documentation shows them (interfaces 3.1); the verbs make the dictionaries themselves."""

from typing import Any

from rest_framework import serializers

from activities.models import MemberActivity
from common.api.dry_run import row_id
from points.models import Posting


def kept_ids(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of a verb, its ids null in a dry run, where their rows were not kept."""
    return kept_posting(answer) | {"activity": row_id(MemberActivity, answer["activity"])}


def kept_posting(answer: dict[str, Any]) -> dict[str, Any]:
    """The same for answers without an activity; `posting` may be null."""
    posting = answer["posting"]
    return answer | {"posting": posting and posting | {"id": row_id(Posting, posting["id"])}}


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


class EntryOfSerializer(EntrySerializer):
    membership = serializers.IntegerField(allow_null=True, help_text="Whose points those are; null for a pool's.")


class PostingOfSerializer(PostingSerializer):
    program = serializers.SlugField()
    membership = serializers.IntegerField(allow_null=True, help_text="Which membership it acted for.")
    member = serializers.IntegerField(allow_null=True, help_text="The customer who acted.")
    activity = serializers.IntegerField(allow_null=True, help_text="The activity it followed from, if any.")
    because = serializers.ListField(child=serializers.CharField(), help_text="What rules gave or took, each with why.")
    entries = EntryOfSerializer(many=True)


class PointsAnswerSerializer(serializers.Serializer):
    activity = serializers.IntegerField(allow_null=True)
    posting = PostingSerializer()
    membership = serializers.IntegerField(help_text="The membership that was posted to.")
    redirected_from = serializers.IntegerField(allow_null=True)
    balances = BalanceSerializer(many=True)


class TransferAnswerSerializer(serializers.Serializer):
    posting = PostingSerializer(help_text="Shows the sender's entry only.")
    membership = serializers.IntegerField(help_text="The sender.")
    to_membership = serializers.IntegerField()
    redirected_from = serializers.IntegerField(allow_null=True)
    balances = BalanceSerializer(many=True, help_text="The sender's.")


class ConversionAnswerSerializer(serializers.Serializer):
    posting = PostingSerializer()
    membership = serializers.IntegerField()
    redirected_from = serializers.IntegerField(allow_null=True)
    balances = BalanceSerializer(many=True, help_text="Of both types.")


class HoldSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    membership = serializers.IntegerField()
    member = serializers.IntegerField(allow_null=True)
    status = serializers.ChoiceField(choices=["open", "captured", "released", "lapsed"])
    point_type = serializers.SlugField()
    points = serializers.IntegerField()
    captured = serializers.IntegerField()
    reference = serializers.CharField(allow_blank=True)
    placed_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(help_text="Free again from then on.")
    ended_at = serializers.DateTimeField(allow_null=True)


class PlacedHoldSerializer(HoldSerializer):
    posting = PostingSerializer(allow_null=True)
    balances = BalanceSerializer(many=True)
    redirected_from = serializers.IntegerField(allow_null=True)


class EndedHoldSerializer(HoldSerializer):
    posting = PostingSerializer(
        allow_null=True, help_text="What was captured; after a release, the expiry of points past their time."
    )
    balances = BalanceSerializer(many=True)
    freed = serializers.IntegerField(help_text="Points that were held and are not any more.")


class LotDateChangeSerializer(serializers.Serializer):
    lot = serializers.IntegerField()
    points = serializers.IntegerField(help_text="Left of the lot.")
    old_expires_at = serializers.DateTimeField()
    new_expires_at = serializers.DateTimeField(help_text="The end of the last day.")
    reason = serializers.CharField()


class EffectSerializer(serializers.Serializer):
    rule = serializers.SlugField(help_text="Code of the rule.")
    version = serializers.IntegerField()
    action = serializers.CharField()
    point_type = serializers.SlugField(required=False)
    points = serializers.IntegerField(required=False, help_text="Signed; where the effect gave or took points.")
    because = serializers.CharField(help_text="The figures behind it, or the rule's condition, in a sentence.")
    condition = serializers.CharField(
        required=False, help_text="The rule's condition as an expression; left out where it always applies."
    )


class ActivityProblemSerializer(serializers.Serializer):
    code = serializers.CharField()
    detail = serializers.CharField()
    facts = serializers.DictField(required=False, help_text="The figures behind a refusal.")
    rule = serializers.CharField(required=False, help_text="The rule that failed.")
    version = serializers.IntegerField(required=False, allow_null=True)
