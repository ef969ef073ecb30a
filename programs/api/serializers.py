"""What channels see of a program's design."""

from typing import Any

from rest_framework import serializers

from common.api.serializers import StrictModelSerializer, StrictSerializer
from programs.models import ExpiryPolicy, ExpiryRounding, PointType, Program, ProgramTerms, Tier


class TermsSerializer(StrictModelSerializer):
    class Meta:
        model = ProgramTerms
        fields = ("version", "title", "text", "must_accept", "released_at")
        read_only_fields = fields


class ProgramSerializer(StrictModelSerializer):
    """`terms` are those in force, null if there are none."""

    terms = serializers.SerializerMethodField()

    class Meta:
        model = Program
        fields = (
            "code", "name", "business_unit", "brand_color", "time_zone", "currency", "status", "valid_from",
            "valid_until", "activation", "is_sandbox", "terms",
        )  # fmt: skip
        read_only_fields = fields

    def get_terms(self, program: Program) -> TermsSerializer(allow_null=True):  # type: ignore[valid-type]
        released = [terms for terms in program.terms.all() if terms.released_at is not None]
        newest = max(released, key=lambda terms: terms.version, default=None)
        return TermsSerializer(newest).data if newest else None


class ExpirySerializer(StrictSerializer):
    """`length` counts days or months, as the policy says; `last_day` is of the policy on_date."""

    policy = serializers.ChoiceField(ExpiryPolicy.choices, source="expiry_policy")
    length = serializers.IntegerField(source="expiry_length", allow_null=True)
    rounding = serializers.ChoiceField(ExpiryRounding.choices, source="expiry_rounding")
    last_day = serializers.DateField(source="expiry_date", allow_null=True)


class PointTypeSerializer(StrictModelSerializer):
    default = serializers.BooleanField(source="is_default", read_only=True)
    expiry = ExpirySerializer(source="*", read_only=True)
    money_value = serializers.SerializerMethodField(help_text="Of one point, in `currency`.")
    currency = serializers.CharField(source="program.currency", read_only=True)

    class Meta:
        model = PointType
        fields = ("code", "name", "kind", "default", "expiry", "pending_days", "money_value", "currency")
        read_only_fields = fields

    def get_money_value(self, point_type: PointType) -> str:
        return f"{point_type.money_value:f}"


class TierSerializer(StrictModelSerializer):
    """One rung; `group` is the ladder it belongs to, `point_type` what feeds that."""

    group = serializers.CharField(source="group.code", read_only=True)
    point_type = serializers.SerializerMethodField()
    period = serializers.CharField(source="group.period", read_only=True)

    class Meta:
        model = Tier
        fields = ("group", "code", "name", "rank", "threshold", "point_type", "period", "color", "exempt_from_expiry")
        read_only_fields = fields

    def get_point_type(self, tier: Tier) -> str | None:
        fed_by: Any = tier.group.point_type
        return fed_by.code if fed_by else None
