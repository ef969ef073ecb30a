from django.urls import URLPattern, path

from activities.desk.card import CardPage
from activities.desk.customer import CustomerPage
from activities.desk.explain import ExplainPage
from activities.desk.hot_list import HotListExport, HotListPage
from activities.desk.ladders import LaddersOfMembership, LaddersOfProgram
from activities.desk.membership import MembershipPage
from activities.desk.posting import PostingPage
from activities.desk.rules.urls import urlpatterns as rules
from activities.desk.sales_urls import urlpatterns as sales
from activities.desk.search import SearchPage
from activities.desk.statement import StatementExport, StatementPage
from activities.desk.work import AdjustmentsWaiting, LikelyDuplicates

urlpatterns: list[URLPattern] = [
    *sales,
    path("search", SearchPage.as_view(), name="search"),
    path("customers/<int:pk>", CustomerPage.as_view(), name="customer"),
    path("memberships/<int:pk>", MembershipPage.as_view(), name="membership"),
    path("memberships/<int:pk>/tiers", LaddersOfMembership.as_view(), name="tiers"),
    path("tiers", LaddersOfProgram.as_view(), name="ladders"),
    path("memberships/<int:pk>/statement", StatementPage.as_view(), name="statement"),
    path("memberships/<int:pk>/statement.csv", StatementExport.as_view(), name="statement-csv"),
    path("memberships/<int:pk>/explain", ExplainPage.as_view(), name="explain"),
    path("cards/hot-list", HotListPage.as_view(), name="hot-list"),
    path("cards/hot-list.csv", HotListExport.as_view(), name="hot-list-csv"),
    path("cards/<card:number>", CardPage.as_view(), name="card"),
    path("postings/<int:pk>", PostingPage.as_view(), name="posting"),
    path("work/adjustments", AdjustmentsWaiting.as_view(), name="adjustments"),
    path("work/duplicates", LikelyDuplicates.as_view(), name="duplicates"),
    *rules,
]
