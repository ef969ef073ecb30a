"""Routes whose answers need the activities app."""

from django.urls import path

from activities.api import points

urlpatterns = [
    path("memberships/<int:membership_id>/earn-points", points.EarnPointsView.as_view()),
    path("memberships/<int:membership_id>/redeem-points", points.RedeemPointsView.as_view()),
]
