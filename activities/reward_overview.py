"""What the desk shows of rewards: a program's catalog, open orders, and what a membership ordered and holds."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Q

from activities.models import OrderStatus, RewardItem, RewardOrder, Voucher, VoucherStatus
from activities.rewards import why_not_offered
from activities.vouchers import masked_code
from common.actor import Actor
from common.clock import program_now
from memberships.led_here import led_here
from memberships.models import Member, Membership, MembershipType
from programs.design import Design

MOST = 10
PAGE = 50


@dataclass(frozen=True, slots=True)
class Shelf:
    """An item of the catalog. `left` None: as many as asked for; `why_not` empty: it is offered today."""

    item: RewardItem
    left: int | None
    why_not: str
    waiting: int
    ordered: int


@dataclass(frozen=True, slots=True)
class Held:
    """A voucher as a list shows it: never with its code."""

    voucher: Voucher
    code: str
    status: VoucherStatus

    @property
    def is_open(self) -> bool:
        return self.status in (VoucherStatus.ISSUED, VoucherStatus.PART_USED)


@dataclass(frozen=True, slots=True)
class RewardsOfMembership:
    """The latest of each, those of former memberships that lead here among them."""

    orders: tuple[RewardOrder, ...]
    vouchers: tuple[Held, ...]


def catalog_of(design: Design, *, at: datetime) -> list[Shelf]:
    """Everything the program offers, offered or is drafting; what is offered first."""
    open_ones, live = Q(orders__status=OrderStatus.ORDERED), ~Q(orders__status=OrderStatus.CANCELLED)
    items = (
        RewardItem.objects.filter(program=design.program.pk)
        .select_related("stock", "tier", "point_type")
        .annotate(waiting=Count("orders", filter=open_ones), ordered=Count("orders", filter=live))
    )
    shelves = []
    for item in items.order_by("price", "code"):
        stock = getattr(item, "stock", None)
        why_not = why_not_offered(item, design, at=at)
        shelves.append(Shelf(item, stock.left if stock else None, why_not, item.waiting, item.ordered))
    return sorted(shelves, key=lambda one: bool(one.why_not))


def open_orders(actor: Actor, *, after: int = 0) -> tuple[list[RewardOrder], int | None]:
    """Those to be fulfilled, the oldest first, and where the next page goes on."""
    found = RewardOrder.objects.visible_to(actor).filter(status=OrderStatus.ORDERED, pk__gt=after)
    rows = list(found.select_related("item", "membership", "program", "customer").order_by("pk")[: PAGE + 1])
    return rows[:PAGE], rows[PAGE - 1].pk if len(rows) > PAGE else None


def rewards_of(membership: Membership, *, at: datetime) -> RewardsOfMembership:
    led = led_here(membership)
    orders = RewardOrder.objects.filter(led.rows("customer")).select_related("item", "membership").order_by("-pk")
    vouchers = Voucher.objects.filter(led.rows("activity__customer")).select_related("item").order_by("-pk")
    return RewardsOfMembership(tuple(orders[:MOST]), tuple(held(one, at=at) for one in vouchers[:MOST]))


def open_rewards_of(customer_id: int, actor: Actor) -> RewardsOfMembership:
    """What waits for the person to be handed over, and what they can still use, in all programs the actor reads."""
    seen = actor.programs_for("memberships:read")
    where = Q() if seen is None else Q(program__in=seen)
    orders = RewardOrder.objects.filter(
        where, Q(customer=customer_id) | Q(customer__merged_into=customer_id), status=OrderStatus.ORDERED
    )
    members = Member.objects.filter(Q(customer=customer_id) | Q(customer__merged_into=customer_id))
    in_common = Q(membership__current=True) | ~Q(membership__type=MembershipType.GROUP)
    theirs = Q(activity__customer=customer_id) | Q(activity__customer__merged_into=customer_id)
    vouchers = Voucher.objects.filter(
        where,
        in_common | theirs,
        membership__in=members.filter(ended_at__isnull=True).values("membership_id"),
        status__in=[VoucherStatus.ISSUED, VoucherStatus.PART_USED],
    )
    found = vouchers.select_related("item", "program").order_by("-pk")[:MOST]
    return RewardsOfMembership(
        tuple(orders.select_related("item", "program").order_by("-pk")[:MOST]),
        tuple(one for row in found if (one := held(row, at=program_now(row.program))).is_open),
    )


def held(voucher: Voucher, *, at: datetime) -> Held:
    return Held(voucher, masked_code(voucher.code), voucher.status_at(at))
