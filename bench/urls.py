"""What the server under load offers: the product's own routes, a view that does nothing, and the naive twin."""

from django.urls import include, path

from bench.naive import NaiveEarnView
from bench.null import NullView

urlpatterns = [
    path("", include("loyalty_site.urls")),
    path("api/bench/memberships/<int:membership_id>/null", NullView.as_view()),
    path("api/bench/memberships/<int:membership_id>/naive", NaiveEarnView.as_view()),
]
