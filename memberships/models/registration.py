"""Found cards registered by a person (domain 1.10)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cards.models import Card
from common.constraints import CompositeForeignKey
from common.history import AuditedModel
from customers.models import Customer
from memberships.models.change import MembershipChange
from memberships.models.membership import Membership
from programs.models import Program


class RegistrationStatus(models.TextChoices):
    WAITING = "waiting", _("waiting for the membership to be active")
    AWAITING_CONSENT = "awaiting_consent", _("waiting for consent")
    DONE = "done", _("done")
    WITHDRAWN = "withdrawn", _("withdrawn")


class RegistrationOutcome(models.TextChoices):
    CONVERTED = "converted", _("became the person's membership")
    ABSORBED = "absorbed", _("went into the membership the person had")


class ProofKind(models.TextChoices):
    NONE = "none", _("the card alone")
    CODE = "code", _("code under the scratch field")
    RECEIPT = "receipt", _("receipt")
    IN_STORE = "in_store", _("shown in a store")


class CardRegistration(AuditedModel):
    """Who registered which card, how they proved that it is theirs, and what became of its points.

    `membership` is the anonymous one; `target` the one the person had, where there was one.
    """

    PERSONAL = ("proof_reference",)

    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="registrations", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="registrations", db_constraint=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="card_registrations")
    target = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    status = models.CharField(_("status"), max_length=16, choices=RegistrationStatus.choices)
    outcome = models.CharField(_("outcome"), max_length=9, choices=RegistrationOutcome.choices, blank=True)
    proof_kind = models.CharField(_("proof"), max_length=8, choices=ProofKind.choices, default=ProofKind.NONE)
    proof_reference = models.CharField(_("reference of the proof"), max_length=80, blank=True)
    accepts_terms = models.BooleanField(_("accepts the terms"), default=False)
    registered_at = models.DateTimeField(_("registered at"))
    ended_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    change = models.ForeignKey(MembershipChange, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    channel_id = models.BigIntegerField(_("channel"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)

    class Meta:
        verbose_name = _("card registration")
        verbose_name_plural = _("card registrations")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["target"], name="registration_waits_for", condition=Q(status="waiting")),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["card"], name="registration_one_open", condition=Q(status__in=["waiting", "awaiting_consent"])
            ),
            models.CheckConstraint(
                name="registration_done_dated",
                condition=Q(status__in=["waiting", "awaiting_consent"], ended_at__isnull=True)
                | Q(status__in=["done", "withdrawn"], ended_at__isnull=False),
            ),
            models.CheckConstraint(
                name="registration_done_outcome",
                condition=Q(status="done") & ~Q(outcome="") | ~Q(status="done") & Q(outcome=""),
            ),
            *(
                CompositeForeignKey(
                    name=f"registration_{field}_program", fields=[field, "program"], to=to, to_fields=["id", "program"]
                )
                for field, to in (
                    ("card", "cards.Card"),
                    ("membership", "memberships.Membership"),
                    ("target", "memberships.Membership"),
                    ("change", "memberships.MembershipChange"),
                )
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} · {self.customer_id}"
