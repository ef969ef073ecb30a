"""What a program keeps about a membership besides points: values of attributes, labels, tier reviews (domain 1.7)."""

from datetime import date
from decimal import Decimal

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import AppendOnly, CompositeForeignKey
from common.history import AuditedModel
from memberships.models.membership import Membership
from programs.models import AttributeDefinition, Label, Program, Tier, TierGroup

VALUES = ("number", "text", "flag", "day")


class AttributeValue(AuditedModel):
    """One value, in the column of its definition's type; a choice stands in `text`. No row: the default."""

    PERSONAL = ("text",)

    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="attribute_values", db_constraint=False
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    definition = models.ForeignKey(
        AttributeDefinition, on_delete=models.PROTECT, related_name="values", db_constraint=False
    )
    number = models.DecimalField(_("number"), max_digits=20, decimal_places=4, null=True, blank=True)
    text = models.CharField(_("text"), max_length=80, null=True, blank=True)  # noqa: DJ001
    flag = models.BooleanField(_("yes or no"), null=True, blank=True)
    day = models.DateField(_("date"), null=True, blank=True)
    changed_at = models.DateTimeField(_("changed at"))

    class Meta:
        verbose_name = _("attribute of a membership")
        verbose_name_plural = _("attributes of memberships")
        ordering = ["membership", "definition"]
        constraints = [
            models.UniqueConstraint(fields=["membership", "definition"], name="attribute_value_once"),
            models.CheckConstraint(
                name="attribute_value_of_one_type",
                condition=Q(number__isnull=False, text__isnull=True, flag__isnull=True, day__isnull=True)
                | Q(number__isnull=True, text__isnull=False, flag__isnull=True, day__isnull=True)
                | Q(number__isnull=True, text__isnull=True, flag__isnull=False, day__isnull=True)
                | Q(number__isnull=True, text__isnull=True, flag__isnull=True, day__isnull=False),
            ),
            CompositeForeignKey(
                name="attribute_value_membership",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="attribute_value_definition",
                fields=["definition", "program"],
                to="programs.AttributeDefinition",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.definition_id}: {self.value}"

    @property
    def value(self) -> Decimal | str | bool | date | None:
        return next((given for name in VALUES if (given := getattr(self, name)) is not None), None)


class LabelSource(models.TextChoices):
    RULE = "rule", _("by rule")
    MANUAL = "manual", _("by hand")
    CHANGE = "change", _("by a change of memberships")


class MembershipLabel(AuditedModel):
    """A label on a membership, until `ended_at`."""

    PERSONAL = ("reason",)

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="labels", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    label = models.ForeignKey(Label, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    source = models.CharField(_("source"), max_length=6, choices=LabelSource.choices)
    since = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("label of a membership")
        verbose_name_plural = _("labels of memberships")
        ordering = ["membership", "-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "label"], name="membership_label_once", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                name="membership_label_period", condition=Q(ended_at__isnull=True) | Q(ended_at__gte=F("since"))
            ),
            CompositeForeignKey(
                name="membership_label_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="membership_label_label",
                fields=["label", "program"],
                to="programs.Label",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} \u00b7 {self.label}"


class TierReview(models.Model):
    """That a membership was reviewed for the period that ended then, with the figure it was judged by.

    `again` counts the reviews of one period: late or reversed events repeat it.
    """

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    group = models.ForeignKey(
        TierGroup, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    period_end = models.DateTimeField(_("end of the period"))
    again = models.PositiveSmallIntegerField(_("repeated"), default=0)
    figure = models.DecimalField(_("figure"), max_digits=20, decimal_places=4)
    before = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    after = models.ForeignKey(
        Tier, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    reviewed_at = models.DateTimeField(_("reviewed at"))

    class Meta:
        verbose_name = _("tier review")
        verbose_name_plural = _("tier reviews")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["membership", "group", "period_end", "again"], name="tier_review_once"),
            CompositeForeignKey(
                name="tier_review_membership",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            AppendOnly(name="tier_review_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.figure}"
