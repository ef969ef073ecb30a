"""Routes whose answers need the activities app."""

from django.urls import path

from activities.api import conversions, holds, lots, points, transfers

urlpatterns = [
    path("memberships/<int:membership_id>/earn-points", points.EarnPointsView.as_view()),
    path("memberships/<int:membership_id>/redeem-points", points.RedeemPointsView.as_view()),
    path("memberships/<int:membership_id>/transfer-points", transfers.TransferPointsView.as_view()),
    path("memberships/<int:membership_id>/convert-points", conversions.ConvertPointsView.as_view()),
    path("memberships/<int:membership_id>/holds", holds.HoldsView.as_view()),
    path("holds/<int:hold_id>", holds.HoldView.as_view()),
    path("holds/<int:hold_id>/capture", holds.CaptureView.as_view()),
    path("holds/<int:hold_id>/release", holds.ReleaseView.as_view()),
    path("lots/<int:lot_id>/extend", lots.ExtendLotView.as_view()),
]
