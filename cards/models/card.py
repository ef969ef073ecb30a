"""Cards, each named by a number for ever (domain 1.10)."""

from typing import Any, ClassVar

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from cards.models.design import CardBatch, CardKind, CardType
from cards.models.number import NumberRegistry
from common.actor import Actor
from common.constraints import CompositeForeignKey
from common.history import AuditedModel, AuditedQuerySet
from programs.models import Program


class CardStatus(models.TextChoices):
    CREATED = "created", _("created")
    ACTIVE = "active", _("active")
    BLOCKED = "blocked", _("blocked")
    LOST = "lost", _("lost")
    STOLEN = "stolen", _("stolen")
    DAMAGED = "damaged", _("damaged")
    CANCELLED = "cancelled", _("cancelled")
    EXPIRED = "expired", _("expired")
    REPLACED = "replaced", _("replaced")


IN_USE = (CardStatus.ACTIVE, CardStatus.BLOCKED)


class CardQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> "CardQuerySet":
        """Those of the actor's programs."""
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)


class Card(AuditedModel):
    """A number, plastic or virtual; who holds it is a CardHolding."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    number = models.OneToOneField(
        NumberRegistry, on_delete=models.PROTECT, db_column="number", related_name="card", verbose_name=_("number")
    )
    kind = models.CharField(_("type"), max_length=10, choices=CardKind.choices, default=CardKind.MAIN)
    card_type = models.ForeignKey(
        CardType, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    batch = models.ForeignKey(
        CardBatch,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="cards",
        db_constraint=False,
        db_index=False,
    )
    status = models.CharField(_("status"), max_length=9, choices=CardStatus.choices, default=CardStatus.CREATED)
    created_at = models.DateTimeField(_("created at"))
    activated_at = models.DateTimeField(_("activated at"), null=True, blank=True)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    barred_from = models.DateTimeField(
        _("not usable since"), null=True, blank=True, help_text=_("Events before this moment still count.")
    )
    successor = models.OneToOneField(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="predecessor"
    )

    objects: ClassVar[Any] = CardQuerySet.as_manager()

    class Meta:
        verbose_name = _("card")
        verbose_name_plural = _("cards")
        ordering = ["-id"]
        indexes = [
            # The list of a program, and what most cards are not, newest first.
            models.Index(fields=["program", "id"], name="card_in_program"),
            models.Index(fields=["status", "id"], name="card_not_active", condition=~Q(status="active")),
            models.Index(fields=["kind", "id"], name="card_not_main", condition=~Q(kind="main")),
            models.Index(fields=["batch", "id"], name="card_in_batch", condition=Q(batch__isnull=False)),
            # What the runs of renewal and expiry look for.
            models.Index(
                fields=["program", "valid_until"],
                name="card_ends",
                condition=Q(valid_until__isnull=False, status__in=["created", "active", "blocked"]),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["id", "program"], name="card_id_program"),
            models.CheckConstraint(name="card_status_known", condition=Q(status__in=CardStatus.values)),
            models.CheckConstraint(name="card_kind_known", condition=Q(kind__in=CardKind.values)),
            models.CheckConstraint(
                name="card_active_dated", condition=~Q(status=CardStatus.ACTIVE) | Q(activated_at__isnull=False)
            ),
            # A renewed card stays usable until its end; a replaced one is gone at once.
            models.CheckConstraint(
                name="card_successor_of_used",
                condition=Q(successor__isnull=True)
                | (~Q(status=CardStatus.CREATED) & (Q(valid_until__isnull=False) | ~Q(status__in=IN_USE))),
            ),
            models.CheckConstraint(
                name="card_replaced_has_successor", condition=~Q(status="replaced") | Q(successor__isnull=False)
            ),
            CompositeForeignKey(
                name="card_type_program",
                fields=["card_type", "program"],
                to="cards.CardType",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="card_batch_program",
                fields=["batch", "program"],
                to="cards.CardBatch",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return str(self.number_id)
