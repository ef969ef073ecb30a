"""Routes whose answers need the activities app."""

from django.urls import path, re_path

from activities.api import (
    activities,
    adjustments,
    conversions,
    holds,
    lots,
    points,
    reports,
    reversals,
    rewards,
    statements,
    transfers,
    vouchers,
)

ONE = r"^memberships/(?P<pk>[0-9]{1,18})"

urlpatterns = [
    path("activities", activities.ActivitiesView.as_view()),
    re_path(r"^activities/(?P<pk>[0-9]{1,18})/reprocess$", activities.ReprocessView.as_view()),
    path("memberships/<int:membership_id>/earn-points", points.EarnPointsView.as_view()),
    path("memberships/<int:membership_id>/redeem-points", points.RedeemPointsView.as_view()),
    re_path(f"{ONE}/adjustments$", adjustments.AdjustView.as_view()),
    path("adjustments", adjustments.AdjustmentListView.as_view()),
    re_path(r"^adjustments/(?P<pk>[0-9]{1,18})/approve$", adjustments.ApproveView.as_view()),
    re_path(r"^adjustments/(?P<pk>[0-9]{1,18})/refuse$", adjustments.RefuseView.as_view()),
    re_path(r"^postings/(?P<pk>[0-9]{1,18})/reverse$", reversals.ReverseView.as_view()),
    re_path(f"{ONE}/balances$", statements.BalancesView.as_view()),
    re_path(f"{ONE}/lots$", statements.LotListView.as_view()),
    re_path(f"{ONE}/statement$", statements.StatementView.as_view()),
    re_path(f"{ONE}/explain$", statements.ExplainView.as_view()),
    re_path(f"{ONE}/activities$", statements.ActivityListView.as_view()),
    path("memberships/<int:membership_id>/transfer-points", transfers.TransferPointsView.as_view()),
    path("memberships/<int:membership_id>/convert-points", conversions.ConvertPointsView.as_view()),
    path("memberships/<int:membership_id>/holds", holds.HoldsView.as_view()),
    path("holds/<int:hold_id>", holds.HoldView.as_view()),
    path("holds/<int:hold_id>/capture", holds.CaptureView.as_view()),
    path("holds/<int:hold_id>/release", holds.ReleaseView.as_view()),
    path("programs/<slug:code>/rewards", rewards.RewardListView.as_view()),
    path("reward-orders", rewards.OrdersView.as_view()),
    re_path(r"^reward-orders/(?P<pk>[0-9]{1,18})$", rewards.OrderView.as_view()),
    re_path(r"^reward-orders/(?P<pk>[0-9]{1,18})/cancel$", rewards.CancelOrderView.as_view()),
    re_path(r"^reward-orders/(?P<pk>[0-9]{1,18})/fulfil$", rewards.FulfilOrderView.as_view()),
    re_path(r"^vouchers/(?P<code>[0-9A-Za-z-]{1,40})$", vouchers.VoucherView.as_view()),
    re_path(r"^vouchers/(?P<code>[0-9A-Za-z-]{1,40})/use$", vouchers.UseVoucherView.as_view()),
    re_path(r"^vouchers/(?P<code>[0-9A-Za-z-]{1,40})/give-back$", vouchers.GiveBackVoucherView.as_view()),
    path("programs/<slug:code>/liability", reports.LiabilityView.as_view()),
    path("programs/<slug:code>/liability/entries", reports.LiabilityEntriesView.as_view()),
    path("programs/<slug:code>/expiry-forecast", reports.ForecastView.as_view()),
    path("lots/<int:lot_id>/extend", lots.ExtendLotView.as_view()),
]
