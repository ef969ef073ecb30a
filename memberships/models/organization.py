"""Organization memberships: who signs for them, and the agreements individual memberships inherit (domain 1.8)."""

from typing import Any, ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import BigIntegerRangeField, RangeOperators
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import F, Func, Q, Value
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from common.constraints import AppendOnly, CompositeForeignKey
from common.history import AuditedModel, AuditedQuerySet
from customers.models import Customer, EmployeeGroup
from customers.models.affiliation import BOTH_DAYS, Days
from memberships.models.membership import Membership
from programs.models import Benefit, LeavingRule, Program, Tier, TierGroup


class AgreementForm(models.TextChoices):
    """What the individual memberships are like."""

    STANDARD = "standard", _("standard, points of their own")
    SHARED = "shared", _("shared, points in the organization's pool")


class GroupRange(Func):
    """One group; without a group all of them, so that no group meets every group."""

    function = "INT8RANGE"
    output_field = BigIntegerRangeField()


class OrganizationSignatory(AuditedModel):
    """Who consents for the organization; the one who has signed for longest is asked and owns its pool."""

    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="signatories", db_constraint=False
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="signs_for")
    since = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("signatory")
        verbose_name_plural = _("signatories")
        ordering = ["membership", "since", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "customer"], name="signatory_once", condition=Q(ended_at__isnull=True)
            ),
            CompositeForeignKey(
                name="signatory_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} · {self.customer_id}"


class AgreementQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> "AgreementQuerySet":
        """Those of the actor's programs."""
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)


class OrganizationAgreement(AuditedModel):
    """The terms of an organization membership for one employee group, or for everybody; both days belong to it.

    Its terms today stand here, in AgreementTier and AgreementBenefit; every version of them in AgreementVersion.
    """

    organization_membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="agreements", db_constraint=False
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    name = models.CharField(_("name"), max_length=80)
    employee_group = models.ForeignKey(
        EmployeeGroup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="agreements",
        verbose_name=_("employee group"),
        help_text=_("Empty: for everybody of the organization."),
    )
    valid_from = models.DateField(_("valid from"))
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    form = models.CharField(
        _("individual memberships"), max_length=8, choices=AgreementForm.choices, default=AgreementForm.STANDARD
    )
    maximum = models.PositiveIntegerField(
        _("most memberships"), null=True, blank=True, validators=[MinValueValidator(1)]
    )
    leaving_rule = models.CharField(
        _("leaving rule"),
        max_length=15,
        choices=LeavingRule.choices,
        default=LeavingRule.LEAVE_BEHIND,
        help_text=_("What becomes of points in the pool when a person leaves."),
    )
    version = models.PositiveIntegerField(_("version"), default=1, editable=False)
    cancelled_at = models.DateTimeField(_("cancelled at"), null=True, blank=True, editable=False)

    objects: ClassVar[Any] = AgreementQuerySet.as_manager()

    class Meta:
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        ordering = ["organization_membership", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["id", "program"], name="agreement_id_program"),
            models.CheckConstraint(name="agreement_form_known", condition=Q(form__in=AgreementForm.values)),
            models.CheckConstraint(
                name="agreement_period", condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from"))
            ),
            ExclusionConstraint(
                name="agreement_no_overlap",
                expressions=[
                    ("organization_membership", RangeOperators.EQUAL),
                    (GroupRange("employee_group", "employee_group", Value("[]")), RangeOperators.OVERLAPS),
                    (Days("valid_from", "valid_until", BOTH_DAYS), RangeOperators.OVERLAPS),
                ],
                condition=Q(cancelled_at__isnull=True),
            ),
            CompositeForeignKey(
                name="agreement_membership_program",
                fields=["organization_membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AgreementTier(AuditedModel):
    agreement = models.ForeignKey(
        OrganizationAgreement, on_delete=models.CASCADE, related_name="tiers", db_constraint=False
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    group = models.ForeignKey(
        TierGroup, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False)

    class Meta:
        verbose_name = _("tier of an agreement")
        verbose_name_plural = _("tiers of agreements")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "group"], name="agreement_tier_once"),
            CompositeForeignKey(
                name="agreement_tier_program",
                fields=["agreement", "program"],
                to="memberships.OrganizationAgreement",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="agreement_tier_group",
                fields=["group", "program"],
                to="programs.TierGroup",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="agreement_tier_rung", fields=["tier", "group"], to="programs.Tier", to_fields=["id", "group"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier}"


class AgreementBenefit(AuditedModel):
    agreement = models.ForeignKey(
        OrganizationAgreement, on_delete=models.CASCADE, related_name="benefits", db_constraint=False
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    benefit = models.ForeignKey(
        Benefit, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )

    class Meta:
        verbose_name = _("benefit of an agreement")
        verbose_name_plural = _("benefits of agreements")
        constraints = [
            models.UniqueConstraint(fields=["agreement", "benefit"], name="agreement_benefit_once"),
            CompositeForeignKey(
                name="agreement_benefit_agreement",
                fields=["agreement", "program"],
                to="memberships.OrganizationAgreement",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="agreement_benefit_benefit",
                fields=["benefit", "program"],
                to="programs.Benefit",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.benefit}"


class AgreementVersion(models.Model):
    """What an agreement said in a version, for ever: {"name", "form", "maximum", "leaving_rule", "valid_from",
    "valid_until", "employee_group", "tiers": {ladder id: tier id}, "benefits": [ids]}."""

    agreement = models.ForeignKey(
        OrganizationAgreement, on_delete=models.PROTECT, related_name="versions", db_constraint=False, db_index=False
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    version = models.PositiveIntegerField(_("version"))
    terms = models.JSONField(_("terms"))
    made_at = models.DateTimeField(_("made at"))
    channel_id = models.BigIntegerField(_("channel"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)

    class Meta:
        verbose_name = _("version of an agreement")
        verbose_name_plural = _("versions of agreements")
        ordering = ["agreement", "-version"]
        constraints = [
            models.UniqueConstraint(fields=["agreement", "version"], name="agreement_version_once"),
            CompositeForeignKey(
                name="agreement_version_program",
                fields=["agreement", "program"],
                to="memberships.OrganizationAgreement",
                to_fields=["id", "program"],
            ),
            AppendOnly(name="agreement_version_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.agreement} {self.version}"


class InheritedAgreement(AuditedModel):
    """Which version of which agreement an individual membership stands under; its earlier ones have ended."""

    class Source(models.TextChoices):
        ENROLMENT = "enrolment", _("at enrolment")
        JOIN = "join", _("by joining")
        APPLIED_AGAIN = "applied_again", _("applied again")

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="inherited", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    agreement = models.ForeignKey(
        OrganizationAgreement, on_delete=models.PROTECT, related_name="inherited", db_constraint=False, db_index=False
    )
    version = models.PositiveIntegerField(_("version"))
    form = models.CharField(_("form"), max_length=8, choices=AgreementForm.choices)
    source = models.CharField(_("source"), max_length=13, choices=Source.choices)
    since = models.DateTimeField(_("since"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)

    class Meta:
        verbose_name = _("inherited agreement")
        verbose_name_plural = _("inherited agreements")
        ordering = ["membership", "-since", "-id"]
        indexes = [models.Index(fields=["agreement"], name="inherited_open", condition=Q(ended_at__isnull=True))]
        constraints = [
            models.UniqueConstraint(
                fields=["membership"], name="inherited_one_open", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(name="inherited_form_known", condition=Q(form__in=AgreementForm.values)),
            CompositeForeignKey(
                name="inherited_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="inherited_agreement_program",
                fields=["agreement", "program"],
                to="memberships.OrganizationAgreement",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="inherited_agreement_version",
                fields=["agreement", "version"],
                to="memberships.AgreementVersion",
                to_fields=["agreement", "version"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} · {self.agreement_id} {self.version}"
