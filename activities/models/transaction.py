"""Sales, returns and interactions of customers, members or not (domain 1.1, 1.11)."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from customers.models import Customer
from gateway.models import Channel
from programs.models import Program


class TransactionType(models.TextChoices):
    PURCHASE = "purchase", _("purchase")
    RETURN = "return", _("return")
    INTERACTION = "interaction", _("interaction")


class Transaction(models.Model):
    """`program` is that of the membership it earned on, empty where the customer takes part in none. What it did to
    memberships stands in its activities: one sale may earn on one and redeem on another."""

    channel = models.ForeignKey(Channel, on_delete=models.PROTECT, related_name="+", db_index=False)
    reference = models.CharField(_("reference"), max_length=80)
    type = models.CharField(_("type"), max_length=11, choices=TransactionType.choices)
    program = models.ForeignKey(
        Program, on_delete=models.PROTECT, null=True, blank=True, related_name="+", db_index=False
    )
    business_unit = models.CharField(_("business unit"), max_length=80, blank=True)
    customer = models.ForeignKey(
        Customer, on_delete=models.PROTECT, null=True, blank=True, related_name="transactions", db_index=False
    )
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2, null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, blank=True)
    location = models.CharField(_("location"), max_length=80, blank=True)
    original = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        # Most are no return: the index below leaves them out.
        db_index=False,
        related_name="returns",
        verbose_name=_("return of"),
    )
    occurred_at = models.DateTimeField(_("occurred at"))
    recorded_at = models.DateTimeField(_("recorded at"))
    user_id = models.BigIntegerField(_("staff user"), null=True, blank=True)

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        ordering = ["-id"]
        indexes = [
            models.Index(fields=["customer", "-occurred_at"], name="transaction_customer"),
            models.Index(fields=["reference"], name="transaction_by_reference"),
            models.Index(fields=["original"], name="transaction_original", condition=Q(original__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["channel", "reference"], name="transaction_reference_once"),
            models.CheckConstraint(name="transaction_reference_given", condition=~Q(reference="")),
            models.CheckConstraint(
                name="transaction_return_of_a_sale",
                condition=Q(type="return", original__isnull=False) | (~Q(type="return") & Q(original__isnull=True)),
            ),
            models.CheckConstraint(
                name="transaction_amount_positive", condition=Q(amount__isnull=True) | Q(amount__gte=0)
            ),
            models.CheckConstraint(
                name="transaction_amount_has_currency", condition=Q(amount__isnull=True) | ~Q(currency="")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_type_display()} {self.reference}"


class TransactionItem(models.Model):
    """A line of a sale; on a return, the line of the sale it takes back, wholly or in part."""

    # Found by the constraint on its lines.
    transaction = models.ForeignKey(Transaction, on_delete=models.PROTECT, db_index=False, related_name="items")
    line = models.PositiveSmallIntegerField(_("line"))
    sku = models.CharField(_("article"), max_length=60, blank=True)
    category = models.CharField(_("category"), max_length=60, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3, default=1)
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    returns = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="returned_by",
        verbose_name=_("returns line"),
    )

    class Meta:
        verbose_name = _("line of a transaction")
        verbose_name_plural = _("lines of transactions")
        ordering = ["transaction", "line"]
        indexes = [
            models.Index(fields=["returns"], name="transaction_item_returns", condition=Q(returns__isnull=False)),
        ]
        constraints = [
            models.UniqueConstraint(fields=["transaction", "line"], name="transaction_item_line_once"),
            models.CheckConstraint(name="transaction_item_quantity", condition=Q(quantity__gt=0)),
            models.CheckConstraint(name="transaction_item_amount", condition=Q(amount__gte=0)),
        ]

    def __str__(self) -> str:
        return f"{self.line}: {self.sku or self.category}"
