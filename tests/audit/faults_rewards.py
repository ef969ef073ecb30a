"""Faults of orders, vouchers and stock."""

from activities.models import AwardRow, BulkAward, RewardOrder, RewardStock, StockMovement, Voucher, VoucherUse

from .faults import fault
from .world import World


@fault("W01")
def voucher_with_more_left_than_its_uses_leave(w: World) -> None:
    Voucher.objects.filter(status="part_used").update(remaining=8)


@fault("W01")
def use_of_a_voucher_that_is_gone(w: World) -> None:
    VoucherUse.objects.filter(number=1).delete()


@fault("W01")
def use_that_left_another_sum(w: World) -> None:
    VoucherUse.objects.filter(number=1).update(remaining_after=9)


@fault("W02")
def order_of_more_points_than_were_redeemed(w: World) -> None:
    RewardOrder.objects.filter(status="ordered").update(points=11)


@fault("W02")
def order_paid_by_somebody_else(w: World) -> None:
    RewardOrder.objects.filter(status="ordered").update(membership=w.memberships["jane"])


@fault("W03")
def cancelled_order_that_was_not_given_back(w: World) -> None:
    kept = RewardOrder.objects.get(status="ordered")
    RewardOrder.objects.filter(pk=kept.pk).update(status="cancelled", settled_at=w.now)


@fault("W03", "W05")
def given_back_order_that_is_still_open(w: World) -> None:
    RewardOrder.objects.filter(status="cancelled").update(status="ordered", settled_at=None)


@fault("W04")
def order_without_its_voucher(w: World) -> None:
    Voucher.objects.update(order=None)


@fault("W04")
def voucher_of_another_member_than_its_order(w: World) -> None:
    Voucher.objects.update(membership=w.memberships["jane"])


@fault("W05")
def stock_that_its_movements_do_not_explain(w: World) -> None:
    RewardStock.objects.update(left=9)


@fault("W05")
def movement_that_is_gone(w: World) -> None:
    StockMovement.objects.filter(quantity=5).delete()


@fault("B01")
def line_that_gives_more_than_was_posted(w: World) -> None:
    AwardRow.objects.filter(line=2).update(points=6)


@fault("B01")
def line_posted_though_the_award_was_refused(w: World) -> None:
    BulkAward.objects.update(status="refused")


@fault("B02")
def posted_award_with_a_line_left_out(w: World) -> None:
    AwardRow.objects.filter(line=2).update(posting=None)
