"""What activities and postings leave behind when a customer is erased: the ledger stays, free text goes (1.3); and what
orders and vouchers put in the way of an exit."""

from django.db.models import Q

from activities.models import AwardRow, MemberActivity, OrderStatus, RewardOrder, Voucher, VoucherStatus, VoucherUse
from activities.sales_exits import erase_sales
from common.actor import Actor
from common.clock import program_now
from common.obstacles import Obstacle, sentence
from customers.errors import CustomerNotErasable
from customers.models import Customer
from gateway.idempotency import blank_answers_of
from points.models import Adjustment, Hold, Reversal
from programs.models import Program


def program_obstacles(program: Program) -> list[Obstacle]:
    """What was paid with points and not delivered yet: open orders, vouchers that can still be used."""
    found = []
    orders = RewardOrder.objects.filter(program=program, status=OrderStatus.ORDERED).count()
    if orders:
        found.append(
            Obstacle("open_orders", f"Orders of rewards are open: {orders}. Fulfil or cancel them.", {"count": orders})
        )
    in_time = Q(expires_at__isnull=True) | Q(expires_at__gt=program_now(program))
    still = [VoucherStatus.ISSUED, VoucherStatus.PART_USED]
    vouchers = Voucher.objects.filter(in_time, program=program, status__in=still).count()
    if vouchers:
        cure = "Let them be used or expire, or cancel them."
        found.append(Obstacle("open_vouchers", f"Vouchers can still be used: {vouchers}. {cure}", {"count": vouchers}))
    return found


def erasure_obstacles(customer: Customer) -> list[Obstacle]:
    """Nobody can be sent what an erased person ordered."""
    orders = RewardOrder.objects.filter(customer=customer, status=OrderStatus.ORDERED).select_related("item")
    return [
        Obstacle(
            "open_order",
            f"Order {order.pk} ({order.item.name}) is open: fulfil or cancel it first.",
            {"order": order.pk, "membership": order.membership_id},
        )
        for order in orders.order_by("pk")
    ]


def erase(customer: Customer, *, actor: Actor) -> None:
    """Empty the texts channels and staff wrote about this person, and stored answers that name them."""
    found = erasure_obstacles(customer)
    if found:
        raise CustomerNotErasable(sentence(found), facts={"obstacles": [one.as_fact() for one in found]})
    MemberActivity.objects.filter(customer=customer).update(reference="", location="", note="", problem=None)
    RewardOrder.objects.filter(customer=customer).update(note="")
    erase_sales(customer)
    VoucherUse.objects.filter(voucher__membership__members__customer=customer).exclude(reference="").update(
        reference=""
    )
    AwardRow.objects.filter(person=customer).update(number="")
    Hold.objects.filter(person=customer).update(reference="")
    Adjustment.objects.filter(person=customer).update(note="", decision_note="")
    Reversal.objects.filter(reverses__person=customer).exclude(note="").update(note="")
    blank_answers_of(customer.pk)
