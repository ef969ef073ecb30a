"""What a till sends of a sale and what it is told (interfaces 3.1, transactions)."""

from decimal import Decimal
from typing import Any

from rest_framework import serializers

from activities.api.attributes import AttributesField
from activities.api.reversals import ReversedLineSerializer
from activities.api.shapes import BalanceSerializer, EffectSerializer, PostingSerializer
from activities.models import ActivityStatus, ClaimStatus, TransactionType
from common.api.fields import IdField, PointsField, StrictCharField, StrictDateTimeField, StrictIntegerField
from common.api.money import AmountField, CurrencyField, FigureField
from common.api.serializers import StrictSerializer

NAMES = ("membership_id", "card_number", "member_number", "customer_id")
MOST_ITEMS = 200
MOST_MONEY = 10**12
TAKEN_TYPES = [(one.value, one.value) for one in (TransactionType.PURCHASE, TransactionType.INTERACTION)]
REFERENCE = "What the channel calls it, as the number of the receipt; once per channel."


def quantity_field(**options: Any) -> FigureField:
    return FigureField(max_digits=12, decimal_places=3, min_value=Decimal("0.001"), **options)


class ItemInput(StrictSerializer):
    sku = StrictCharField(max_length=60, required=False, allow_blank=True, help_text="The article.")
    category = StrictCharField(max_length=60, required=False, allow_blank=True)
    quantity = quantity_field(required=False, help_text="Default: 1.")
    amount = AmountField(help_text="Of the whole line.")


class RedeemInput(StrictSerializer):
    membership_id = IdField(help_text="May be another membership of the buyer.")
    points = PointsField(min_value=1)
    point_type = StrictCharField(max_length=40, required=False, help_text="Default: the program's default type.")
    card_number = StrictCharField(
        max_length=60,
        required=False,
        help_text="A card of the membership; this or a code is needed where it is not the buyer's.",
    )
    code = StrictCharField(
        max_length=20, required=False, help_text="That was sent to the member by .../spending-codes of this channel."
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "card_number" in attrs and "code" in attrs:
            raise serializers.ValidationError("Give card_number or code, not both.")
        return attrs


class TransactionInput(StrictSerializer):
    reference = StrictCharField(max_length=80, help_text=REFERENCE)
    type = serializers.ChoiceField(TAKEN_TYPES, required=False, help_text="Default: purchase.")
    amount = AmountField(required=False, help_text="Default: the sum of the items.")
    currency = CurrencyField(required=False, help_text="With an amount or items.")
    occurred_at = StrictDateTimeField(required=False, help_text="Default: now.")
    items = ItemInput(many=True, required=False, max_length=MOST_ITEMS)  # type: ignore[call-arg]
    location = StrictCharField(max_length=80, required=False, allow_blank=True)
    business_unit = StrictCharField(
        max_length=80, required=False, allow_blank=True, help_text="Default: the program's."
    )
    membership_id = IdField(required=False, help_text="At most one of this and the next three names who bought.")
    card_number = StrictCharField(max_length=60, required=False, help_text="Blanks and hyphens do not count.")
    member_number = StrictCharField(max_length=24, required=False)
    customer_id = IdField(required=False, help_text="Earns in `program`, where the customer takes part in it.")
    program = StrictCharField(max_length=40, required=False, help_text="With customer_id or member_number.")
    member = IdField(required=False, help_text="The customer who acted, in a membership of several.")
    redeem = RedeemInput(required=False, help_text="Points that pay a part.")
    partner = StrictCharField(max_length=40, required=False, help_text="Code of an active partner of the program.")
    attributes = AttributesField(required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in NAMES) > 1:
            raise serializers.ValidationError(f"Give at most one of {', '.join(NAMES)}.")
        if "program" in attrs and not {"customer_id", "member_number"} & attrs.keys():
            raise serializers.ValidationError({"program": "Only a customer or a member number needs its program."})
        if "member" in attrs and "customer_id" in attrs:
            raise serializers.ValidationError({"member": "The customer named is who acted."})
        if ("amount" in attrs or attrs.get("items")) and "currency" not in attrs:
            raise serializers.ValidationError({"currency": "Money needs its currency."})
        if "amount" not in attrs and sum(item["amount"] for item in attrs.get("items", ())) >= MOST_MONEY:
            raise serializers.ValidationError({"items": f"All items together come to less than {MOST_MONEY:,}."})
        return attrs


class ReturnItemInput(StrictSerializer):
    line = StrictIntegerField(required=False, min_value=1, max_value=MOST_ITEMS, help_text="This, or sku.")
    sku = StrictCharField(max_length=60, required=False)
    quantity = quantity_field(required=False, help_text="Default: all that is left of the line.")

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if ("line" in attrs) == ("sku" in attrs):
            raise serializers.ValidationError("Give either line or sku.")
        return attrs


class ReturnInput(StrictSerializer):
    reference = StrictCharField(max_length=80, help_text=REFERENCE)
    items = ReturnItemInput(  # type: ignore[call-arg]
        many=True, required=False, allow_empty=False, max_length=MOST_ITEMS
    )
    amount = AmountField(
        required=False, min_value=Decimal("0.01"), help_text="Instead of items. Default: everything that is left."
    )
    occurred_at = StrictDateTimeField(required=False, help_text="Default: now.")
    location = StrictCharField(max_length=80, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "items" in attrs and "amount" in attrs:
            raise serializers.ValidationError("Give items or an amount, not both.")
        return attrs


class ItemSerializer(serializers.Serializer):
    line = serializers.IntegerField()
    sku = serializers.CharField(allow_blank=True)
    category = serializers.CharField(allow_blank=True)
    quantity = serializers.CharField()
    amount = serializers.CharField()
    returns_line = serializers.IntegerField(allow_null=True, help_text="Of a return: the line of the sale.")


class NotedActivitySerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    type = serializers.SlugField()
    status = serializers.ChoiceField(ActivityStatus.choices)
    membership = serializers.IntegerField(allow_null=True)
    member = serializers.IntegerField(allow_null=True)
    redirected_from = serializers.IntegerField(allow_null=True)
    problem = serializers.DictField(allow_null=True, help_text="Why rules failed; the activity waits.")
    postings = PostingSerializer(many=True)
    effects = EffectSerializer(many=True)


class MembershipBalanceSerializer(BalanceSerializer):
    membership = serializers.IntegerField(allow_null=True)


class UnattributedSerializer(serializers.Serializer):
    code = serializers.ChoiceField(["not_a_member", "no_program_named", "nobody_named"])
    detail = serializers.CharField()


class TransactionSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    reference = serializers.CharField()
    type = serializers.ChoiceField(TransactionType.choices)
    program = serializers.SlugField(allow_null=True, help_text="Where it earned.")
    business_unit = serializers.CharField(allow_blank=True)
    customer = serializers.IntegerField(allow_null=True)
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_blank=True)
    location = serializers.CharField(allow_blank=True)
    return_of = serializers.IntegerField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    recorded_at = serializers.DateTimeField()
    items = ItemSerializer(many=True)
    activities = NotedActivitySerializer(many=True)
    effects = EffectSerializer(many=True, help_text="Of all activities.")
    balances = MembershipBalanceSerializer(many=True)
    memberships = serializers.ListField(child=serializers.IntegerField(allow_null=True), help_text="Those touched.")
    unattributed = UnattributedSerializer(allow_null=True, help_text="Why nothing was earned on.")


class TakenBackSerializer(serializers.Serializer):
    membership = serializers.IntegerField(help_text="Whose activity of the sale it was.")
    posting = serializers.IntegerField(allow_null=True, help_text="Null where nothing was left to move.")
    points = ReversedLineSerializer(many=True)


class ReturnedSerializer(TransactionSerializer):
    reversed = TakenBackSerializer(many=True)
    in_full = serializers.BooleanField(help_text="With this return nothing of the sale is left.")


class TotalSerializer(serializers.Serializer):
    currency = serializers.CharField()
    purchases = serializers.IntegerField()
    bought = serializers.CharField()
    returns = serializers.IntegerField()
    returned = serializers.CharField()
    net = serializers.CharField()


class MembershipTotalSerializer(serializers.Serializer):
    membership = serializers.IntegerField()
    program = serializers.SlugField()
    totals = TotalSerializer(many=True)


class HistoryLineSerializer(serializers.Serializer):
    id = serializers.IntegerField()
    reference = serializers.CharField()
    type = serializers.ChoiceField(TransactionType.choices)
    program = serializers.SlugField(allow_null=True)
    business_unit = serializers.CharField(allow_blank=True)
    amount = serializers.CharField(allow_null=True)
    currency = serializers.CharField(allow_blank=True)
    return_of = serializers.IntegerField(allow_null=True)
    occurred_at = serializers.DateTimeField()
    repeats = serializers.IntegerField(
        allow_null=True, help_text="The sale that tells the same receipt and counts instead of this one."
    )


class HistorySerializer(serializers.Serializer):
    next = serializers.CharField(allow_null=True)
    previous = serializers.CharField(allow_null=True)
    results = HistoryLineSerializer(many=True)
    totals = TotalSerializer(many=True, help_text="Over all; a receipt told twice counts once.")
    per_membership = MembershipTotalSerializer(many=True)


class ClaimInput(StrictSerializer):
    receipt = StrictCharField(max_length=80)
    occurred_at = StrictDateTimeField(help_text="When it was bought.")
    amount = AmountField(min_value=Decimal("0.01"))
    currency = CurrencyField()
    membership_id = IdField(required=False, help_text="This, or card_number, or member_number.")
    card_number = StrictCharField(max_length=60, required=False)
    member_number = StrictCharField(max_length=24, required=False)
    program = StrictCharField(
        max_length=40, required=False, help_text="With a member number that occurs in several programs."
    )
    member = IdField(required=False, help_text="Who bought, in a membership of several.")
    note = StrictCharField(max_length=500, required=False, allow_blank=True)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if sum(name in attrs for name in NAMES[:3]) != 1:
            raise serializers.ValidationError(f"Give exactly one of {', '.join(NAMES[:3])}.")
        if "program" in attrs and "member_number" not in attrs:
            raise serializers.ValidationError({"program": "Only a member number needs its program."})
        return attrs


class ClaimSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    program = serializers.SlugField()
    membership = serializers.IntegerField()
    customer = serializers.IntegerField(allow_null=True)
    receipt = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    amount = serializers.CharField()
    currency = serializers.CharField()
    status = serializers.ChoiceField(ClaimStatus.choices)
    why = serializers.CharField(allow_blank=True)
    activity = serializers.IntegerField(allow_null=True)
    received_at = serializers.DateTimeField()
    decided_at = serializers.DateTimeField(allow_null=True)
