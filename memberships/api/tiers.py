"""What a membership stands on, how far it is, and what is kept about it: tiers, attributes, labels."""

from datetime import datetime
from typing import Any

from drf_spectacular.helpers import forced_singular_serializer
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api.views import LoyaltyViewSet
from common.clock import program_now
from memberships.models import AttributeValue, LabelSource, Membership, MembershipLabel, StandingSource, TierStanding
from memberships.progress import Progress, keeping_in_words, next_in_words, progress_of
from memberships.reasons import plain
from programs.attributes import Value, default_of, definitions_of, written
from programs.design import Design, design_of
from programs.models import AttributeType, FedBy, TierPeriod

READ = "memberships:read"
MOST = 200


class NextTierOutput(serializers.Serializer):
    tier = serializers.CharField()
    threshold = serializers.IntegerField()
    lacking = serializers.CharField(allow_null=True, help_text="As a decimal number; null where rules alone decide.")


class LadderPeriodOutput(serializers.Serializer):
    kind = serializers.ChoiceField(TierPeriod.choices)
    start = serializers.DateTimeField(allow_null=True)
    end = serializers.DateTimeField(allow_null=True, help_text="Half-open: what happens then counts no more.")


class ProgressOutput(serializers.Serializer):
    group = serializers.CharField()
    tier = serializers.CharField(allow_null=True)
    since = serializers.DateTimeField(allow_null=True)
    until = serializers.DateTimeField(allow_null=True, help_text="Not lowered before.")
    source = serializers.ChoiceField(StandingSource.choices, allow_null=True)  # type: ignore[assignment]
    reason = serializers.CharField(allow_blank=True)
    fed_by = serializers.ChoiceField(FedBy.choices)
    figure = serializers.CharField(help_text="What counts in the period, as a decimal number.")
    period = LadderPeriodOutput()
    next = NextTierOutput(allow_null=True)
    to_keep = serializers.CharField(
        allow_null=True, help_text="Still lacking to keep the rung beyond the period; null where nothing takes it."
    )
    progress = serializers.CharField(help_text="The same in words: 320 Tier Miles to Gold until 31 Dec 2026.")
    keeping = serializers.CharField(allow_blank=True)


class StandingRowOutput(serializers.Serializer):
    group = serializers.CharField()
    tier = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    source = serializers.ChoiceField(StandingSource.choices)  # type: ignore[assignment]
    reason = serializers.CharField(allow_blank=True)


class TierProgressOutput(serializers.Serializer):
    results = ProgressOutput(many=True)
    history = StandingRowOutput(many=True, help_text="Every rung it stood on, the latest first; 200 at most.")


class AttributeValueOutput(serializers.Serializer):
    attribute = serializers.CharField()
    name = serializers.CharField()
    type = serializers.ChoiceField(AttributeType.choices)
    value = serializers.JSONField(
        allow_null=True, help_text="A number as a decimal string, a text, true or false, a date; null: none."
    )
    default = serializers.BooleanField(help_text="Whether it has no value of its own.")
    changed_at = serializers.DateTimeField(allow_null=True)


class AttributeValuesOutput(serializers.Serializer):
    results = AttributeValueOutput(many=True)


class MembershipLabelOutput(serializers.Serializer):
    label = serializers.CharField()  # type: ignore[assignment]
    name = serializers.CharField()
    since = serializers.DateTimeField()
    source = serializers.ChoiceField(LabelSource.choices)  # type: ignore[assignment]


class MembershipLabelsOutput(serializers.Serializer):
    results = MembershipLabelOutput(many=True)


class StandingViewSet(LoyaltyViewSet):
    queryset = Membership.objects.all()
    lookup_value_regex = "[0-9]{1,18}"
    required_scopes = {"GET": READ}

    @extend_schema(responses=TierProgressOutput, filters=False)
    def tiers(self, request: Request, pk: str) -> Response:
        """The rung of every ladder, why, since when, and how far it is to the next one."""
        membership = self.get_object()
        design = design_of(membership.program_id)
        return Response(tiers_shape(membership, design, at=program_now(design.program)))

    @extend_schema(responses=forced_singular_serializer(AttributeValuesOutput), filters=False)
    def attributes(self, request: Request, pk: str) -> Response:
        """The value of every attribute of the program, defaults included."""
        membership = self.get_object()
        return Response({"results": attributes_shape(membership, design_of(membership.program_id))})

    @extend_schema(responses=forced_singular_serializer(MembershipLabelsOutput), filters=False)
    def labels(self, request: Request, pk: str) -> Response:
        """The labels on the membership now."""
        rows = MembershipLabel.objects.filter(membership=self.get_object(), ended_at__isnull=True)
        found = rows.select_related("label").order_by("label__code")
        return Response(
            {
                "results": [
                    {"label": one.label.code, "name": one.label.name, "since": one.since, "source": one.source}
                    for one in found
                ]
            }
        )


def tiers_shape(membership: Membership, design: Design, *, at: datetime) -> dict[str, Any]:
    rows = TierStanding.objects.filter(membership=membership).select_related("group", "tier")
    return {
        "results": [_progress(one, design) for one in progress_of(membership, design=design, at=at)],
        "history": [
            {
                "group": row.group.code,
                "tier": row.tier.code,
                "since": row.since,
                "until": row.until,
                "ended_at": row.ended_at,
                "source": row.source,
                "reason": row.reason,
            }
            for row in rows.order_by("-since", "-pk")[:MOST]
        ],
    }


def attributes_shape(membership: Membership, design: Design) -> list[dict[str, Any]]:
    rows = {row.definition_id: row for row in AttributeValue.objects.filter(membership=membership)}
    shapes = []
    for code, definition in definitions_of(design).items():
        row = rows.get(definition.pk)
        value = default_of(definition) if row is None else row.value
        shapes.append(
            {
                "attribute": code,
                "name": definition.name,
                "type": definition.type,
                "value": _json(value),
                "default": row is None,
                "changed_at": None if row is None else row.changed_at,
            }
        )
    return shapes


def _json(value: Value | None) -> str | bool | None:
    return value if value is None or isinstance(value, bool) else written(value)


def _progress(one: Progress, design: Design) -> dict[str, Any]:
    standing, tier, above = one.standing, one.tier, one.next_tier
    lacking = None if one.lacking is None else _number(one.lacking)
    return {
        "group": one.ladder.group.code,
        "tier": None if tier is None else tier.code,
        "since": None if standing is None else standing.since,
        "until": None if standing is None else standing.until,
        "source": None if standing is None else standing.source,
        "reason": "" if standing is None else standing.reason or standing.source,
        "fed_by": one.ladder.group.fed_by,
        "figure": _number(one.figure),
        "period": {"kind": one.ladder.group.period, "start": one.period.start, "end": one.period.end},
        "next": None if above is None else {"tier": above.code, "threshold": above.threshold, "lacking": lacking},
        "to_keep": None if one.to_keep is None else _number(one.to_keep),
        "progress": next_in_words(one, design),
        "keeping": keeping_in_words(one, design),
    }


def _number(figure: Any) -> str:
    return plain(figure).replace(",", "")
