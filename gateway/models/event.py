"""The feed: every change leaves an event, numbered after commit so that a reader misses none."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from programs.models import Program


class Event(models.Model):
    """Written in the transaction of what it speaks of; holds ids and figures, no personal values."""

    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    kind = models.CharField(_("kind"), max_length=40)
    subject_id = models.BigIntegerField(_("subject"))
    facts = models.JSONField(_("facts"), default=dict)
    recorded_at = models.DateTimeField(_("recorded at"), help_text=_("Real time of writing, never a test clock."))

    class Meta:
        verbose_name = _("event")
        verbose_name_plural = _("events")
        ordering = ["id"]
        indexes = [models.Index(fields=["recorded_at"], name="event_recorded_at")]

    def __str__(self) -> str:
        return f"{self.kind} {self.subject_id}"


class EventNumber(models.Model):
    """The cursor of the feed: 1, 2, 3 ... in the order in which events became visible."""

    number = models.BigIntegerField(_("number"), primary_key=True)
    event = models.OneToOneField(Event, on_delete=models.PROTECT, related_name="numbered")

    class Meta:
        verbose_name = _("event number")
        verbose_name_plural = _("event numbers")

    def __str__(self) -> str:
        return str(self.number)


class EventHorizon(models.Model):
    """One row: no event recorded before `at` is still waiting for a number."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("event horizon")
        verbose_name_plural = _("event horizon")
        constraints = [models.CheckConstraint(name="event_horizon_one_row", condition=models.Q(id=1))]

    def __str__(self) -> str:
        return self.at.isoformat()
