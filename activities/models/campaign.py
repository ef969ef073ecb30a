"""Campaigns: rules for a time, for chosen members, within a budget (domain 1.11)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from memberships.models import Membership
from programs.models import DesignModel, Label, Program


class Eligibility(models.TextChoices):
    ALL = "all", _("every membership")
    LABEL = "label", _("memberships with a label")
    LIST = "list", _("memberships on a list")
    OPT_IN = "opt_in", _("members who joined")


class CampaignStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    RUNNING = "running", _("running")
    STOPPED = "stopped", _("stopped")


class Campaign(DesignModel):
    """Its rules apply while it runs, to whom it is meant for, until the budget is spent."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="campaigns")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=7, choices=CampaignStatus.choices, default=CampaignStatus.DRAFT)
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), help_text=_("Through the end of that day."))
    eligibility = models.CharField(_("for"), max_length=6, choices=Eligibility.choices, default=Eligibility.ALL)
    label = models.ForeignKey(
        Label, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    point_budget = models.BigIntegerField(
        _("point budget"), null=True, blank=True, help_text=_("Empty: without limit.")
    )

    class Meta:
        verbose_name = _("campaign")
        verbose_name_plural = _("campaigns")
        ordering = ["program", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="campaign_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="campaign_id_program"),
            models.CheckConstraint(name="campaign_period", condition=Q(valid_until__gte=F("valid_from"))),
            models.CheckConstraint(
                name="campaign_label_named", condition=~Q(eligibility="label") | Q(label__isnull=False)
            ),
            models.CheckConstraint(
                name="campaign_budget", condition=Q(point_budget__isnull=True) | Q(point_budget__gt=0)
            ),
            CompositeForeignKey(
                name="campaign_label_program",
                fields=["label", "program"],
                to="programs.Label",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class CampaignSpending(models.Model):
    """Points a campaign has given so far, apart from its design: counted with every effect, never above the budget."""

    campaign = models.OneToOneField(Campaign, on_delete=models.PROTECT, primary_key=True, related_name="spending")
    points = models.BigIntegerField(_("points given"), default=0)
    budget = models.BigIntegerField(_("budget"), null=True, blank=True)

    class Meta:
        verbose_name = _("spending of a campaign")
        verbose_name_plural = _("spending of campaigns")
        constraints = [
            models.CheckConstraint(
                name="campaign_spending_within_budget", condition=Q(budget__isnull=True) | Q(points__lte=F("budget"))
            )
        ]

    def __str__(self) -> str:
        return str(self.points)


class CampaignMember(models.Model):
    """A membership on a campaign's list, or one whose member joined."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="members", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="campaigns", db_constraint=False)
    joined_at = models.DateTimeField(_("since"))
    left_at = models.DateTimeField(_("until"), null=True, blank=True)
    channel_id = models.BigIntegerField(_("channel"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)

    class Meta:
        verbose_name = _("member of a campaign")
        verbose_name_plural = _("members of campaigns")
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "membership"], name="campaign_member_once", condition=Q(left_at__isnull=True)
            ),
            CompositeForeignKey(
                name="campaign_member_campaign",
                fields=["campaign", "program"],
                to="activities.Campaign",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="campaign_member_membership",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.campaign_id}: {self.membership_id}"
