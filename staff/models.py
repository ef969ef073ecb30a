"""Who works here, with which rights, and what they looked at."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.constraints import AppendOnly
from common.history import AuditedModel
from programs.models import Program


class User(AbstractUser):
    """A member of staff; what they may do stands in StaffRight."""


class Role(models.TextChoices):
    AUDITOR = "auditor", _("auditor")
    SUPPORT_AGENT = "support_agent", _("support agent")
    SUPERVISOR = "supervisor", _("supervisor")
    PROGRAM_MANAGER = "program_manager", _("program manager")
    CARD_MANAGER = "card_manager", _("card manager")
    ADMIN = "admin", _("admin")


class StaffRight(AuditedModel):
    """A role held by a user in one program, or in all where `program` is empty."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="rights", verbose_name=_("user"))
    role = models.CharField(_("role"), max_length=20, choices=Role.choices)
    program = models.ForeignKey(
        Program,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="staff_rights",
        verbose_name=_("program"),
        help_text=_("Empty: every program."),
    )

    class Meta:
        verbose_name = _("right")
        verbose_name_plural = _("rights")
        constraints = [
            models.UniqueConstraint(fields=["user", "role", "program"], name="staff_right_once", nulls_distinct=False),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.get_role_display()} · {self.program or _('every program')}"


class AccessLog(models.Model):
    """What a member of staff unmasked, exported or downloaded."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(_("action"), max_length=20)
    subject_kind = models.CharField(_("kind"), max_length=40)
    subject_id = models.BigIntegerField(_("id"), null=True, blank=True)
    facts = models.JSONField(_("facts"), default=dict, blank=True)
    at = models.DateTimeField(_("at"), db_index=True)

    class Meta:
        verbose_name = _("access log entry")
        verbose_name_plural = _("access log")
        ordering = ["-id"]
        constraints = [AppendOnly(name="access_log_append_only")]

    def __str__(self) -> str:
        return f"{self.user} {self.action} {self.subject_kind} {self.subject_id or ''}"
