"""What the routes of the reports answer, for the documentation; points.report_shapes makes it."""

from typing import Any

from rest_framework import serializers

from points.liability_lines import COLUMNS, LINES
from points.models import PostingKind
from programs.models import ExpiryPolicy, PointKind

MONEY = r"^-?[0-9]+\.[0-9]{2,6}$"


class MoneyField(serializers.RegexField):
    """Exact: as many decimals as it takes, two at least."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(MONEY, **kwargs)


class LiabilityLineSerializer(serializers.Serializer):
    line = serializers.ChoiceField([line.code for line in LINES])
    column = serializers.ChoiceField(COLUMNS, help_text="The column it counts into.")
    points = serializers.IntegerField(help_text="Signed: credited - debited.")
    credited = serializers.IntegerField()
    debited = serializers.IntegerField()
    entries = serializers.IntegerField(help_text="How many; /liability/entries lists them.")


class LiabilityValueSerializer(serializers.Serializer):
    opening = MoneyField(help_text="At what a point was worth when the month began.")
    earned = MoneyField()
    redeemed = MoneyField()
    expired = MoneyField()
    adjusted = MoneyField()
    revaluation = MoneyField(help_text="Of the opening points, where the worth of a point changed meanwhile.")
    closing = MoneyField(help_text="= opening + revaluation + earned - redeemed - expired + adjusted")


class LiabilityTypeSerializer(serializers.Serializer):
    point_type = serializers.SlugField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(PointKind.choices)
    money_value = MoneyField(help_text="Of one point at the end of the month, or now.")
    opening = serializers.IntegerField()
    earned = serializers.IntegerField()
    redeemed = serializers.IntegerField(help_text="A positive number that is subtracted.")
    expired = serializers.IntegerField(help_text="A positive number that is subtracted.")
    adjusted = serializers.IntegerField(help_text="Signed: all else, each kind with its line in `lines`.")
    closing = serializers.IntegerField(help_text="= opening + earned - redeemed - expired + adjusted")
    value = LiabilityValueSerializer()
    lines = LiabilityLineSerializer(many=True)


class LiabilitySerializer(serializers.Serializer):
    program = serializers.SlugField()
    month = serializers.RegexField(r"^[0-9]{4}-[0-9]{2}$")
    time_zone = serializers.CharField()
    to = serializers.DateTimeField(help_text="Before this time.")
    complete = serializers.BooleanField(help_text="The month is over: its figures change no more.")
    computed_at = serializers.DateTimeField()
    currency = serializers.CharField()
    point_types = LiabilityTypeSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field]:
        # A reserved word in Python.
        return {"from": serializers.DateTimeField()} | super().get_fields()


class LiabilityEntrySerializer(serializers.Serializer):
    id = serializers.IntegerField()
    membership = serializers.IntegerField(allow_null=True, help_text="Null for a pool.")
    posting = serializers.IntegerField()
    kind = serializers.ChoiceField(PostingKind.choices)
    reverses = serializers.IntegerField(allow_null=True)
    points = serializers.IntegerField(help_text="Signed.")
    balance_after = serializers.IntegerField(help_text="Of the account.")
    reason = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()


class LiabilityEntriesSerializer(serializers.Serializer):
    next = serializers.URLField(allow_null=True)
    previous = serializers.URLField(allow_null=True, help_text="Always null: read on from the start.")
    results = LiabilityEntrySerializer(many=True)


class EndingSerializer(serializers.Serializer):
    points = serializers.IntegerField(help_text="= dated + if_inactive")
    dated = serializers.IntegerField()
    if_inactive = serializers.IntegerField(help_text="End then only if nothing happens meanwhile.")
    pending = serializers.IntegerField(help_text="Part of points.")
    held = serializers.IntegerField(help_text="Not part of points: held points do not expire.")
    value = MoneyField()


class WeekSerializer(EndingSerializer):
    to = serializers.DateField(help_text="The last day.")

    def get_fields(self) -> dict[str, serializers.Field]:
        # A reserved word in Python.
        return {"from": serializers.DateField()} | super().get_fields()


class MonthSerializer(EndingSerializer):
    month = serializers.RegexField(r"^[0-9]{4}-[0-9]{2}$")


class ForecastTypeSerializer(serializers.Serializer):
    point_type = serializers.SlugField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(PointKind.choices)
    expiry = serializers.ChoiceField(ExpiryPolicy.choices)
    money_value = MoneyField(help_text="Of one point.")
    balance = serializers.IntegerField()
    debt = serializers.IntegerField()
    overdue = EndingSerializer(help_text="Past their time; the next run posts them.")
    next_90_days = EndingSerializer()
    weeks = WeekSerializer(many=True, help_text="The next 90 days, seven at a time from today on.")
    months = MonthSerializer(many=True, help_text="24 months, the running one first.")
    later = EndingSerializer()
    never = EndingSerializer()


class ForecastSerializer(serializers.Serializer):
    program = serializers.SlugField()
    time_zone = serializers.CharField()
    computed_at = serializers.DateTimeField()
    currency = serializers.CharField()
    point_types = ForecastTypeSerializer(many=True)
