"""Campaigns, who is in them and what they have given, to be looked at: they are designed and run at the desk."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from activities.admin.rules import DesignedAdmin
from activities.models import Campaign, CampaignMember, CampaignSpending
from common.admin import tasks
from common.admin.filters import by_choice, by_row
from common.admin.looks import figure, link, rows_link
from points.admin.base import LedgerAdmin, user_name

STATUS_LABELS = {"draft": "info", "running": "success", "stopped": "warning"}


@admin.register(Campaign)
class CampaignAdmin(DesignedAdmin):
    list_display = ("name", "code", "program", "shown_status", "valid_from", "valid_until", "eligibility", "budget")
    list_filter = (by_row("program"), by_choice("status"), by_choice("eligibility"))
    list_select_related = ("program",)
    readonly_fields = ("of_it", "in_it")
    fieldsets = (
        (
            _("Campaign"),
            {
                "fields": (
                    "program",
                    ("name", "code"),
                    "description",
                    ("status", "point_budget"),
                    ("valid_from", "valid_until"),
                    ("eligibility", "label"),
                )
            },
        ),
        (_("Its parts"), {"fields": (("of_it", "in_it"),)}),
    )

    def task_buttons(self, request: HttpRequest, row: Campaign) -> Iterable[dict[str, Any] | None]:
        yield tasks.Desk(request, row.program_id).button(tasks.CAMPAIGN, row.pk)

    @display(description=_("status"), label=STATUS_LABELS)
    def shown_status(self, campaign: Campaign) -> tuple[str, str]:
        return campaign.status, campaign.get_status_display()

    @admin.display(description=_("point budget"))
    def budget(self, campaign: Campaign) -> str:
        return figure(campaign.point_budget)

    @admin.display(description=_("rules"))
    def of_it(self, campaign: Campaign) -> str:
        return rows_link("activities.RewardRule", _("Its rules"), campaign__id__exact=campaign.pk)

    @admin.display(description=_("members"))
    def in_it(self, campaign: Campaign) -> str:
        return rows_link("activities.CampaignMember", _("Who is in it"), campaign__id__exact=campaign.pk)


@admin.register(CampaignMember)
class CampaignMemberAdmin(LedgerAdmin):
    list_display = ("of", "campaign", "program", "joined_at", "left_at")
    list_filter = (by_row("program"),)
    list_select_related = ("membership", "campaign", "program")
    served = ("campaign__id__exact", "membership__id__exact")
    search_exact = ("membership__number",)
    search_help_text = _("Member number")
    readonly_fields = ("staff",)
    fieldsets = (
        (
            _("Member of a campaign"),
            {"fields": (("campaign", "program"), "membership", ("joined_at", "left_at"), ("channel_id", "staff"))},
        ),
    )

    @admin.display(description=_("membership"))
    def of(self, member: CampaignMember) -> str:
        return link(member.membership)

    @admin.display(description=_("staff user"))
    def staff(self, member: CampaignMember) -> Any:
        return user_name(member.user_id)


@admin.register(CampaignSpending)
class CampaignSpendingAdmin(LedgerAdmin):
    program_path = "campaign__program"
    list_display = ("campaign", "given", "of_budget")
    list_filter = (by_row("campaign__program"),)
    list_select_related = ("campaign",)
    search_exact = ("campaign__code",)
    fieldsets = ((_("Spending"), {"fields": ("campaign", ("points", "budget"))}),)

    @admin.display(description=_("points given"))
    def given(self, spending: CampaignSpending) -> str:
        return figure(spending.points)

    @admin.display(description=_("budget"))
    def of_budget(self, spending: CampaignSpending) -> str:
        return figure(spending.budget)
