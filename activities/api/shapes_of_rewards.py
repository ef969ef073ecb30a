"""Rewards, orders and vouchers as the documentation shows them."""

from typing import Any

from rest_framework import serializers

from activities.api.reversals import MoneySerializer
from activities.api.shapes import BalanceSerializer, PostingSerializer
from activities.models import OrderStatus, RewardItem, RewardKind, VoucherStatus
from activities.rewards import why_not_offered
from activities.vouchers import money
from common import clock
from programs.design import design_of


class RewardSerializer(serializers.Serializer):
    """An item of the catalog."""

    program = serializers.SlugField()
    code = serializers.SlugField()
    name = serializers.CharField()
    description = serializers.CharField()
    kind = serializers.ChoiceField(RewardKind.choices)
    price = serializers.IntegerField(help_text="In points, of one piece.")
    point_type = serializers.SlugField()
    tier = serializers.SlugField(allow_null=True, help_text="Who stands on it or above may order.")
    limit_per_member = serializers.IntegerField(allow_null=True, help_text="Most of a membership.")
    valid_from = serializers.DateField(allow_null=True)
    valid_until = serializers.DateField(allow_null=True, help_text="Its last day.")
    face = MoneySerializer(allow_null=True, help_text="What a voucher is worth.")
    voucher_days = serializers.IntegerField(allow_null=True, help_text="A voucher is usable so long; null: for ever.")
    left = serializers.IntegerField(allow_null=True, help_text="Null: as many as are asked for.")
    available = serializers.BooleanField(help_text="Offered today, and some are left.")

    def to_representation(self, instance: RewardItem) -> dict[str, Any]:
        design = design_of(instance.program_id)
        stock = getattr(instance, "stock", None)
        at = clock.program_now(design.program)
        return {
            "program": design.program.code,
            "code": instance.code,
            "name": instance.name,
            "description": instance.description,
            "kind": instance.kind,
            "price": instance.price,
            "point_type": design.point_types[instance.point_type_id].code,
            "tier": instance.tier.code if instance.tier else None,
            "limit_per_member": instance.limit_per_member,
            "valid_from": instance.valid_from,
            "valid_until": instance.valid_until,
            "face": money(instance.face, design.program.currency) if instance.face else None,
            "voucher_days": instance.voucher_days,
            "left": stock.left if stock else None,
            "available": not why_not_offered(instance, design, at=at) and (stock is None or stock.left > 0),
        }


class VoucherSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    code = serializers.CharField(help_text="Masked for who may not use it.")
    reward = serializers.SlugField()
    membership = serializers.IntegerField()
    current_membership = serializers.IntegerField(
        allow_null=True, help_text="Where it belongs since that one ended; null: its person takes part no more."
    )
    order = serializers.IntegerField(allow_null=True, help_text="Null: a rule gave it.")
    status = serializers.ChoiceField(VoucherStatus.choices)
    face = MoneySerializer()
    remaining = MoneySerializer()
    issued_at = serializers.DateTimeField()
    expires_at = serializers.DateTimeField(allow_null=True, help_text="Unusable from then on.")


class VoucherUseSerializer(serializers.Serializer):
    number = serializers.IntegerField(help_text="1, 2, 3 ... on the voucher.")
    amount = MoneySerializer(help_text="Negative where it was given back.")
    remaining_after = MoneySerializer()
    reference = serializers.CharField(allow_blank=True)
    used_at = serializers.DateTimeField()


class UsedVoucherSerializer(VoucherSerializer):
    use = VoucherUseSerializer()


class VoucherWithUsesSerializer(VoucherSerializer):
    uses = VoucherUseSerializer(many=True)


class OrderSerializer(serializers.Serializer):
    id = serializers.IntegerField(allow_null=True)
    program = serializers.SlugField()
    membership = serializers.IntegerField()
    current_membership = serializers.IntegerField(
        allow_null=True, help_text="Where it belongs since that one ended; null: its person takes part no more."
    )
    member = serializers.IntegerField(allow_null=True, help_text="The customer who ordered.")
    reward = serializers.SlugField()
    name = serializers.CharField()
    kind = serializers.ChoiceField(RewardKind.choices)
    quantity = serializers.IntegerField()
    points = serializers.IntegerField()
    point_type = serializers.SlugField()
    status = serializers.ChoiceField(OrderStatus.choices, help_text="Vouchers are fulfilled at once.")
    reason = serializers.CharField(allow_blank=True, help_text="Why it was cancelled, as a code.")
    activity = serializers.IntegerField(allow_null=True)
    paid_by = serializers.IntegerField(allow_null=True, help_text="The posting that took the points.")
    ordered_at = serializers.DateTimeField()
    settled_at = serializers.DateTimeField(allow_null=True, help_text="When it was fulfilled or cancelled.")
    vouchers = VoucherSerializer(many=True)


class PlacedOrderSerializer(OrderSerializer):
    posting = PostingSerializer()
    redirected_from = serializers.IntegerField(allow_null=True)
    balances = BalanceSerializer(many=True)


class CancelledOrderSerializer(OrderSerializer):
    posting = PostingSerializer(allow_null=True, help_text="What gave the points back.")
    expired = PostingSerializer(many=True, help_text="What came back past its time and expired at once.")
    balances = BalanceSerializer(many=True)
