"""Kinds of cards a program gives out, and batches of temporary ones (domain 1.10)."""

import secrets
from typing import Any, ClassVar

from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from common.constraints import CompositeForeignKey
from common.history import AuditedModel, AuditedQuerySet
from programs.models import DesignModel, Program


class CardKind(models.TextChoices):
    MAIN = "main", _("main")
    ADDITIONAL = "additional", _("additional (earns only)")
    TEMPORARY = "temporary", _("temporary")


class CardForm(models.TextChoices):
    PLASTIC = "plastic", _("plastic")
    VIRTUAL = "virtual", _("virtual")


class CardType(DesignModel):
    """What a card of the program is like. Cards of a kind are of its default type unless another one is named."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="card_types")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=10, choices=CardKind.choices, default=CardKind.MAIN)
    form = models.CharField(_("form"), max_length=7, choices=CardForm.choices, default=CardForm.PLASTIC)
    is_default = models.BooleanField(_("default of its kind"), default=False)
    valid_months = models.PositiveSmallIntegerField(
        _("valid for months"),
        null=True,
        blank=True,
        validators=[MinValueValidator(1)],
        help_text=_("From the day it is made; empty: without end."),
    )
    renewable = models.BooleanField(
        _("renewed"), default=True, help_text=_("A card that ends gets a successor by the renewal run.")
    )
    renewal_days = models.PositiveSmallIntegerField(
        _("renewed so many days before its end"), default=30, help_text=_("So that the new card arrives in time.")
    )

    class Meta:
        verbose_name = _("card type")
        verbose_name_plural = _("card types")
        ordering = ["program", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="card_type_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="card_type_id_program"),
            models.UniqueConstraint(
                fields=["program", "kind"], name="card_type_one_default", condition=Q(is_default=True)
            ),
            models.CheckConstraint(name="card_type_kind_known", condition=Q(kind__in=CardKind.values)),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """One default for each kind, told in words a form can show."""
        others = CardType.objects.filter(program=self.program_id, kind=self.kind, is_default=True).exclude(pk=self.pk)
        if self.is_default and (other := others.first()) is not None:
            raise ValidationError({"is_default": _("“%(other)s” is the default of this kind.") % {"other": other}})


class BatchStatus(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("being made")
    READY = "ready", _("ready")
    REVOKED = "revoked", _("revoked")


class BatchQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> "BatchQuerySet":
        """Those of the actor's programs."""
        return self if actor.programs is None else self.filter(program_id__in=actor.programs)


def new_code_key() -> bytes:
    return secrets.token_bytes(32)


class CardBatch(AuditedModel):
    """So many temporary cards of a released program; its CSV is drawn from the cards, once.

    Exactly one of `valid_until` and `valid_months` (from the day of the batch) is given. `code_key` makes the codes
    under the scratch fields, one per number (see cards.codes).
    """

    HISTORY_EXCLUDED = ("made", "code_key")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="card_batches", db_index=False)
    name = models.CharField(_("name"), max_length=80)
    card_type = models.ForeignKey(
        CardType, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    count = models.PositiveIntegerField(_("cards"), validators=[MinValueValidator(1)])
    made = models.PositiveIntegerField(_("made so far"), default=0, editable=False)
    valid_until = models.DateField(_("valid until"), null=True, blank=True)
    valid_months = models.PositiveSmallIntegerField(_("valid for months"), null=True, blank=True)
    code_key = models.BinaryField(default=new_code_key, editable=False)
    status = models.CharField(_("status"), max_length=7, choices=BatchStatus.choices, default=BatchStatus.QUEUED)
    created_at = models.DateTimeField(_("asked for at"))
    finished_at = models.DateTimeField(_("ready at"), null=True, blank=True)
    downloaded_at = models.DateTimeField(_("downloaded at"), null=True, blank=True)
    downloaded_by_id = models.BigIntegerField(_("downloaded by"), null=True, blank=True)
    revoked_at = models.DateTimeField(_("revoked at"), null=True, blank=True)
    # A revoked card is refused at once; cancelling a million of them takes its time.
    cancelled_at = models.DateTimeField(_("unused cards cancelled at"), null=True, blank=True)
    channel_id = models.BigIntegerField(_("channel"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)

    objects: ClassVar[Any] = BatchQuerySet.as_manager()

    class Meta:
        verbose_name = _("batch of cards")
        verbose_name_plural = _("batches of cards")
        ordering = ["-id"]
        indexes = [
            models.Index(
                fields=["id"],
                name="batch_to_make",
                condition=Q(status__in=["queued", "running"]) | Q(status="revoked", cancelled_at__isnull=True),
            ),
        ]
        constraints = [
            models.UniqueConstraint(fields=["program", "name"], name="batch_name_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="batch_id_program"),
            models.CheckConstraint(name="batch_status_known", condition=Q(status__in=BatchStatus.values)),
            models.CheckConstraint(
                name="batch_one_end",
                condition=Q(valid_until__isnull=True, valid_months__isnull=False)
                | Q(valid_until__isnull=False, valid_months__isnull=True),
            ),
            models.CheckConstraint(name="batch_not_empty", condition=Q(count__gte=1)),
            models.CheckConstraint(name="batch_made_within", condition=Q(made__lte=models.F("count"))),
            models.CheckConstraint(
                name="batch_revoked_dated",
                condition=Q(status="revoked", revoked_at__isnull=False)
                | (~Q(status="revoked") & Q(revoked_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="batch_cancelled_if_revoked", condition=Q(cancelled_at__isnull=True) | Q(status="revoked")
            ),
            CompositeForeignKey(
                name="batch_card_type_program",
                fields=["card_type", "program"],
                to="cards.CardType",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return self.name
