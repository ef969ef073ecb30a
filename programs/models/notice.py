"""The texts of a program's notices; customers.outbox sends them."""

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from programs.models.base import DesignModel
from programs.models.program import Program
from programs.notice_texts import mistakes


class NoticeTemplate(DesignModel):
    """One text in one language. Codes the system raises by itself: tier_changed, points_expire, membership_expires,
    statement; any other is raised by a rule. Without a text of the customer's language English is taken."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="notice_templates")
    code = models.SlugField(_("notice"), max_length=40)
    language = models.CharField(_("language"), max_length=10, default="en")
    subject = models.CharField(_("subject"), max_length=160)
    body = models.TextField(_("text"), help_text=_("Names in double braces are filled in: {{ points }}."))
    days_before = models.PositiveSmallIntegerField(
        _("days before"), null=True, blank=True, help_text=_("Of what expires; empty: 30.")
    )
    is_active = models.BooleanField(_("sent"), default=True)

    class Meta:
        verbose_name = _("notice text")
        verbose_name_plural = _("notice texts")
        ordering = ["program", "code", "language"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code", "language"], name="notice_text_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.language})"

    def clean(self) -> None:
        """A name nobody knows would be an empty place in a letter to thousands."""
        found = mistakes(self.code, self.subject, self.body)
        if found:
            raise ValidationError({one["pointer"].strip("/"): one["detail"] for one in found})
