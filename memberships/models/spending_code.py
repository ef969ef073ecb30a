"""Codes by which a member lets a till or the desk spend points of theirs (domain 1.11)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from customers.models import Customer, Message
from memberships.models.membership import Membership
from programs.models import PointType, Program


class SpendingCode(models.Model):
    """Sent to the customer for one channel and at most so many points; only the digest is kept, and it pays once.

    Times are real. A newer code of the same person for the same channel ends the one before.
    """

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="spending_codes", db_constraint=False
    )
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="+")
    point_type = models.ForeignKey(
        PointType, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    channel_id = models.BigIntegerField(_("channel"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    most_points = models.BigIntegerField(_("most points"))
    secret_digest = models.BinaryField(max_length=32, unique=True)
    sent_at = models.DateTimeField(_("sent at"))
    expires_at = models.DateTimeField(_("valid until"))
    tries = models.SmallIntegerField(_("wrong tries"), default=0)
    used_at = models.DateTimeField(_("used at"), null=True, blank=True)
    transaction_id = models.BigIntegerField(_("transaction it paid for"), null=True, blank=True)
    activity_id = models.BigIntegerField(_("redemption it allowed"), null=True, blank=True)
    ended_at = models.DateTimeField(_("no longer valid since"), null=True, blank=True)
    message = models.ForeignKey(Message, on_delete=models.PROTECT, related_name="+", db_index=False)

    class Meta:
        verbose_name = _("code to spend points")
        verbose_name_plural = _("codes to spend points")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "customer", "channel_id"],
                name="spending_code_one_open",
                condition=Q(used_at__isnull=True, ended_at__isnull=True),
            ),
            models.UniqueConstraint(
                fields=["transaction_id"],
                name="spending_code_one_per_sale",
                condition=Q(transaction_id__isnull=False),
            ),
            models.UniqueConstraint(
                fields=["activity_id"],
                name="spending_code_one_per_redemption",
                condition=Q(activity_id__isnull=False),
            ),
            models.CheckConstraint(name="spending_code_some_points", condition=Q(most_points__gt=0)),
            models.CheckConstraint(
                name="spending_code_used_for_one_thing",
                condition=Q(used_at__isnull=True, transaction_id__isnull=True, activity_id__isnull=True)
                | Q(used_at__isnull=False, transaction_id__isnull=False, activity_id__isnull=True)
                | Q(used_at__isnull=False, transaction_id__isnull=True, activity_id__isnull=False),
            ),
            CompositeForeignKey(
                name="spending_code_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="spending_code_type_program",
                fields=["point_type", "program"],
                to="programs.PointType",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.membership_id} · {self.pk}"
