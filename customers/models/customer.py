"""People and organizations the business deals with, members or not (domain 1.3)."""

from typing import Self

from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.actor import Actor
from common.history import AuditedModel, AuditedQuerySet
from customers.masking import masked_name


class CustomerKind(models.TextChoices):
    PERSON = "person", _("person")
    ORGANIZATION = "organization", _("organization")


class CustomerStatus(models.TextChoices):
    ACTIVE = "active", _("active")
    INACTIVE = "inactive", _("inactive")
    DECEASED = "deceased", _("deceased")
    CLOSED = "closed", _("closed")
    ERASED = "erased", _("erased")


class CustomerQuerySet(AuditedQuerySet):
    def visible_to(self, actor: Actor) -> Self:
        """Customers are global: whoever may read one may read all; their memberships are limited by program."""
        return self


class Customer(AuditedModel):
    """Contact data stands here and nowhere else; memberships refer to it."""

    PERSONAL = (
        "first_name",
        "last_name",
        "name",
        "birth_date",
        "email",
        "email_key",
        "phone",
        "phone_key",
        "name_key",
        "payment_terms",
        "notes",
    )

    number = models.CharField(_("customer number"), max_length=20, unique=True)
    kind = models.CharField(_("kind"), max_length=12, choices=CustomerKind.choices, default=CustomerKind.PERSON)
    first_name = models.CharField(_("first name"), max_length=80, null=True, blank=True)  # noqa: DJ001
    last_name = models.CharField(_("last name"), max_length=80, null=True, blank=True)  # noqa: DJ001
    name = models.CharField(_("name"), max_length=180, null=True, blank=True)  # noqa: DJ001
    birth_date = models.DateField(_("birth date"), null=True, blank=True)
    email = models.EmailField(_("e-mail"), null=True, blank=True)
    phone = models.CharField(_("phone"), max_length=32, null=True, blank=True)  # noqa: DJ001
    language = models.CharField(_("language"), max_length=10, default="en")
    customer_since = models.DateField(_("customer since"))
    status = models.CharField(_("status"), max_length=10, choices=CustomerStatus.choices, default=CustomerStatus.ACTIVE)
    credit_limit = models.DecimalField(_("credit limit"), max_digits=14, decimal_places=2, null=True, blank=True)
    payment_terms = models.CharField(_("payment terms"), max_length=80, null=True, blank=True)  # noqa: DJ001
    outstanding_balance = models.DecimalField(_("outstanding balance"), max_digits=14, decimal_places=2, default=0)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    notes = models.TextField(_("notes"), null=True, blank=True)  # noqa: DJ001

    email_key = models.CharField(max_length=254, null=True, editable=False)  # noqa: DJ001
    phone_key = models.CharField(max_length=20, null=True, editable=False)  # noqa: DJ001
    name_key = models.CharField(max_length=180, null=True, editable=False)  # noqa: DJ001
    contact_changed_at = models.DateTimeField(_("contact changed at"), editable=False)
    version = models.IntegerField(_("version"), default=1, editable=False)
    merged_into = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="duplicates", editable=False
    )
    erased_at = models.DateTimeField(_("erased at"), null=True, blank=True, editable=False)
    created_at = models.DateTimeField(_("created at"), editable=False)

    objects = CustomerQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        ordering = ["id"]
        indexes = [
            models.Index(fields=["email_key"], name="customer_email_key", condition=Q(email_key__isnull=False)),
            models.Index(fields=["phone_key"], name="customer_phone_key", condition=Q(phone_key__isnull=False)),
            models.Index(
                fields=["name_key", "birth_date"], name="customer_name_key", condition=Q(name_key__isnull=False)
            ),
            # A part of a name; the index above serves its beginning only where the collation is C.
            GinIndex(fields=["name_key"], name="customer_name_trigram", opclasses=["gin_trgm_ops"]),
            # What most customers are not, newest first.
            models.Index(fields=["status", "id"], name="customer_not_active", condition=~Q(status="active")),
            models.Index(fields=["kind", "id"], name="customer_not_person", condition=~Q(kind="person")),
        ]
        constraints = [
            models.CheckConstraint(
                name="customer_erased_dated",
                condition=Q(status=CustomerStatus.ERASED, erased_at__isnull=False)
                | (~Q(status=CustomerStatus.ERASED) & Q(erased_at__isnull=True)),
            ),
            models.CheckConstraint(
                name="customer_named",
                condition=Q(status=CustomerStatus.ERASED) | Q(name__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        """Shown wherever a row names its customer, to whoever sees that row: no personal value whole."""
        return " · ".join(part for part in (self.number, masked_name(self.name)) if part)


class CustomerNumber(models.Model):
    """Every number a customer answers to: the own one and those of records merged into it."""

    number = models.CharField(max_length=20, primary_key=True)
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="numbers")

    class Meta:
        verbose_name = _("customer number")
        verbose_name_plural = _("customer numbers")

    def __str__(self) -> str:
        return self.number
