"""The catalog and the orders of rewards (interfaces 3.1)."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import django_filters
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from drf_spectacular.utils import extend_schema
from rest_framework.generics import ListAPIView
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from activities.api import shapes_of_rewards as io
from activities.api.reversals import kept
from activities.models import MemberActivity, OrderStatus, RewardItem, RewardKind, RewardOrder, RewardStatus, Voucher
from activities.ordering import MOST, OrderCall, cancel_order, fulfil_order, order_reward
from activities.orders import order_shape, visible_order
from common import clock
from common.api.dry_run import Answer, row_id
from common.api.fields import IdField, StrictCharField, StrictIntegerField
from common.api.pagination import LoyaltyPagination
from common.api.serializers import NoInput, StrictSerializer
from common.api.views import VerbMixin
from gateway.api.writing import answer_concerns
from memberships.led_here import led_here
from memberships.models import Membership
from points.models import Posting
from programs.api.views import READERS
from programs.design import design_of
from programs.models import Program

ORDER, MANAGE = "points:redeem", "rewards:manage"
LOOK = (ORDER, MANAGE, "memberships:read")


class OrderInput(StrictSerializer):
    membership = IdField()
    reward = StrictCharField(max_length=40, help_text="Code of an item of the catalog.")
    quantity = StrictIntegerField(min_value=1, max_value=MOST, required=False, help_text="Default: 1.")
    member = IdField(required=False, help_text="The customer who orders, in a membership of several.")
    reference = StrictCharField(max_length=80, required=False, allow_blank=True, help_text="A search aid.")
    note = StrictCharField(max_length=300, required=False, allow_blank=True, help_text="How to hand it over.")


class CancelInput(StrictSerializer):
    reason = StrictCharField(max_length=500, help_text="A reason code; a sentence is kept as a note beside it.")


class RewardFilter(django_filters.FilterSet):
    kind = django_filters.ChoiceFilter(choices=RewardKind.choices)

    class Meta:
        model = RewardItem
        fields: tuple[str, ...] = ()


class _ByCode(LoyaltyPagination):
    ordering = "pk"


class RewardListView(VerbMixin, ListAPIView):
    """What a program offers for points, from today on or later."""

    queryset = RewardItem.objects.select_related("tier", "stock")
    serializer_class = io.RewardSerializer
    pagination_class = _ByCode
    filterset_class = RewardFilter
    required_scopes = {"GET": READERS}

    def get_queryset(self) -> QuerySet[Any]:
        queryset = super().get_queryset()
        if hasattr(self, "swagger_fake_view"):
            return queryset.none()
        program = get_object_or_404(Program.objects.visible_to(self.actor), code=self.kwargs["code"])
        return queryset.filter(program=program, status=RewardStatus.OFFERED)


class RewardsFilter(RewardFilter):
    program = django_filters.CharFilter(field_name="program__code", max_length=50)


class AllRewardsView(VerbMixin, ListAPIView):
    """What all the caller's programs offer for points, from today on or later."""

    queryset = RewardItem.objects.all()
    serializer_class = io.RewardSerializer
    pagination_class = _ByCode
    filterset_class = RewardsFilter
    required_scopes = {"GET": READERS}

    def get_queryset(self) -> QuerySet[Any]:
        if hasattr(self, "swagger_fake_view"):
            return super().get_queryset().none()
        offered = RewardItem.objects.visible_to(self.actor).filter(status=RewardStatus.OFFERED)
        return offered.select_related("tier", "stock")


class OrderFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(choices=OrderStatus.choices)
    program = django_filters.CharFilter(field_name="program__code", max_length=50)
    membership = django_filters.NumberFilter(
        method="of_membership",
        min_value=1,
        max_value=2**63 - 1,
        help_text="With what its people ordered in memberships that are over.",
    )

    class Meta:
        model = RewardOrder
        fields: tuple[str, ...] = ()

    def of_membership(self, queryset: QuerySet[Any], name: str, value: Decimal) -> QuerySet[Any]:
        membership = Membership.objects.filter(pk=int(value)).first()
        return queryset.none() if membership is None else queryset.filter(led_here(membership).rows("customer"))


class OrdersView(VerbMixin, ListAPIView):
    queryset = RewardOrder.objects.all()
    serializer_class = io.OrderSerializer
    filterset_class = OrderFilter
    required_scopes = {"GET": LOOK, "POST": ORDER}
    key_required = True

    def get_queryset(self) -> QuerySet[Any]:
        if hasattr(self, "swagger_fake_view"):
            return super().get_queryset().none()
        programs = _programs(self, LOOK)
        found = RewardOrder.objects.select_related("item", "membership")
        return found if programs is None else found.filter(program_id__in=programs)

    @extend_schema(operation_id="reward_orders")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Orders of rewards, the youngest first; `?status=ordered` are those to fulfil."""
        page = self.paginate_queryset(self.filter_queryset(self.get_queryset()))
        return self.get_paginated_response([_shape(order, self) for order in page or ()])

    @extend_schema(request=OrderInput, responses={201: io.PlacedOrderSerializer}, operation_id="order_reward")
    def post(self, request: Request) -> Response:
        """Redeem points for a reward: price, stock and vouchers in one step."""
        given = _given(request, OrderInput)
        call = OrderCall(membership_id=given.pop("membership"), **given)
        return self.perform_write(request, None, lambda: _answer(self, 201, order_reward(call, actor=self.actor)))


class OrderView(VerbMixin, APIView):
    required_scopes = {"GET": LOOK}

    @extend_schema(responses=io.OrderSerializer, operation_id="reward_order")
    def get(self, request: Request, pk: str) -> Response:
        """One order with its vouchers."""
        order = visible_order(int(pk), self.actor)
        self.check_object_permissions(request, order)
        return Response(_shape(order, self))


class _OrderVerb(VerbMixin, APIView):
    key_required = True

    def carry_out(self, verb: Callable[[], dict[str, Any]]) -> Response:
        return self.perform_write(self.request, None, lambda: _answer(self, 200, verb()))


class CancelOrderView(_OrderVerb):
    required_scopes = {"POST": (ORDER, MANAGE)}

    @extend_schema(request=CancelInput, responses={200: io.CancelledOrderSerializer}, operation_id="cancel_order")
    def post(self, request: Request, pk: str) -> Response:
        """Give points and stock back; a channel cancels its own orders, with rewards:manage others too."""
        reason = _given(request, CancelInput)["reason"]
        return self.carry_out(lambda: cancel_order(int(pk), actor=self.actor, reason=reason))


class FulfilOrderView(_OrderVerb):
    required_scopes = {"POST": MANAGE}

    @extend_schema(request=NoInput, responses={200: io.OrderSerializer}, operation_id="fulfil_order")
    def post(self, request: Request, pk: str) -> Response:
        """The reward was handed over."""
        _given(request, NoInput)
        return self.carry_out(lambda: fulfil_order(int(pk), actor=self.actor))


def _given(request: Request, given_as: type[StrictSerializer]) -> dict[str, Any]:
    asked = given_as(data=request.data)
    asked.is_valid(raise_exception=True)
    return dict(asked.validated_data)


def _programs(view: VerbMixin, actions: tuple[str, ...]) -> frozenset[int] | None:
    """Where the caller may do any of it; None: everywhere."""
    found: frozenset[int] = frozenset()
    for action in actions:
        where = view.actor.programs_for(action)
        if where is None:
            return None
        found |= where
    return found


def _shape(order: RewardOrder, view: VerbMixin) -> dict[str, Any]:
    design = design_of(order.program_id)
    return order_shape(order, design, view.actor, at=clock.program_now(design.program))


def _answer(view: VerbMixin, status: int, shown: dict[str, Any]) -> Answer:
    """With ids null in a dry run; the answer goes when the person is erased, for it holds vouchers' codes."""
    if shown["member"] is not None:
        answer_concerns(view.request, customers=[shown["member"]])
    vouchers = [
        one | {"id": row_id(Voucher, one["id"]), "order": row_id(RewardOrder, one["order"])}
        for one in shown["vouchers"]
    ]
    shown |= {
        "id": row_id(RewardOrder, shown["id"]),
        "activity": row_id(MemberActivity, shown["activity"]),
        "paid_by": row_id(Posting, shown["paid_by"]),
        "vouchers": vouchers,
    }
    if "posting" in shown:
        shown["posting"] = kept(shown["posting"])
    if "expired" in shown:
        shown["expired"] = [kept(one) for one in shown["expired"]]
    return status, shown
