"""What members did, or a system for them (domain 1.11)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from activities.models.batch import ActivityBatch
from activities.models.transaction import Transaction
from cards.models import Card
from common.constraints import CompositeForeignKey
from common.partial import ReadLightly
from customers.models import Customer
from gateway.models import Channel
from memberships.models import Membership
from points.models import Posting
from programs.models import DesignModel, Partner, Program


class PointFlow(models.TextChoices):
    """What an activity of a type does to points directly, before any rule."""

    EARN = "earn", _("earns")
    REDEEM = "redeem", _("redeems")
    NONE = "none", _("by rules only")


class ActivityType(DesignModel):
    """`earn` and `redeem` exist in every program; a program manager adds others."""

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="activity_types")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)
    flow = models.CharField(_("points"), max_length=6, choices=PointFlow.choices, default=PointFlow.NONE)
    counts_as_activity = models.BooleanField(
        _("counts against inactivity"),
        default=True,
        help_text=_("An activity of this type starts the months without activity anew."),
    )

    class Meta:
        verbose_name = _("activity type")
        verbose_name_plural = _("activity types")
        ordering = ["program", "code"]
        constraints = [
            models.UniqueConstraint(fields=["program", "code"], name="activity_type_code_in_program"),
            models.UniqueConstraint(fields=["id", "program"], name="activity_type_id_program"),
        ]

    def __str__(self) -> str:
        return self.name


class ActivityStatus(models.TextChoices):
    RECEIVED = "received", _("received")
    PROCESSED = "processed", _("processed")
    REFUSED = "refused", _("refused")
    FAILED = "failed", _("failed, waiting")
    REVERSED = "reversed", _("reversed")


class MemberActivity(ReadLightly):
    """`reference`, `location` and `note` are free text of the channel and can be erased; nothing else is personal."""

    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    type = models.ForeignKey(
        ActivityType, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, related_name="activities", db_constraint=False, db_index=False
    )
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="activities", db_index=False
    )
    card = models.ForeignKey(Card, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    status = models.CharField(_("status"), max_length=9, choices=ActivityStatus.choices)
    points = models.BigIntegerField(_("points"), null=True, blank=True)
    reference = models.CharField(_("reference"), max_length=80, blank=True)
    location = models.CharField(_("location"), max_length=80, blank=True)
    note = models.CharField(_("note"), max_length=500, blank=True)
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    posting = models.ForeignKey(
        Posting,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        db_constraint=False,
        db_index=False,
    )
    # What rules read besides; empty on what only earns or redeems by figures, so that such rows stay narrow.
    transaction = models.ForeignKey(
        Transaction, on_delete=models.PROTECT, null=True, blank=True, related_name="activities", db_index=False
    )
    partner = models.ForeignKey(
        Partner, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False, db_index=False
    )
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, null=True, blank=True)  # noqa: DJ001
    attributes = models.JSONField(_("attributes"), null=True, blank=True)
    batch = models.ForeignKey(
        ActivityBatch,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="activities",
        db_constraint=False,
        db_index=False,
    )
    line = models.BigIntegerField(_("line of the batch"), null=True, blank=True)
    processed_at = models.DateTimeField(
        _("processed at"), null=True, blank=True, help_text=_("Where that was not when it was recorded.")
    )
    redirected_from = models.BigIntegerField(_("asked for membership"), null=True, blank=True)
    problem = models.JSONField(_("problem"), null=True, blank=True)

    class Meta:
        verbose_name = _("member activity")
        verbose_name_plural = _("member activities")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["membership", "id"], name="activity_membership"),
            models.Index(fields=["posting"], name="activity_posting", condition=Q(posting__isnull=False)),
            models.Index(fields=["reference"], name="activity_reference", condition=~Q(reference="")),
            # The oldest first, over all programs. Not of those received too: where statistics are of an hour without a
            # queue, the server would look through this index for each membership, instead of through the one below.
            models.Index(fields=["id"], name="activity_failed", condition=Q(status="failed")),
            # Each membership's own queue, by the time of the events.
            models.Index(
                fields=["program", "membership", "occurred_at", "id"],
                name="activity_queue",
                condition=Q(status="received"),
            ),
            models.Index(fields=["transaction"], name="activity_transaction", condition=Q(transaction__isnull=False)),
        ]
        constraints = [
            CompositeForeignKey(
                name="activity_type_program",
                fields=["type", "program"],
                to="activities.ActivityType",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="activity_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
            models.UniqueConstraint(
                fields=["batch", "line"], name="activity_batch_line_once", condition=Q(batch__isnull=False)
            ),
            CompositeForeignKey(
                name="activity_batch_program",
                fields=["batch", "program"],
                to="activities.ActivityBatch",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="activity_partner_program",
                fields=["partner", "program"],
                to="programs.Partner",
                to_fields=["id", "program"],
            ),
            models.CheckConstraint(
                name="activity_amount_has_currency", condition=Q(amount__isnull=True) | Q(currency__isnull=False)
            ),
            models.CheckConstraint(name="activity_status_known", condition=Q(status__in=ActivityStatus.values)),
        ]

    def __str__(self) -> str:
        return gettext("activity %(id)s") % {"id": self.pk}
