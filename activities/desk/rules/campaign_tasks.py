"""Tasks about campaigns: a new one, its terms, start and stop."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities.campaigns import change_campaign, create_campaign, start_campaign, stop_campaign
from activities.desk.rules.base import CAMPAIGNS, DESIGN, visible_program
from activities.desk.rules.campaign_page import visible_campaign
from activities.desk.rules.head_forms import free_code
from activities.models import Campaign, CampaignStatus, Eligibility, RewardRule, RuleStatus
from common.desk.fields import DayField, PointsField, ReasonField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from common.desk.words import day, figure
from programs.models import Label, Program

FOR = (
    (Eligibility.ALL, gettext_lazy("every membership")),
    (Eligibility.LABEL, gettext_lazy("memberships with the label below")),
    (Eligibility.LIST, gettext_lazy("memberships on a list, which is put together afterwards")),
    (Eligibility.OPT_IN, gettext_lazy("members who join it themselves")),
)


class CampaignForm(forms.Form):
    name = forms.CharField(label=gettext_lazy("Name"), max_length=120, help_text=gettext_lazy("As Spring 2027."))
    description = forms.CharField(
        label=gettext_lazy("What it is for"), required=False, max_length=500, widget=forms.Textarea({"rows": 2})
    )
    valid_from = DayField(label=gettext_lazy("First day"))
    valid_until = DayField(label=gettext_lazy("Last day"))
    eligibility = forms.ChoiceField(
        label=gettext_lazy("For"), choices=FOR, initial=Eligibility.ALL, widget=forms.RadioSelect
    )
    label = forms.ModelChoiceField(
        label=gettext_lazy("Label"), queryset=Label.objects.none(), required=False, empty_label=gettext_lazy("none")
    )
    point_budget = PointsField(
        label=gettext_lazy("Budget in points"),
        required=False,
        help_text=gettext_lazy("What its rules give together never exceeds it. Empty: without limit."),
    )

    def __init__(self, *args: Any, program: Program, **options: Any) -> None:
        super().__init__(*args, **options)
        label: Any = self.fields["label"]
        label.queryset = Label.objects.filter(program=program).order_by("name")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, last = given.get("valid_from"), given.get("valid_until")
        if first and last and last < first:
            self.add_error("valid_until", _("The last day is before the first one."))
        if given.get("eligibility") == Eligibility.LABEL and not given.get("label"):
            self.add_error("label", _("Choose the label the memberships have."))
        if given.get("eligibility") != Eligibility.LABEL:
            given["label"] = None
        return given


class WhyForm(forms.Form):
    why = ReasonField(max_length=100)


class CampaignTask(TaskPage):
    """A task about one campaign, for who designs its program."""

    action = DESIGN
    section = CAMPAIGNS
    campaign: Campaign

    def load(self, **kwargs: Any) -> None:
        self.campaign = visible_campaign(self.actor, kwargs["pk"])
        self.program, self.subject = self.campaign.program, self.campaign.name
        self.allow_program(self.campaign.program_id)

    def figures(self) -> Sequence[Figure]:
        one = Campaign.objects.get(pk=self.campaign.pk)
        budget = _("without limit") if one.point_budget is None else figure(one.point_budget)
        return [
            Figure("name", _("Name"), one.name),
            Figure("status", _("Status"), one.get_status_display()),
            Figure("days", _("Days"), f"{day(one.valid_from)} – {day(one.valid_until)}"),
            Figure("for", _("For"), one.get_eligibility_display()),
            Figure("budget", _("Budget"), budget),
        ]

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        return [Way(_("The campaign"), page_of("campaign", facts["campaign"]), main=True)]

    def exits(self) -> list[Way]:
        return [Way(_("The campaign"), page_of("campaign", self.campaign.pk))]

    def done(self, *says: str) -> Outcome:
        return Outcome(says, {"campaign": self.campaign.pk})


class NewCampaign(TaskPage):
    action = DESIGN
    section = CAMPAIGNS
    title = gettext_lazy("New campaign")
    what = gettext_lazy(
        "A campaign says when, for whom and within which budget its rules apply. It begins as a draft; its rules are "
        "written afterwards, and name it."
    )
    confirm = gettext_lazy("Make the campaign")
    form_class = CampaignForm

    def load(self, **kwargs: Any) -> None:
        self.program = visible_program(self.actor, kwargs["code"])
        self.allow_program(self.program.pk)

    def form_options(self) -> dict[str, Any]:
        return {"program": self.program}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        taken = set(Campaign.objects.filter(program=self.program).values_list("code", flat=True))
        code = free_code(given["name"], taken)
        campaign = create_campaign(self.program, actor=self.actor, code=code, **given)
        return Outcome(told(campaign), {"campaign": campaign.pk, "program": self.program.code})

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        new = reverse("desk:rule-new", args=[facts["program"]])
        return [
            Way(_("The campaign"), page_of("campaign", facts["campaign"]), main=True),
            Way(_("Write a rule for it"), new),
        ]

    def exits(self) -> list[Way]:
        return [Way(_("The campaigns"), f"{reverse('desk:campaigns')}?program={self.program.code}")]


class ChangeCampaign(CampaignTask):
    title = gettext_lazy("Edit a campaign")
    what = gettext_lazy("Takes effect at once. While it runs, its first day and whom it is for stay as they are.")
    confirm = gettext_lazy("Change the campaign")
    form_class = CampaignForm

    def form_options(self) -> dict[str, Any]:
        return {"program": self.program}

    def initial(self) -> dict[str, Any]:
        names = ("name", "description", "valid_from", "valid_until", "eligibility", "point_budget")
        return {name: getattr(self.campaign, name) for name in names} | {"label": self.campaign.label_id}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        return self.done(*told(change_campaign(self.campaign, actor=self.actor, **given)))


class Start(CampaignTask):
    title = gettext_lazy("Start a campaign")
    what = gettext_lazy(
        "From now on its released rules apply on its days, to whom it is for, until its budget is given."
    )
    confirm = gettext_lazy("Start it")
    form_class = WhyForm

    def obstacles(self) -> Sequence[str]:
        if self.campaign.status == CampaignStatus.RUNNING:
            return [_("It runs already.")]
        return self.refusals(lambda: start_campaign(self.campaign, actor=self.actor, why="?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        start_campaign(self.campaign, actor=self.actor, why=given["why"])
        released = RewardRule.objects.filter(campaign=self.campaign, status=RuleStatus.RELEASED).count()
        rules = ngettext("%(n)s released rule applies.", "%(n)s released rules apply.", released) % {"n": released}
        if not released:
            rules = _("It gives nothing yet: none of its rules is released.")
        return self.done(_("%(name)s runs.") % {"name": self.campaign.name}, rules)


class Stop(CampaignTask):
    title = gettext_lazy("Stop a campaign")
    what = gettext_lazy("Its rules give nothing from now on, to late events either. What was given stays.")
    confirm = gettext_lazy("Stop it")
    form_class = WhyForm

    def obstacles(self) -> Sequence[str]:
        if self.campaign.status != CampaignStatus.RUNNING:
            return [_("It does not run: it is %(status)s.") % {"status": self.campaign.get_status_display()}]
        return []

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        stop_campaign(self.campaign, actor=self.actor, why=given["why"])
        return self.done(_("%(name)s is stopped.") % {"name": self.campaign.name})

    def ways(self, facts: dict[str, Any]) -> list[Way]:
        again = Way(_("Take it back: start it again"), reverse("desk:campaign-start", args=[facts["campaign"]]))
        return [*super().ways(facts), again]


def told(campaign: Campaign) -> list[str]:
    """Its terms in sentences."""
    days = {"name": campaign.name, "first": day(campaign.valid_from), "last": day(campaign.valid_until)}
    whom = campaign.label.name if campaign.label else ""
    says = [
        _("%(name)s applies %(first)s – %(last)s, while it runs.") % days,
        _("It is for %(whom)s.") % {"whom": campaign.get_eligibility_display() + (f": {whom}" if whom else "")},
    ]
    if campaign.point_budget is not None:
        says.append(_("It gives %(points)s points at most.") % {"points": figure(campaign.point_budget)})
    return says
