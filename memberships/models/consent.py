"""The consent of every affected person, every decision about it, and the ways of asking (domain 1.9)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import AppendOnly, CompositeForeignKey
from common.history import AuditedModel
from customers.models import Customer, Message
from memberships.models.change import MembershipChange
from memberships.models.membership import Membership
from programs.models import Program


class ConsentStatus(models.TextChoices):
    ASKED = "asked", _("asked")
    GIVEN = "given", _("given")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn")
    VOID = "void", _("void, the terms changed")


class ConsentMethod(models.TextChoices):
    CODE = "code", _("code sent to the registered address")
    LINK = "link", _("own page by a link")
    IN_PERSON = "in_person", _("in person, with evidence")
    DOCUMENT = "document", _("signed document, confirmed by a second person")
    RECORDED_DECISION = "recorded_decision", _("decision recorded in place of a refused consent")


class Consent(AuditedModel):
    """The state today, one row per change and person; `ConsentDecision` is how it came about."""

    PERSONAL = ("evidence",)

    change = models.ForeignKey(MembershipChange, on_delete=models.PROTECT, related_name="consents", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="consents")
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    status = models.CharField(_("status"), max_length=9, choices=ConsentStatus.choices, default=ConsentStatus.ASKED)
    method = models.CharField(_("method"), max_length=17, choices=ConsentMethod.choices, blank=True)
    digest = models.CharField(_("digest consented to"), max_length=64, blank=True)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    channel_id = models.BigIntegerField(_("recorded by channel"), null=True, blank=True)
    user_id = models.BigIntegerField(_("recorded by"), null=True, blank=True)
    confirmed_by_id = models.BigIntegerField(_("confirmed by"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["change", "id"]
        constraints = [
            models.UniqueConstraint(fields=["change", "customer"], name="consent_once"),
            models.CheckConstraint(name="consent_status_known", condition=Q(status__in=ConsentStatus.values)),
            models.CheckConstraint(
                name="consent_decided_dated",
                condition=Q(status="asked", decided_at__isnull=True)
                | (~Q(status="asked") & Q(decided_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="consent_given_to_terms", condition=~Q(status="given") | (~Q(digest="") & ~Q(method=""))
            ),
            models.CheckConstraint(
                name="consent_second_person",
                condition=~Q(status="given", method__in=["document", "recorded_decision"])
                | Q(confirmed_by_id__isnull=False),
            ),
            models.CheckConstraint(
                name="consent_confirmer_is_another",
                condition=Q(confirmed_by_id__isnull=True) | Q(user_id__isnull=True) | ~Q(confirmed_by_id=F("user_id")),
            ),
            CompositeForeignKey(
                name="consent_change_program",
                fields=["change", "program"],
                to="memberships.MembershipChange",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="consent_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} · {self.get_status_display()}"


class ConsentDecision(models.Model):
    """Everything that was ever decided; `evidence` may only be emptied, by erasure. Times go by the program's clock."""

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="decisions")
    decision = models.CharField(_("decision"), max_length=9, choices=ConsentStatus.choices)
    method = models.CharField(_("method"), max_length=17, choices=ConsentMethod.choices, blank=True)
    digest = models.CharField(_("digest"), max_length=64, blank=True)
    evidence = models.CharField(_("evidence"), max_length=300, blank=True)
    channel_id = models.BigIntegerField(_("channel"), null=True, blank=True)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    confirmed_by_id = models.BigIntegerField(_("confirmed by"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"))

    class Meta:
        verbose_name = _("decision about a consent")
        verbose_name_plural = _("decisions about consents")
        ordering = ["id"]
        constraints = [AppendOnly(name="consent_decision_append_only", allow_emptying=["evidence"])]

    def __str__(self) -> str:
        return self.get_decision_display()


class InvitationKind(models.TextChoices):
    CODE = "code", _("code")
    LINK = "link", _("link")


class ConsentInvitation(models.Model):
    """A code or a link that was sent, of which only the digest is kept. A link decides once, a code takes six tries.

    Times are real.
    """

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="invitations")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    kind = models.CharField(_("kind"), max_length=4, choices=InvitationKind.choices)
    secret_digest = models.BinaryField(max_length=32, unique=True)
    sent_at = models.DateTimeField(_("sent at"))
    expires_at = models.DateTimeField(_("valid until"))
    tries = models.SmallIntegerField(_("wrong tries"), default=0)
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("no longer valid since"), null=True, blank=True)
    message = models.ForeignKey(
        Message, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )

    class Meta:
        verbose_name = _("invitation to consent")
        verbose_name_plural = _("invitations to consent")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.pk}"


class ConsentDocument(models.Model):
    """Paper in place of a member's own answer; it counts once a second member of staff confirmed it.

    `decides` is the method it stands for: a signed document, or a decision recorded in place of a refused consent.
    """

    consent = models.ForeignKey(Consent, on_delete=models.PROTECT, related_name="documents")
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    decides = models.CharField(_("stands for"), max_length=17, choices=ConsentMethod.choices)
    digest = models.CharField(_("digest of the terms"), max_length=64)
    evidence = models.CharField(_("what it is and where it is kept"), max_length=300, blank=True)
    file = models.FileField(_("file"), upload_to="consent-documents/", blank=True)
    file_digest = models.CharField(_("SHA-256 of the file"), max_length=64, blank=True)
    content_type = models.CharField(_("type of the file"), max_length=40, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))
    channel_id = models.BigIntegerField(_("recorded by channel"))
    user_id = models.BigIntegerField(_("recorded by"), null=True, blank=True)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, blank=True)
    confirmed_by_id = models.BigIntegerField(_("confirmed by"), null=True, blank=True)
    ended_at = models.DateTimeField(_("no longer waits since"), null=True, blank=True)

    class Meta:
        verbose_name = _("consent document")
        verbose_name_plural = _("consent documents")
        ordering = ["id"]
        constraints = [
            models.UniqueConstraint(
                fields=["consent"],
                name="consent_document_one_waiting",
                condition=Q(confirmed_at__isnull=True, ended_at__isnull=True),
            ),
            models.CheckConstraint(
                name="consent_document_second_person",
                condition=Q(confirmed_by_id__isnull=True) | Q(user_id__isnull=True) | ~Q(confirmed_by_id=F("user_id")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_decides_display()} {self.pk}"
