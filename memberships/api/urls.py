from django.urls import path, re_path

from memberships.api.cards import CardViewSet
from memberships.api.lookup import CustomerLookupViewSet
from memberships.api.memberships import CustomerMembershipViewSet, EnrollmentViewSet, MembershipViewSet

ONE = r"^memberships/(?P<pk>[0-9]{1,18})"
CARD = r"^cards/(?P<number>[0-9A-Za-z-]{1,60})"
VERBS = ("activate", "pause", "suspend", "reinstate", "renew", "terminate")

urlpatterns = [
    path("memberships", MembershipViewSet.as_view({"get": "list", "post": "create"}), name="memberships"),
    re_path(f"{ONE}$", MembershipViewSet.as_view({"get": "retrieve"}), name="membership"),
    re_path(f"{ONE}/tiers$", MembershipViewSet.as_view({"get": "tiers"}), name="membership-tiers"),
    re_path(f"{ONE}/cards$", MembershipViewSet.as_view({"get": "cards"}), name="membership-cards"),
    *[
        re_path(f"{ONE}/{verb}$", MembershipViewSet.as_view({"post": verb}), name=f"membership-{verb}")
        for verb in VERBS
    ],
    path("enrollments", EnrollmentViewSet.as_view({"post": "create"}), name="enrollments"),
    path("customers/lookup", CustomerLookupViewSet.as_view({"get": "list"}), name="customer-lookup"),
    re_path(
        r"^customers/(?P<pk>[0-9]{1,18})/memberships$",
        CustomerMembershipViewSet.as_view({"get": "list"}),
        name="customer-memberships",
    ),
    re_path(f"{CARD}$", CardViewSet.as_view({"get": "retrieve"}), name="card"),
    re_path(f"{CARD}/report-lost$", CardViewSet.as_view({"post": "report_lost"}), name="card-report-lost"),
    re_path(f"{CARD}/report-stolen$", CardViewSet.as_view({"post": "report_stolen"}), name="card-report-stolen"),
    re_path(f"{CARD}/replace$", CardViewSet.as_view({"post": "replace"}), name="card-replace"),
]
