"""Input of the calls, and the shapes of their answers for the documentation."""

from rest_framework import serializers

from cards.models import CardForm, CardKind, CardStatus
from common.api.fields import IdField, StrictBooleanField, StrictCharField, StrictDateTimeField
from common.api.serializers import StrictSerializer
from memberships.ending import BY_HAND
from memberships.models import EndReason, MembershipStatus, MembershipType

UNDER = (
    "The organization (a customer) under whose agreement the person enrols; null: under none. Omitted, the person's "
    "affiliation decides."
)


class EnrolInput(StrictSerializer):
    program = StrictCharField(max_length=40)
    customer = IdField()
    type = serializers.ChoiceField(MembershipType.choices, default=MembershipType.STANDARD)
    organization = IdField(required=False, allow_null=True, help_text=UNDER)
    plain_if_refused = StrictBooleanField(
        default=False, help_text="Enrol plainly where the organization named has no agreement that takes the person."
    )
    accept_terms = StrictBooleanField(default=False)


class ProgramConsentInput(StrictSerializer):
    program = StrictCharField(max_length=40)
    organization = IdField(required=False, allow_null=True, help_text=UNDER)
    accept_terms = StrictBooleanField(default=False)


class EnrolInSeveralInput(StrictSerializer):
    customer = IdField()
    enrollments = serializers.ListField(child=ProgramConsentInput(), min_length=1, max_length=50)


class ReasonInput(StrictSerializer):
    reason = StrictCharField(max_length=100)


class OptionalReasonInput(StrictSerializer):
    reason = StrictCharField(max_length=100, required=False, default="", allow_blank=True)


class TerminateInput(ReasonInput):
    end_reason = serializers.ChoiceField(
        [choice for choice in EndReason.choices if choice[0] in BY_HAND], default=EndReason.TERMINATED
    )


class ReplaceInput(ReasonInput):
    number = StrictCharField(max_length=60, required=False, help_text="Of a card at hand; drawn if omitted.")


class GiveCardInput(StrictSerializer):
    customer = IdField(required=False, help_text="Who is to hold it; the main or only member if omitted.")
    type = serializers.ChoiceField(
        [choice for choice in CardKind.choices if choice[0] != CardKind.TEMPORARY], default=CardKind.ADDITIONAL
    )
    card_type = StrictCharField(max_length=40, required=False, help_text="Code; the default of its type if omitted.")
    number = StrictCharField(max_length=60, required=False, help_text="Of a card at hand; drawn if omitted.")


class ReportInput(OptionalReasonInput):
    since = StrictDateTimeField(required=False, help_text="Events before it still count; now if omitted.")


class MemberOutput(serializers.Serializer):
    customer = serializers.IntegerField()
    name = serializers.CharField(allow_null=True)
    main = serializers.BooleanField()
    suspended = serializers.BooleanField(help_text="Barred apart from the membership.")
    joined_at = serializers.DateTimeField()


class TierOutput(serializers.Serializer):
    group = serializers.CharField()
    tier = serializers.CharField()
    since = serializers.DateTimeField()
    until = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class NextExpiryOutput(serializers.Serializer):
    points = serializers.IntegerField()
    at = serializers.DateTimeField()


class BalanceOutput(serializers.Serializer):
    point_type = serializers.CharField()
    kind = serializers.ChoiceField(["redeemable", "qualifying"])
    balance = serializers.IntegerField()
    available = serializers.IntegerField()
    pending = serializers.IntegerField()
    held = serializers.IntegerField()
    debt = serializers.IntegerField()
    pooled = serializers.BooleanField()
    lifetime_earned = serializers.IntegerField()
    lifetime_redeemed = serializers.IntegerField()
    next_expiry = NextExpiryOutput(allow_null=True)


class MembershipOutput(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    number = serializers.CharField()
    program = serializers.CharField()
    type = serializers.ChoiceField(MembershipType.choices)
    status = serializers.ChoiceField(MembershipStatus.choices)
    end_reason = serializers.ChoiceField(EndReason.choices, allow_null=True)
    superseded_by = serializers.IntegerField(allow_null=True)
    organization_membership = serializers.IntegerField(allow_null=True)
    organization_membership_status = serializers.ChoiceField(
        MembershipStatus.choices,
        allow_null=True,
        help_text="Of the organization; anything but active: the membership goes on without it.",
    )
    members = MemberOutput(many=True)
    tiers = TierOutput(many=True)
    balances = BalanceOutput(many=True)
    capabilities = serializers.DictField(child=serializers.BooleanField())
    enrolled_at = serializers.DateTimeField()
    expires_on = serializers.DateField(allow_null=True)
    rests_until = serializers.DateTimeField(allow_null=True)
    last_activity_at = serializers.DateTimeField(allow_null=True)


class MembershipsOutput(serializers.Serializer):
    results = MembershipOutput(many=True)


class CardOutput(serializers.Serializer):
    number = serializers.CharField()
    program = serializers.CharField()
    type = serializers.ChoiceField(CardKind.choices)
    status = serializers.ChoiceField(CardStatus.choices)
    membership = serializers.IntegerField(allow_null=True)
    member_number = serializers.CharField(allow_null=True)
    tier = serializers.CharField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True)
    successor = serializers.CharField(allow_null=True)
    card_type = serializers.CharField(allow_null=True, help_text="Code of what the program says of such cards.")
    form = serializers.ChoiceField(CardForm.choices, allow_null=True)
    holder = serializers.IntegerField(allow_null=True, help_text="The customer who holds it, or held it last.")
    barred_from = serializers.DateTimeField(allow_null=True, help_text="Events from then on are refused.")


class CardsOutput(serializers.Serializer):
    results = CardOutput(many=True)


class FoundCustomerOutput(serializers.Serializer):
    id = serializers.IntegerField()
    number = serializers.CharField()
    kind = serializers.CharField()
    first_name = serializers.CharField(allow_null=True)
    last_name = serializers.CharField(allow_null=True)
    name = serializers.CharField(allow_null=True)
    email = serializers.CharField(allow_null=True)
    phone = serializers.CharField(allow_null=True)
    status = serializers.CharField()
    customer_since = serializers.DateField()


class FoundOutput(serializers.Serializer):
    customer = FoundCustomerOutput(allow_null=True)
    membership = serializers.IntegerField(allow_null=True)
    redirected_from = serializers.IntegerField(
        allow_null=True, help_text="The retired membership the number was issued to."
    )


class LookupOutput(serializers.Serializer):
    results = FoundOutput(many=True)
