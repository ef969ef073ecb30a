"""Named lots set aside for an open sale (domain 1.6)."""

from datetime import datetime

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from common.constraints import CompositeForeignKey
from customers.models import Customer
from gateway.models import Channel
from points.models.account import PointAccount, PointAccountSet
from points.models.ledger import Posting
from points.models.lot import Lot
from programs.models import Program


class HoldStatus(models.TextChoices):
    OPEN = "open", _("open")
    CAPTURED = "captured", _("captured")
    RELEASED = "released", _("released")
    LAPSED = "lapsed", _("lapsed")


class HoldQuerySet(models.QuerySet["Hold"]):
    def visible_to(self, actor: Actor) -> "HoldQuerySet":
        """The holds of the actor's programs."""
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)

    def in_force(self, at: object) -> "HoldQuerySet":
        """Open and within its time: a hold past its limit is free at once, the run only tidies."""
        return self.filter(status=HoldStatus.OPEN, expires_at__gt=at)


class Hold(models.Model):
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    for_set = models.ForeignKey(PointAccountSet, on_delete=models.PROTECT, related_name="holds")
    account = models.ForeignKey(
        PointAccount, on_delete=models.PROTECT, related_name="holds", db_constraint=False, db_index=False
    )
    person = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    points = models.BigIntegerField(_("points"))
    captured = models.BigIntegerField(_("captured"), default=0)
    status = models.CharField(_("status"), max_length=8, choices=HoldStatus.choices, default=HoldStatus.OPEN)
    occurred_at = models.DateTimeField(_("placed at"))
    expires_at = models.DateTimeField(_("free again at"))
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    posting = models.ForeignKey(
        Posting, on_delete=models.PROTECT, null=True, blank=True, related_name="holds", db_index=False
    )

    objects = HoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("hold")
        verbose_name_plural = _("holds")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["account"], name="hold_open_account", condition=Q(status="open")),
            models.Index(fields=["expires_at"], name="hold_open_until", condition=Q(status="open")),
        ]
        constraints = [
            models.CheckConstraint(
                name="hold_captured_in_points",
                condition=Q(points__gt=0, captured__gte=0, captured__lte=F("points")),
            ),
            models.CheckConstraint(
                name="hold_end_dated",
                condition=Q(status="open", ended_at__isnull=True) | (~Q(status="open") & Q(ended_at__isnull=False)),
            ),
            CompositeForeignKey(
                name="hold_account_program",
                fields=["account", "program"],
                to="points.PointAccount",
                to_fields=["id", "program"],
            ),
        ]

    def status_at(self, at: datetime) -> HoldStatus:
        """The status as it counts: an open hold past its limit is over."""
        over = self.status == HoldStatus.OPEN and self.expires_at <= at
        return HoldStatus.LAPSED if over else HoldStatus(self.status)

    def __str__(self) -> str:
        return f"{self.points} {self.get_status_display()}"


class HoldLot(models.Model):
    """How many points of which lot a hold sets aside."""

    hold = models.ForeignKey(Hold, on_delete=models.PROTECT, related_name="lots")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="holds")
    points = models.BigIntegerField(_("points"))

    class Meta:
        verbose_name = _("held lot")
        verbose_name_plural = _("held lots")
        constraints = [
            models.UniqueConstraint(fields=["hold", "lot"], name="hold_lot_once"),
            models.CheckConstraint(name="hold_lot_positive", condition=Q(points__gt=0)),
        ]

    def __str__(self) -> str:
        return str(self.points)
