"""What a membership stands on: tiers, accepted terms, paid terms."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from common.history import AuditedModel
from customers.models import Customer
from memberships.models.membership import Membership
from memberships.models.organization import OrganizationAgreement
from programs.models import Program, ProgramTerms, Tier, TierGroup


class StandingSource(models.TextChoices):
    INITIAL = "initial", _("at enrolment")
    MANUAL = "manual", _("by hand")
    EARNED = "earned", _("earned")
    REVIEW = "review", _("by review")
    AGREEMENT = "agreement", _("by agreement")
    RULE = "rule", _("by rule")
    CHANGE = "change", _("by a change of memberships")


class TierStanding(AuditedModel):
    """The rung a membership stands on in one ladder, since and until when, and why."""

    PERSONAL = ("reason",)

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="standings", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    group = models.ForeignKey(
        TierGroup, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    tier = models.ForeignKey(Tier, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    since = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("not lowered before"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    source = models.CharField(_("source"), max_length=9, choices=StandingSource.choices)
    reason = models.CharField(_("reason"), max_length=120, blank=True)
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

    class Meta:
        verbose_name = _("tier standing")
        verbose_name_plural = _("tier standings")
        ordering = ["membership", "group", "-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "group"], name="standing_one_open", condition=Q(ended_at__isnull=True)
            ),
            models.CheckConstraint(
                name="standing_manual_explained",
                condition=~Q(source="manual") | (~Q(reason="") & Q(until__isnull=False)),
            ),
            models.CheckConstraint(
                name="standing_agreement_cited",
                condition=~Q(source="agreement") | (Q(agreement__isnull=False) & Q(agreement_version__isnull=False)),
            ),
            CompositeForeignKey(
                name="standing_agreement_version",
                fields=["agreement", "agreement_version"],
                to="memberships.AgreementVersion",
                to_fields=["agreement", "version"],
            ),
            CompositeForeignKey(
                name="standing_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="standing_group_program",
                fields=["group", "program"],
                to="programs.TierGroup",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="standing_tier_group",
                fields=["tier", "group"],
                to="programs.Tier",
                to_fields=["id", "group"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.tier}"


class TermsAcceptance(AuditedModel):
    """Who accepted which version of the terms, when and through which channel."""

    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="acceptances", db_constraint=False
    )
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    terms = models.ForeignKey(ProgramTerms, on_delete=models.PROTECT, related_name="+", db_constraint=False)
    accepted_at = models.DateTimeField(_("accepted at"))
    channel_id = models.BigIntegerField(_("channel"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)

    class Meta:
        verbose_name = _("acceptance of terms")
        verbose_name_plural = _("acceptances of terms")
        constraints = [
            models.UniqueConstraint(fields=["membership", "customer", "terms"], name="acceptance_once"),
            CompositeForeignKey(
                name="acceptance_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="acceptance_terms_program",
                fields=["terms", "program"],
                to="programs.ProgramTerms",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.terms}"


class MembershipTerm(AuditedModel):
    """A paid period: both days belong to it."""

    PERSONAL = ("payment_reference",)

    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="terms", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("until"))
    fee = models.DecimalField(_("fee"), max_digits=12, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    paid_at = models.DateTimeField(_("paid at"), null=True, blank=True)
    payment_reference = models.CharField(_("payment reference"), max_length=80, blank=True)

    class Meta:
        verbose_name = _("membership term")
        verbose_name_plural = _("membership terms")
        ordering = ["membership", "-first_day"]
        constraints = [
            models.UniqueConstraint(fields=["membership", "first_day"], name="membership_term_once"),
            models.CheckConstraint(name="membership_term_period", condition=Q(last_day__gte=F("first_day"))),
            CompositeForeignKey(
                name="membership_term_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.first_day} – {self.last_day}"
