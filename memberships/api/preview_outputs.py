"""The shape of a preview for the documentation; `memberships.changes.preview` makes it."""

from rest_framework import serializers

from cards.models import CardKind, CardStatus
from memberships.models import MembershipStatus, MembershipType


class PreviewedMembershipOutput(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True, help_text="Null where the change would open it.")
    number = serializers.CharField(allow_blank=True)
    type = serializers.ChoiceField(MembershipType.choices)
    status = serializers.ChoiceField(MembershipStatus.choices)
    main = serializers.BooleanField()
    new = serializers.BooleanField()
    expires_on = serializers.DateField(allow_null=True, help_text="Last day; null where none is set.")


class PreviewedPointsOutput(serializers.Serializer):
    point_type = serializers.CharField()
    kind = serializers.ChoiceField(["redeemable", "qualifying"])
    pooled = serializers.BooleanField()
    balance = serializers.IntegerField(help_text="Where it is pooled or a group's, of everybody in it.")
    debt = serializers.IntegerField()
    held = serializers.IntegerField()
    pending = serializers.IntegerField()
    expiry = serializers.DictField(child=serializers.IntegerField(), help_text="Points by how soon they end.")
    brought = serializers.IntegerField(help_text="The person's own part of the points.")
    owed = serializers.IntegerField(help_text="The person's own part of the debt.")


class PreviewedTierOutput(serializers.Serializer):
    group = serializers.CharField()
    tier = serializers.CharField()
    name = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)


class PreviewedCardOutput(serializers.Serializer):
    number = serializers.CharField()
    kind = serializers.ChoiceField(CardKind.choices)
    status = serializers.ChoiceField(CardStatus.choices)


class PreviewedBenefitOutput(serializers.Serializer):
    benefit = serializers.CharField()
    name = serializers.CharField()
    by = serializers.CharField(help_text="Whence it comes: agreement, rule, manual, change.")
    until = serializers.DateTimeField(allow_null=True)


class PreviewedAttributeOutput(serializers.Serializer):
    attribute = serializers.CharField()
    name = serializers.CharField()
    value = serializers.CharField()


class PreviewedAlsoOutput(serializers.Serializer):
    kind = serializers.CharField(help_text="What it is: campaign.")
    title = serializers.CharField()
    name = serializers.CharField()


class StandingOutput(serializers.Serializer):
    membership = PreviewedMembershipOutput()
    points = PreviewedPointsOutput(many=True)
    tiers = PreviewedTierOutput(many=True)
    numbers = serializers.ListField(child=serializers.CharField(), help_text="Member numbers that lead to the person.")
    cards = PreviewedCardOutput(many=True)
    benefits = PreviewedBenefitOutput(many=True, help_text="Besides those of the tiers.")
    attributes = PreviewedAttributeOutput(many=True, help_text="Values of its own; where two differ the prime's win.")
    labels = serializers.ListField(child=serializers.CharField())
    also = PreviewedAlsoOutput(many=True, help_text="What else goes along with the person: places in campaigns.")


class PersonPreviewOutput(serializers.Serializer):
    customer = serializers.IntegerField(allow_null=True, help_text="Null: nobody, as in an anonymous membership.")
    before = StandingOutput(allow_null=True)
    after = StandingOutput(allow_null=True)


class TotalOutput(serializers.Serializer):
    point_type = serializers.CharField()
    before = serializers.IntegerField()
    after = serializers.IntegerField()
    expired = serializers.IntegerField(help_text="Would come back past its time: before = after + expired.")


class RetiredNumberOutput(serializers.Serializer):
    membership = serializers.IntegerField()
    number = serializers.CharField()
    leads_to = serializers.CharField(allow_blank=True, help_text="Empty where the change opens that membership.")


class UnusedTermOutput(serializers.Serializer):
    membership = serializers.IntegerField()
    days = serializers.IntegerField()
    fee = serializers.CharField()
    currency = serializers.CharField()
    paid = serializers.BooleanField()


class PreviewOutput(serializers.Serializer):
    row = serializers.CharField(help_text="Which change it is: pool, group, one_person, leave_pool ...")
    at = serializers.DateTimeField()
    people = PersonPreviewOutput(many=True)
    totals = TotalOutput(many=True)
    retired_numbers = RetiredNumberOutput(many=True)
    unused_terms = UnusedTermOutput(many=True)
    conserved = serializers.BooleanField(help_text="No point is lost and none is made.")
