"""/desk/campaigns: those of a program, and one with its rules, its members and what it has come to."""

from datetime import date, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.campaigns import CampaignResults, results_of
from activities.desk.program_page import ProgramPage
from activities.desk.rules.base import CAMPAIGNS, DESIGN, READ, sees
from activities.models import Campaign, CampaignMember, CampaignSpending, CampaignStatus, Eligibility, RewardRule
from activities.rules.vocabulary import vocabulary_of
from activities.rules.words import words_of
from common import clock
from common.actor import Actor
from common.desk.charts import ColumnChart, Label, Series, shares
from common.desk.outcomes import Way
from common.desk.pages import DeskPage
from programs.design import design_of

LATEST = 10
MOST_DAYS = 31
OVER = (gettext_lazy("its time is over"), "")
AHEAD = (gettext_lazy("begins later"), "info")
BADGES = {CampaignStatus.DRAFT: "", CampaignStatus.RUNNING: "good", CampaignStatus.STOPPED: "bad"}


class Campaigns(ProgramPage):
    action = READ
    section = CAMPAIGNS
    template = "desk/campaigns/list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        program = self.program
        if program is None:
            return self.draw(program=None)
        found = Campaign.objects.filter(program=program).select_related("label", "program")
        rows = list(found.order_by("-valid_from", "-pk"))
        given = dict(CampaignSpending.objects.filter(campaign__in=rows).values_list("campaign", "points"))
        return self.draw(
            program=program,
            programs=self.programs,
            rows=[{"one": one, "state": state_of(one), "given": given.get(one.pk, 0)} for one in rows],
            may_design=self.may(DESIGN, program.pk),
            new=reverse("desk:campaign-new", args=[program.code]),
        )


class CampaignPage(DeskPage):
    action = READ
    section = CAMPAIGNS
    template = "desk/campaigns/campaign.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        campaign = visible_campaign(self.actor, pk)
        self.allow(campaign.program_id)
        design = design_of(campaign.program_id)
        words, results = vocabulary_of(design), results_of(campaign)
        rules = RewardRule.objects.filter(campaign=campaign).order_by("-priority", "pk")
        members = CampaignMember.objects.filter(campaign=campaign, left_at__isnull=True)
        return self.draw(
            campaign=campaign,
            program=campaign.program,
            zone=design.zone,
            state=state_of(campaign),
            results=results,
            chart=_chart(campaign, results),
            by_rule=shares([(name, points, "") for name, points, _effects in results.by_rule]),
            rules=[(one, words_of(one.definition, words).sentence) for one in rules],
            members=list(members.select_related("membership").order_by("-pk")[:LATEST]),
            lists=campaign.eligibility in (Eligibility.LIST, Eligibility.OPT_IN),
            ways=self._ways(campaign),
        )

    def _ways(self, campaign: Campaign) -> list[Way]:
        if not self.may(DESIGN, campaign.program_id):
            return []
        running = campaign.status == CampaignStatus.RUNNING
        found = [Way(_("Edit"), _page("edit", campaign.pk))]
        if campaign.eligibility == Eligibility.LIST:
            found.append(Way(_("Put on the list"), _page("list", campaign.pk)))
            found.append(Way(_("Members of another program"), _page("list-of", campaign.pk)))
            found.append(Way(_("Take off the list"), _page("take-off", campaign.pk)))
        if running:
            return [*found, Way(_("Stop"), _page("stop", campaign.pk))]
        return [Way(_("Start"), _page("start", campaign.pk), main=True), *found]


def state_of(campaign: Campaign) -> tuple[Any, str]:
    """In a word, and its badge."""
    today = clock.program_now(campaign.program).astimezone(campaign.program.zone).date()
    status = CampaignStatus(campaign.status)
    if status == CampaignStatus.RUNNING and campaign.valid_until < today:
        return OVER
    if status == CampaignStatus.RUNNING and campaign.valid_from > today:
        return AHEAD
    return status.label, BADGES[status]


def visible_campaign(actor: Actor, pk: int) -> Campaign:
    found = Campaign.objects.filter(pk=pk).select_related("program", "label").first()
    if found is None or not sees(actor, found.program_id):
        raise Http404
    return found


def _chart(campaign: Campaign, results: CampaignResults) -> ColumnChart:
    """The last days of it, through the last one on which it gave something."""
    given = {day: max(0, points) for day, points, _effects in results.by_day}
    last = max(given, default=campaign.valid_from)
    first = min(last, max(campaign.valid_from, last - timedelta(MOST_DAYS - 1)))
    days = [first + timedelta(at) for at in range((last - first).days + 1)]
    series = Series(_("points"), [given.get(day, 0) for day in days])
    return ColumnChart("days", _("Points given by day"), [_label(day) for day in days], [series])


def _label(day: date) -> Label:
    return Label(date_format(day, "j"), date_format(day, "j M Y"))


def _page(name: str, pk: int) -> str:
    return reverse(f"desk:campaign-{name}", args=[pk])
