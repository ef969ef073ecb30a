from django.urls import URLPattern, path

from activities.desk.rules import campaign_lists, campaign_tasks, group_tasks, releasing, reprocessing
from activities.desk.rules.activity import Activity
from activities.desk.rules.campaign_page import CampaignPage, Campaigns
from activities.desk.rules.editor import EditRule, NewRule
from activities.desk.rules.listing import Rules
from activities.desk.rules.log import Activities
from activities.desk.rules.page import Rule
from activities.desk.rules.simulate import Simulate

urlpatterns: list[URLPattern] = [
    path("rules", Rules.as_view(), name="rules"),
    path("programs/<slug:code>/rules/new", NewRule.as_view(), name="rule-new"),
    path("rules/<int:pk>", Rule.as_view(), name="rule"),
    path("rules/<int:pk>/edit", EditRule.as_view(), name="rule-edit"),
    path("rules/<int:pk>/simulate", Simulate.as_view(), name="rule-simulate"),
    path("rules/<int:pk>/release", releasing.Release.as_view(), name="rule-release"),
    path("rules/<int:pk>/retire", releasing.Retire.as_view(), name="rule-retire"),
    path("rules/<int:pk>/copy", releasing.Copy.as_view(), name="rule-copy"),
    path("programs/<slug:code>/rule-groups/new", group_tasks.NewGroup.as_view(), name="rule-group-new"),
    path("rule-groups/<int:pk>/edit", group_tasks.ChangeGroup.as_view(), name="rule-group-edit"),
    path("campaigns", Campaigns.as_view(), name="campaigns"),
    path("programs/<slug:code>/campaigns/new", campaign_tasks.NewCampaign.as_view(), name="campaign-new"),
    path("campaigns/<int:pk>", CampaignPage.as_view(), name="campaign"),
    path("campaigns/<int:pk>/edit", campaign_tasks.ChangeCampaign.as_view(), name="campaign-edit"),
    path("campaigns/<int:pk>/start", campaign_tasks.Start.as_view(), name="campaign-start"),
    path("campaigns/<int:pk>/stop", campaign_tasks.Stop.as_view(), name="campaign-stop"),
    path("campaigns/<int:pk>/list", campaign_lists.PutOnList.as_view(), name="campaign-list"),
    path("campaigns/<int:pk>/list/of-program", campaign_lists.PutMembersOf.as_view(), name="campaign-list-of"),
    path("campaigns/<int:pk>/list/take-off", campaign_lists.TakeOff.as_view(), name="campaign-take-off"),
    path("campaigns/<int:pk>/list/take-back", campaign_lists.TakeBack.as_view(), name="campaign-take-back"),
    path("activities", Activities.as_view(), name="activities"),
    path("activities/<int:pk>", Activity.as_view(), name="activity"),
    path("activities/<int:pk>/reprocess", reprocessing.Reprocess.as_view(), name="activity-reprocess"),
    path(
        "programs/<slug:code>/activities/reprocess",
        reprocessing.ReprocessFailed.as_view(),
        name="activities-reprocess",
    ),
]
