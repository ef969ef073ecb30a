"""The catalog of a program, orders that wait, one order, one voucher (domain 1.12)."""

from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse

from activities.desk.program_page import ProgramPage
from activities.desk.seen import name_for
from activities.desk.work import WorkList
from activities.models import OrderStatus, RewardOrder, Voucher, VoucherStatus
from activities.ordering import may_cancel
from activities.orders import USE, is_cancellable, visible_order
from activities.reward_overview import catalog_of, held, open_orders
from activities.rewards import RIGHT as MANAGE
from activities.using_vouchers import taken_from
from activities.vouchers import ENDINGS, printed_code
from common.clock import program_now
from common.desk.pages import DeskPage
from common.errors import NotFound
from memberships.led_here import home_id
from memberships.models import Membership
from points.reasons import reason_in_words
from programs.design import design_of
from staff.models import User


class Catalog(ProgramPage):
    action = "memberships:read"
    template = "desk/rewards/catalog.html"
    section = "rewards"

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.program is None:
            return self.draw(program=None)
        return self.draw(
            program=self.program,
            programs=self.programs,
            shelves=catalog_of(self.design, at=program_now(self.program)),
            may_manage=self.may(MANAGE, self.program.pk),
        )


class OpenOrders(WorkList):
    action = "memberships:read"
    template = "desk/rewards/orders.html"
    section = "orders"

    def get(self, request: HttpRequest) -> HttpResponse:
        orders, after = open_orders(self.actor, after=self.after())
        rows = [(order, _person(self, order), self.may(MANAGE, order.program_id)) for order in orders]
        return self.draw(rows=rows, next_page=self.next_page(after), first_page=self.first_page())


class OrderPage(DeskPage):
    action = "memberships:read"
    template = "desk/rewards/order.html"
    section = "orders"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        try:
            order = visible_order(pk, self.actor)
        except NotFound as error:
            raise Http404 from error
        self.allow(order.program_id)
        design = design_of(order.program_id)
        at = program_now(design.program)
        names = _names(order.user_id, order.settled_by_id)
        return self.draw(
            order=order,
            program=design.program,
            zone=design.zone,
            person=_person(self, order),
            home=_home(order.membership, order.customer_id),
            by=names.get(order.user_id or 0) or order.channel.name,
            settled_by=_settled_by(order, names),
            why=reason_in_words(order.settled_why),
            vouchers=[held(one, at=at) for one in order.vouchers.order_by("pk")],
            may_use=self.may(USE, order.program_id),
            cancel=_way(order, "order-cancel", possible=is_cancellable(order) and may_cancel(order, self.actor)),
            fulfil=_way(order, "order-fulfil", possible=_can_fulfil(order, self)),
        )


class VoucherPage(DeskPage):
    """With its code: whoever may use vouchers may read it out to who lost it."""

    action = USE
    template = "desk/rewards/voucher.html"
    section = "customers"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = (
            Voucher.objects.visible_to(self.actor)
            .select_related("item", "membership", "program", "activity")
            .filter(pk=pk)
        )
        voucher = found.first()
        if voucher is None:
            raise Http404
        self.allow(voucher.program_id)
        design = design_of(voucher.program_id)
        shown = held(voucher, at=program_now(design.program))
        return self.draw(
            voucher=voucher,
            shown=shown,
            home=_home(voucher.membership, voucher.activity.customer_id),
            code=printed_code(voucher.code),
            program=design.program,
            zone=design.zone,
            uses=voucher.uses.select_related("channel").order_by("-number"),
            why=ENDINGS.get(voucher.ended_why) or reason_in_words(voucher.ended_why),
            ended_by=_names(voucher.ended_by_id).get(voucher.ended_by_id or 0, ""),
            use=reverse("desk:voucher-use", args=[pk]) if shown.is_open else "",
            back=reverse("desk:voucher-give-back", args=[pk])
            if taken_from(voucher) and voucher.status != VoucherStatus.CANCELLED
            else "",
            cancel=reverse("desk:voucher-cancel", args=[pk])
            if shown.is_open and self.may(MANAGE, voucher.program_id)
            else "",
        )


def _home(membership: Membership, person_id: int | None) -> Membership | None:
    """Where it belongs today, if that is another one."""
    pk = home_id(membership, person_id)
    return None if pk in (None, membership.pk) else Membership.objects.get(pk=pk)


def _can_fulfil(order: RewardOrder, page: DeskPage) -> bool:
    return order.status == OrderStatus.ORDERED and page.may(MANAGE, order.program_id)


def _way(order: RewardOrder, name: str, *, possible: bool) -> str:
    return reverse(f"desk:{name}", args=[order.pk]) if possible else ""


def _person(page: DeskPage, order: RewardOrder) -> str:
    person: Any = order.customer
    return "" if person is None else name_for(page.actor, person.pk, person.name) or person.number


def _names(*user_ids: int | None) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=[one for one in user_ids if one]).values_list("pk", "username"))


def _settled_by(order: RewardOrder, names: dict[int, str]) -> str:
    channel = order.settled_channel
    return names.get(order.settled_by_id or 0) or (channel.name if channel else "")
