"""Points credited together, what was taken from them, and debits no lot could cover (domain 1.6)."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import AppendOnly
from customers.models import Customer
from points.models.account import PointAccount
from points.models.ledger import Entry, Posting


class Lot(models.Model):
    """Drawn nearest expiry first, then oldest. `origin` is the lot that was earned, empty on that lot itself.

    The database lets no posting and no entry go, nothing deletes a lot, and an account stays where its entries are:
    what refers to them in thousands has no constraint, and the audit proves it.
    """

    account = models.ForeignKey(
        PointAccount, on_delete=models.PROTECT, related_name="lots", db_constraint=False, db_index=False
    )
    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="lots", db_constraint=False)
    earner = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Who earned the points; never changes."),
    )
    contributor = models.ForeignKey(
        Customer,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        db_index=False,
        help_text=_("Through whose membership they came into this set."),
    )
    amount = models.BigIntegerField(_("points"))
    remaining = models.BigIntegerField(_("left"))
    is_open = models.GeneratedField(
        expression=models.ExpressionWrapper(Q(remaining__gt=0), models.BooleanField()),
        output_field=models.BooleanField(),
        db_persist=True,
        help_text=_("Indexed instead of the points left, so that a partial draw touches no index."),
    )
    earned_at = models.DateTimeField(_("earned at"))
    available_at = models.DateTimeField(_("usable from"), null=True, blank=True)
    expires_at = models.DateTimeField(_("usable before"), null=True, blank=True)
    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        db_index=False,
        db_constraint=False,
    )
    origin = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="descendants",
        db_index=False,
        db_constraint=False,
    )

    class Meta:
        verbose_name = _("lot")
        verbose_name_plural = _("lots")
        ordering = ["account", "expires_at", "earned_at", "id"]
        indexes = [
            models.Index(
                fields=["account", "expires_at", "earned_at", "id"],
                name="lot_spending_order",
                condition=Q(is_open=True),
            ),
            models.Index(
                fields=["account", "available_at"],
                name="lot_pending",
                condition=Q(is_open=True, available_at__isnull=False),
            ),
            models.Index(fields=["parent"], name="lot_parent", condition=Q(parent__isnull=False)),
            models.Index(fields=["origin"], name="lot_origin", condition=Q(origin__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                name="lot_remaining_in_amount", condition=Q(remaining__gte=0, remaining__lte=F("amount"))
            ),
            models.CheckConstraint(name="lot_amount_positive", condition=Q(amount__gt=0)),
            models.CheckConstraint(
                name="lot_parent_with_origin",
                condition=Q(parent__isnull=True, origin__isnull=True) | Q(parent__isnull=False, origin__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining}/{self.amount}"


class Draw(models.Model):
    """Taken from a lot by a debit entry (positive) or given back to it by a credit entry (negative).

    `posting` is the one that drew: the entry's own, or, where an old debt was repaid, the later credit's.
    """

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="draws")
    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="draws")
    posting = models.ForeignKey(Posting, on_delete=models.PROTECT, related_name="draws", db_constraint=False)
    amount = models.BigIntegerField(_("amount"))

    class Meta:
        verbose_name = _("draw")
        verbose_name_plural = _("draws")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(name="draw_not_zero", condition=~Q(amount=0)),
            AppendOnly(name="draw_append_only"),
        ]

    def __str__(self) -> str:
        return f"{self.amount:+d}"


class Debt(models.Model):
    """The undrawn part of a debit entry; later credits of the account repay it, that person's first."""

    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="debt")
    account = models.ForeignKey(PointAccount, on_delete=models.PROTECT, related_name="debts", db_index=False)
    person = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    amount = models.BigIntegerField(_("points"))
    remaining = models.BigIntegerField(_("still open"))

    class Meta:
        verbose_name = _("debt")
        verbose_name_plural = _("debts")
        indexes = [
            models.Index(fields=["account", "id"], name="debt_open", condition=Q(remaining__gt=0)),
        ]
        constraints = [
            models.CheckConstraint(
                name="debt_remaining_in_amount",
                condition=Q(amount__gt=0, remaining__gte=0, remaining__lte=F("amount")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.remaining}/{self.amount}"


class LotContributorChange(models.Model):
    """Whose contribution a lot counts as, changed by a split that left it behind or gave it to somebody, or undone; or
    by the registration of the card it was earned with."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="contributor_changes")
    old_contributor = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    new_contributor = models.ForeignKey(Customer, on_delete=models.PROTECT, null=True, related_name="+", db_index=False)
    posting = models.ForeignKey(
        Posting,
        on_delete=models.PROTECT,
        null=True,
        related_name="contributor_changes",
        help_text=_("None where everything was left behind, so that nothing moved."),
    )
    cause_kind = models.CharField(_("cause"), max_length=12)
    cause_id = models.BigIntegerField(_("cause id"))

    class Meta:
        verbose_name = _("change of a lot's contributor")
        verbose_name_plural = _("changes of lots' contributors")
        ordering = ["id"]
        indexes = [models.Index(fields=["cause_kind", "cause_id"], name="contributor_change_cause")]
        constraints = [AppendOnly(name="lot_contributor_change_append_only")]

    def __str__(self) -> str:
        return f"{self.old_contributor_id} → {self.new_contributor_id}"


class LotDateChange(models.Model):
    """A lot's expiry moved by `extend` or the run `redate_lots`."""

    lot = models.ForeignKey(Lot, on_delete=models.PROTECT, related_name="date_changes")
    old_expires_at = models.DateTimeField(_("before"), null=True, blank=True)
    new_expires_at = models.DateTimeField(_("after"), null=True, blank=True)
    verb = models.CharField(_("by"), max_length=10, choices=[("extend", _("extension")), ("redate", _("re-dating"))])
    reason_code = models.CharField(_("reason"), max_length=40)
    channel_id = models.BigIntegerField(_("channel"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)
    recorded_at = models.DateTimeField(_("recorded at"))

    class Meta:
        verbose_name = _("change of a lot's date")
        verbose_name_plural = _("changes of lots' dates")
        ordering = ["id"]
        constraints = [AppendOnly(name="lot_date_change_append_only")]

    def __str__(self) -> str:
        return f"{self.old_expires_at} → {self.new_expires_at}"
