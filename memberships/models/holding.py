"""Who held which card in which membership, from when to when."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from cards.models import Card
from common.constraints import CompositeForeignKey
from common.history import AuditedModel
from customers.models import Customer
from memberships.models.membership import Membership
from programs.models import Program


class HoldingPeriod(Func):
    function = "TSTZRANGE"
    output_field = DateTimeRangeField()


class CardHolding(AuditedModel):
    """Half-open in time: from `held_from` until just before `held_until`. An anonymous card has no customer."""

    card = models.ForeignKey(Card, on_delete=models.PROTECT, related_name="holdings", db_constraint=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="holdings", db_constraint=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="holdings")
    held_from = models.DateTimeField(_("from"))
    held_until = models.DateTimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("card holding")
        verbose_name_plural = _("card holdings")
        ordering = ["card", "-held_from"]
        constraints = [
            models.UniqueConstraint(fields=["card"], name="holding_one_open", condition=Q(held_until__isnull=True)),
            models.CheckConstraint(
                name="holding_period", condition=Q(held_until__isnull=True) | Q(held_until__gte=F("held_from"))
            ),
            ExclusionConstraint(
                name="holding_no_overlap",
                expressions=[
                    ("card", RangeOperators.EQUAL),
                    (HoldingPeriod("held_from", "held_until", RangeBoundary()), RangeOperators.OVERLAPS),
                ],
            ),
            CompositeForeignKey(
                name="holding_card_program",
                fields=["card", "program"],
                to="cards.Card",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="holding_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.card_id} · {self.held_from:%Y-%m-%d}"
