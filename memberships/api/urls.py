from django.urls import path, re_path

from memberships.api.benefits import BenefitViewSet
from memberships.api.cards import CardViewSet, MembershipCardViewSet
from memberships.api.changes import ChangeViewSet, ConfirmViewSet
from memberships.api.lookup import CustomerLookupViewSet
from memberships.api.memberships import CustomerMembershipViewSet, EnrollmentViewSet, MembershipViewSet
from memberships.api.overriding import OverridingViewSet
from memberships.api.registering import CardRegistrationViewSet
from memberships.api.sharing import SharingViewSet
from memberships.api.spending_codes import SpendingCodeViewSet
from memberships.api.tiers import StandingViewSet

ONE = r"^memberships/(?P<pk>[0-9]{1,18})"
CHANGE = r"^membership-changes/(?P<pk>[0-9]{1,18})"
CARD = r"^cards/(?P<number>[0-9A-Za-z-]{1,60})"
VERBS = ("activate", "pause", "suspend", "reinstate", "renew", "terminate")
CHANGE_VERBS = {"ask": "ask", "consents": "consents", "carry-out": "carry_out", "withdraw": "withdraw", "undo": "undo"}
CARD_VERBS = {
    "activate": "activate",
    "block": "block",
    "unblock": "unblock",
    "report-lost": "report_lost",
    "report-stolen": "report_stolen",
    "replace": "replace",
}

urlpatterns = [
    path("memberships", MembershipViewSet.as_view({"get": "list", "post": "create"}), name="memberships"),
    re_path(f"{ONE}$", MembershipViewSet.as_view({"get": "retrieve"}), name="membership"),
    *[
        re_path(f"{ONE}/{part}$", StandingViewSet.as_view({"get": part}), name=f"membership-{part}")
        for part in ("tiers", "attributes", "labels")
    ],
    re_path(f"{ONE}/cards$", MembershipCardViewSet.as_view({"get": "list", "post": "create"}), name="membership-cards"),
    re_path(f"{ONE}/benefits$", BenefitViewSet.as_view({"get": "list"}), name="membership-benefits"),
    *[
        re_path(f"{ONE}/{verb}$", MembershipViewSet.as_view({"post": verb}), name=f"membership-{verb}")
        for verb in VERBS
    ],
    *[
        re_path(
            f"{ONE}/{verb}$", OverridingViewSet.as_view({"post": verb.replace("-", "_")}), name=f"membership-{verb}"
        )
        for verb in ("allow-redemption", "forbid-redemption")
    ],
    path("membership-changes", ChangeViewSet.as_view({"get": "list", "post": "create"}), name="changes"),
    re_path(f"{CHANGE}/preview$", ChangeViewSet.as_view({"get": "preview"}), name="change-preview"),
    re_path(f"{CHANGE}$", ChangeViewSet.as_view({"get": "retrieve"}), name="change"),
    *[
        re_path(f"{CHANGE}/{path_end}$", ChangeViewSet.as_view({"post": verb}), name=f"change-{path_end}")
        for path_end, verb in CHANGE_VERBS.items()
    ],
    re_path(
        rf"{CHANGE}/consents/(?P<customer>[0-9]{{1,18}})/confirm$",
        ConfirmViewSet.as_view({"post": "confirm"}),
        name="change-confirm",
    ),
    re_path(f"{ONE}/fairness$", SharingViewSet.as_view({"get": "fairness"}), name="membership-fairness"),
    re_path(f"{ONE}/hand-over$", SharingViewSet.as_view({"post": "hand_over"}), name="membership-hand-over"),
    *[
        re_path(
            rf"{ONE}/members/(?P<customer>[0-9]{{1,18}})/{verb}$",
            SharingViewSet.as_view({"post": verb}),
            name=f"member-{verb}",
        )
        for verb in ("suspend", "reinstate")
    ],
    re_path(f"{ONE}/spending-codes$", SpendingCodeViewSet.as_view({"post": "create"}), name="spending-codes"),
    path("enrollments", EnrollmentViewSet.as_view({"post": "create"}), name="enrollments"),
    path("customers/lookup", CustomerLookupViewSet.as_view({"get": "list"}), name="customer-lookup"),
    re_path(
        r"^customers/(?P<pk>[0-9]{1,18})/memberships$",
        CustomerMembershipViewSet.as_view({"get": "list"}),
        name="customer-memberships",
    ),
    re_path(f"{CARD}$", CardViewSet.as_view({"get": "retrieve"}), name="card"),
    *[
        re_path(f"{CARD}/{path_end}$", CardViewSet.as_view({"post": verb}), name=f"card-{path_end}")
        for path_end, verb in CARD_VERBS.items()
    ],
    re_path(f"{CARD}/register$", CardRegistrationViewSet.as_view({"post": "create"}), name="card-register"),
]
