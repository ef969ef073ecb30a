"""Advantages a membership has besides those of its tiers (domain 1.1, 1.8)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from common.history import AuditedModel
from memberships.models.membership import Member, Membership
from memberships.models.organization import OrganizationAgreement
from programs.models import Benefit, Program


class BenefitSource(models.TextChoices):
    AGREEMENT = "agreement", _("by agreement")
    RULE = "rule", _("by rule")
    MANUAL = "manual", _("by hand")
    CHANGE = "change", _("by a change of memberships")


class MembershipBenefit(AuditedModel):
    """With `member` it is that person's alone. Until just before `until` and `ended_at`, whichever comes first."""

    PERSONAL = ("reason",)

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="benefits", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    member = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, blank=True, related_name="benefits")
    benefit = models.ForeignKey(
        Benefit, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    source = models.CharField(_("source"), max_length=9, choices=BenefitSource.choices)
    agreement = models.ForeignKey(
        OrganizationAgreement,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
    )
    agreement_version = models.PositiveIntegerField(_("version of the agreement"), null=True, blank=True)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    reason = models.CharField(_("reason"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("benefit of a membership")
        verbose_name_plural = _("benefits of memberships")
        ordering = ["membership", "-since", "-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "member", "benefit", "source"],
                name="membership_benefit_once",
                condition=Q(ended_at__isnull=True),
                nulls_distinct=False,
            ),
            models.CheckConstraint(
                name="membership_benefit_cites",
                condition=Q(source="agreement", agreement__isnull=False, agreement_version__isnull=False)
                | (~Q(source="agreement") & Q(agreement__isnull=True, agreement_version__isnull=True)),
            ),
            models.CheckConstraint(
                name="membership_benefit_period", condition=Q(until__isnull=True) | Q(until__gte=F("since"))
            ),
            CompositeForeignKey(
                name="membership_benefit_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="membership_benefit_benefit",
                fields=["benefit", "program"],
                to="programs.Benefit",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="membership_benefit_agreement",
                fields=["agreement", "agreement_version"],
                to="memberships.AgreementVersion",
                to_fields=["agreement", "version"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} · {self.benefit}"
