"""Look a voucher up by its code, use it, give back what a sale no longer needs."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api import shapes_of_rewards as io
from activities.targeting import require_right
from activities.using_vouchers import give_back, use_shape, use_voucher
from activities.vouchers import visible_voucher, voucher_shape
from common import clock
from common.api.dry_run import Answer
from common.api.fields import StrictCharField
from common.api.money import AmountField, CurrencyField
from common.api.serializers import StrictSerializer
from common.api.views import VerbMixin
from gateway.api.writing import answer_concerns
from memberships.api.guesses import guess
from memberships.models import Member
from programs.design import design_of

USE = "vouchers:use"


class UseInput(StrictSerializer):
    amount = AmountField(max_digits=12, min_value=Decimal("0.01"))
    currency = CurrencyField(help_text="That of the voucher, so that none is mistaken.")
    reference = StrictCharField(max_length=80, required=False, allow_blank=True, help_text="The sale; a search aid.")


class VoucherView(VerbMixin, APIView):
    required_scopes = {"GET": USE}

    @extend_schema(responses=io.VoucherWithUsesSerializer, operation_id="voucher")
    def get(self, request: Request, code: str) -> Response:
        """What is left on a voucher, and how it was used. Blanks and hyphens do not count."""
        with guess(request):
            voucher = visible_voucher(code, self.actor)
        require_right(self.actor, USE, voucher.program_id)
        at = clock.program_now(design_of(voucher.program_id).program)
        uses = [use_shape(use, voucher.currency) for use in voucher.uses.order_by("number")]
        return Response(voucher_shape(voucher, at=at) | {"uses": uses})


class _MoneyView(VerbMixin, APIView):
    required_scopes = {"POST": USE}
    key_required = True

    def move(self, verb: Callable[..., dict[str, Any]], code: str) -> Response:
        asked = UseInput(data=self.request.data)
        asked.is_valid(raise_exception=True)
        return self.perform_write(self.request, None, lambda: self._answer(verb, code, asked.validated_data))

    def _answer(self, verb: Callable[..., dict[str, Any]], code: str, given: dict[str, Any]) -> Answer:
        with guess(self.request):
            shown = verb(code, actor=self.actor, **given)
        members = Member.objects.filter(membership=shown["membership"], ended_at__isnull=True)
        # The reference is free text, the code a secret.
        answer_concerns(self.request, customers=members.values_list("customer_id", flat=True))
        return 201, shown


class UseVoucherView(_MoneyView):
    @extend_schema(request=UseInput, responses={201: io.UsedVoucherSerializer}, operation_id="use_voucher")
    def post(self, request: Request, code: str) -> Response:
        """Take a part of it, or all."""
        return self.move(use_voucher, code)


class GiveBackVoucherView(_MoneyView):
    @extend_schema(request=UseInput, responses={201: io.UsedVoucherSerializer}, operation_id="give_back_voucher")
    def post(self, request: Request, code: str) -> Response:
        """Put back what a sale took and no longer needs."""
        return self.move(give_back, code)
