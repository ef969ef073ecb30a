"""Reward rules: what a program manager designs, each release kept, each effect citing it (domain 1.11)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from activities.models.activity import MemberActivity
from activities.models.campaign import Campaign
from common.constraints import AppendOnly, CompositeForeignKey
from points.models import Posting
from programs.models import DesignModel, PointType, Program


class GroupMode(models.TextChoices):
    EXCLUSIVE = "exclusive", _("the first rule that matches")
    ADDITIVE = "additive", _("every rule that matches")


class RuleGroup(DesignModel):
    """Groups are asked by rank, lowest first; within one, rules by priority, highest first."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="rule_groups")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    mode = models.CharField(_("applies"), max_length=9, choices=GroupMode.choices, default=GroupMode.ADDITIVE)
    rank = models.PositiveSmallIntegerField(_("rank"), default=0, help_text=_("0 is asked first."))

    class Meta:
        verbose_name = _("rule group")
        verbose_name_plural = _("rule groups")
        ordering = ["program", "rank", "id"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="rule_group_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="rule_group_id_program"),
        ]

    def __str__(self) -> str:
        return self.name


class RuleStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    RELEASED = "released", _("released")
    RETIRED = "retired", _("retired")


class RewardRule(DesignModel):
    """`definition` is what is being written; `released` cites the version in force. Both have the shape that
    activities.rules.definition describes."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="reward_rules")
    group = models.ForeignKey(RuleGroup, on_delete=models.PROTECT, related_name="rules", db_constraint=False)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="rules", db_constraint=False
    )
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=120)
    description = models.CharField(_("description"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=8, choices=RuleStatus.choices, default=RuleStatus.DRAFT)
    priority = models.SmallIntegerField(_("priority"), default=0, help_text=_("The highest is asked first."))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True, help_text=_("Through the end of that day."))
    definition = models.JSONField(_("definition"), default=dict)
    released = models.PositiveIntegerField(_("released version"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("reward rule")
        verbose_name_plural = _("reward rules")
        ordering = ["program", "group", "-priority", "id"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="reward_rule_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="reward_rule_id_program"),
            models.CheckConstraint(
                name="reward_rule_released_version", condition=~Q(status="released") | Q(released__isnull=False)
            ),
            models.CheckConstraint(
                name="reward_rule_period",
                condition=Q(valid_from__isnull=True)
                | Q(valid_until__isnull=True)
                | Q(valid_until__gte=F("valid_from")),
            ),
            CompositeForeignKey(
                name="reward_rule_group_program",
                fields=["group", "program"],
                to="activities.RuleGroup",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="reward_rule_campaign_program",
                fields=["campaign", "program"],
                to="activities.Campaign",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="reward_rule_released",
                fields=["id", "released"],
                to="activities.RuleVersion",
                to_fields=["rule", "version"],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class RuleVersion(models.Model):
    """A rule as it was released: everything that decides what it does, so that a late event is judged by the rules
    of its time. In force from `released_at` until just before `retired_at` of the next one (see RuleRetirement)."""

    rule = models.ForeignKey(RewardRule, on_delete=models.PROTECT, related_name="versions", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField(_("version"))
    name = models.CharField(_("name"), max_length=120)
    priority = models.SmallIntegerField(_("priority"))
    valid_from = models.DateField(_("valid from"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    definition = models.JSONField(_("definition"))
    released_at = models.DateTimeField(_("released at"))
    released_by_id = models.BigIntegerField(_("released by"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("version of a rule")
        verbose_name_plural = _("versions of rules")
        ordering = ["rule", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "version"], name="rule_version_once"),
            CompositeForeignKey(
                name="rule_version_rule_program",
                fields=["rule", "program"],
                to="activities.RewardRule",
                to_fields=["id", "program"],
            ),
            AppendOnly(name="rule_version_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.name} (v{self.version})"


class RuleRetirement(models.Model):
    """That a version is in force no longer, from when on: a row of its own, since versions never change."""

    rule_version = models.OneToOneField(
        RuleVersion, on_delete=models.PROTECT, primary_key=True, related_name="retirement"
    )
    retired_at = models.DateTimeField(_("retired at"))
    retired_by_id = models.BigIntegerField(_("retired by"), null=True, blank=True)
    why = models.CharField(_("why"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("retirement of a rule")
        verbose_name_plural = _("retirements of rules")
        constraints = [AppendOnly(name="rule_retirement_append_only")]

    def __str__(self) -> str:
        return f"{self.rule_version_id}"


class RuleEffect(models.Model):
    """What one action of one rule version did for one activity, and why. `because` holds the figures it was worked out
    from; `points` are signed. The database lets no version and no posting go, so that nothing has to be checked."""

    # Found by the index of its constraint with the position.
    activity = models.ForeignKey(
        MemberActivity, on_delete=models.PROTECT, related_name="effects", db_constraint=False, db_index=False
    )
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    rule_version = models.ForeignKey(
        RuleVersion, on_delete=models.PROTECT, related_name="effects", db_constraint=False, db_index=False
    )
    position = models.PositiveSmallIntegerField(_("position"))
    action = models.CharField(_("action"), max_length=40)
    point_type = models.ForeignKey(
        PointType,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    points = models.BigIntegerField(_("points"), null=True, blank=True)
    because = models.JSONField(_("because"), default=dict)
    posting = models.ForeignKey(
        Posting,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="rule_effects",
        db_constraint=False,
        db_index=False,
    )

    class Meta:
        verbose_name = _("effect of a rule")
        verbose_name_plural = _("effects of rules")
        ordering = ["activity", "position"]
        indexes = [models.Index(fields=["rule_version", "id"], name="rule_effect_of_version")]
        constraints = [
            models.UniqueConstraint(fields=["activity", "position"], name="rule_effect_position_once"),
            AppendOnly(name="rule_effect_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.activity_id}: {self.action} {self.points or ''}"


class CapScope(models.TextChoices):
    DAY = "day", _("a membership and day")
    MEMBER = "member", _("a membership")
    PROGRAM = "program", _("the whole program")


class RuleUse(models.Model):
    """How often a capped rule applied and how many points it gave: per membership and local day, per membership
    (no day), or in all (neither). Counted in the transaction of the effect."""

    rule = models.ForeignKey(RewardRule, on_delete=models.PROTECT, related_name="uses", db_index=False)
    membership_id = models.BigIntegerField(_("membership"), null=True, blank=True)
    day = models.DateField(_("day"), null=True, blank=True)
    times = models.BigIntegerField(_("times"), default=0)
    points = models.BigIntegerField(_("points"), default=0)

    class Meta:
        verbose_name = _("use of a rule")
        verbose_name_plural = _("uses of rules")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "membership_id", "day"], name="rule_use_once", nulls_distinct=False
            ),
            models.CheckConstraint(
                name="rule_use_of_membership", condition=Q(day__isnull=True) | Q(membership_id__isnull=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id}: {self.times}"
