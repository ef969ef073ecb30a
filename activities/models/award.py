"""Points given to many from a list, and points members say they miss (domain 1.6, 1.11)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from activities.models.activity import MemberActivity
from common.constraints import CompositeForeignKey
from customers.models import Customer
from gateway.models import Channel
from memberships.models import Membership
from points.models import Posting
from programs.models import PointType, Program


class AwardStatus(models.TextChoices):
    DRAFT = "draft", _("draft")
    WAITING = "waiting", _("waiting for approval")
    APPROVED = "approved", _("being posted")
    POSTED = "posted", _("posted")
    REFUSED = "refused", _("refused")
    DISCARDED = "discarded", _("discarded")


class BulkAward(models.Model):
    """A list of memberships and points. Above the program's adjustment limit, in all, a second person approves."""

    PERSONAL = ("note", "decision_note")

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="bulk_awards")
    name = models.CharField(_("name"), max_length=80)
    point_type = models.ForeignKey(
        PointType, on_delete=models.PROTECT, related_name="+", db_constraint=False, db_index=False
    )
    reason_code = models.CharField(_("reason"), max_length=40)
    note = models.CharField(_("note"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=9, choices=AwardStatus.choices, default=AwardStatus.DRAFT)
    needs_approval = models.BooleanField(_("needs approval"), default=False)
    requested_by_id = models.BigIntegerField(_("requested by"))
    requested_at = models.DateTimeField(_("requested at"))
    decided_by_id = models.BigIntegerField(_("decided by"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)
    decision_note = models.CharField(_("note on the decision"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("bulk award")
        verbose_name_plural = _("bulk awards")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "name"], name="bulk_award_name_once", condition=~Q(status="discarded")
            ),
            models.UniqueConstraint(fields=["id", "program"], name="bulk_award_id_program"),
            models.CheckConstraint(
                name="bulk_award_second_person",
                condition=Q(needs_approval=False)
                | Q(decided_by_id__isnull=True)
                | ~Q(decided_by_id=F("requested_by_id")),
            ),
            models.CheckConstraint(
                name="bulk_award_approved",
                condition=Q(needs_approval=False) | Q(status__in=["draft", "waiting"]) | Q(decided_by_id__isnull=False),
            ),
            CompositeForeignKey(
                name="bulk_award_type_program",
                fields=["point_type", "program"],
                to="programs.PointType",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return self.name


class AwardRow(models.Model):
    """One line of the list: posted once, or refused with the reason. No membership: nobody has that number."""

    PERSONAL = ("number",)

    award = models.ForeignKey(BulkAward, on_delete=models.PROTECT, related_name="rows", db_index=False)
    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="+", db_index=False)
    line = models.PositiveIntegerField(_("line"))
    number = models.CharField(_("number in the list"), max_length=60, blank=True)
    membership = models.ForeignKey(
        Membership, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_constraint=False
    )
    person = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    points = models.BigIntegerField(_("points"), null=True, blank=True)
    posting = models.OneToOneField(Posting, on_delete=models.PROTECT, null=True, blank=True, related_name="award_row")
    problem = models.CharField(_("problem"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("line of a bulk award")
        verbose_name_plural = _("lines of bulk awards")
        ordering = ["award", "line"]
        constraints = [
            models.UniqueConstraint(fields=["award", "line"], name="award_row_line_once"),
            models.CheckConstraint(name="award_row_points", condition=Q(points__isnull=True) | Q(points__gt=0)),
            models.CheckConstraint(name="award_row_one_outcome", condition=Q(posting__isnull=True) | Q(problem="")),
            models.CheckConstraint(
                name="award_row_usable", condition=Q(membership__isnull=False, points__isnull=False) | ~Q(problem="")
            ),
            CompositeForeignKey(
                name="award_row_award_program",
                fields=["award", "program"],
                to="activities.BulkAward",
                to_fields=["id", "program"],
            ),
            CompositeForeignKey(
                name="award_row_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.points}"


class ClaimStatus(models.TextChoices):
    OPEN = "open", _("open")
    GRANTED = "granted", _("granted")
    REFUSED = "refused", _("refused")


class Claim(models.Model):
    """A member misses the points of a purchase. A receipt is attributed once in a program."""

    PERSONAL = ("note",)

    program = models.ForeignKey(Program, on_delete=models.PROTECT, related_name="claims")
    membership = models.ForeignKey(Membership, on_delete=models.PROTECT, related_name="claims", db_constraint=False)
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    receipt = models.CharField(_("receipt"), max_length=80)
    occurred_at = models.DateTimeField(_("bought at"))
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    currency = models.CharField(_("currency"), max_length=3)
    note = models.CharField(_("note"), max_length=500, blank=True)
    status = models.CharField(_("status"), max_length=7, choices=ClaimStatus.choices, default=ClaimStatus.OPEN)
    why = models.CharField(_("why"), max_length=200, blank=True)
    activity = models.OneToOneField(
        MemberActivity, on_delete=models.PROTECT, null=True, blank=True, related_name="claim"
    )
    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    user_id = models.BigIntegerField(_("received by"), null=True, blank=True)
    received_at = models.DateTimeField(_("received at"))
    decided_by_id = models.BigIntegerField(_("decided by"), null=True, blank=True)
    decided_at = models.DateTimeField(_("decided at"), null=True, blank=True)

    class Meta:
        verbose_name = _("claim for missing points")
        verbose_name_plural = _("claims for missing points")
        ordering = ["-id"]
        indexes = [models.Index(fields=["program", "id"], name="claim_open", condition=Q(status="open"))]
        constraints = [
            models.UniqueConstraint(
                fields=["program", "receipt"], name="claim_receipt_once", condition=~Q(status="refused")
            ),
            models.CheckConstraint(name="claim_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="claim_granted_with_activity",
                condition=Q(status="granted", activity__isnull=False)
                | (~Q(status="granted") & Q(activity__isnull=True)),
            ),
            models.CheckConstraint(
                name="claim_decided",
                condition=Q(status="open", decided_at__isnull=True) | (~Q(status="open") & Q(decided_at__isnull=False)),
            ),
            CompositeForeignKey(
                name="claim_membership_program",
                fields=["membership", "program"],
                to="memberships.Membership",
                to_fields=["id", "program"],
            ),
        ]

    def __str__(self) -> str:
        return self.receipt
