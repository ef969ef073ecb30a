"""The systems that call the API: OAuth2 clients with programs and scopes."""

from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _
from oauth2_provider.models import AbstractApplication

from common.history import AuditedModel
from programs.models import Program


class Channel(AuditedModel, AbstractApplication):
    """A client of the API. `desk` (staff) and `system` (runs) are built in and get no tokens."""

    HISTORY_EXCLUDED = ("client_secret", "updated")

    code = models.SlugField(_("code"), max_length=40, unique=True)
    scope_list = ArrayField(models.CharField(max_length=40), verbose_name=_("scopes"), default=list, blank=True)
    all_programs = models.BooleanField(_("every program"), default=False)
    requests_per_minute = models.PositiveIntegerField(_("requests per minute"), default=6000)
    built_in = models.BooleanField(_("built in"), default=False, editable=False)

    class Meta(AbstractApplication.Meta):
        swappable = "OAUTH2_PROVIDER_APPLICATION_MODEL"
        verbose_name = _("channel")
        verbose_name_plural = _("channels")

    def __str__(self) -> str:
        return self.name or self.code

    def is_usable(self, request: Any) -> bool:
        """Asked by the toolkit before it issues a token."""
        return not self.built_in


class ChannelProgram(AuditedModel):
    channel = models.ForeignKey(Channel, on_delete=models.CASCADE, related_name="channel_programs")
    program = models.ForeignKey(Program, on_delete=models.CASCADE, related_name="channel_programs")

    class Meta:
        verbose_name = _("program of a channel")
        verbose_name_plural = _("programs of a channel")
        constraints = [
            models.UniqueConstraint(fields=["channel", "program"], name="channel_program_once"),
        ]

    def __str__(self) -> str:
        return f"{self.channel} · {self.program}"
