"""What belongs to a customer: documents, addresses, wishes about being contacted."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from common.history import AuditedModel
from customers.models.customer import Customer


class IdentificationKind(models.TextChoices):
    PASSPORT = "passport", _("passport")
    ID_CARD = "id_card", _("identity card")
    TAX = "tax", _("tax number")
    REGISTER = "register", _("company register")
    OTHER = "other", _("other")


class AddressKind(models.TextChoices):
    HOME = "home", _("home")
    WORK = "work", _("work")
    BILLING = "billing", _("billing")
    SHIPPING = "shipping", _("shipping")


class Identification(AuditedModel):
    PERSONAL = ("number", "number_key")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="identifications")
    kind = models.CharField(_("kind"), max_length=20, choices=IdentificationKind.choices)
    country = models.CharField(_("country"), max_length=2, blank=True)
    number = models.CharField(_("number"), max_length=60, null=True)  # noqa: DJ001
    number_key = models.CharField(max_length=60, null=True, editable=False)  # noqa: DJ001
    valid_until = models.DateField(_("valid until"), null=True, blank=True)

    class Meta:
        verbose_name = _("identification document")
        verbose_name_plural = _("identification documents")
        indexes = [
            models.Index(fields=["number_key"], name="identification_key", condition=Q(number_key__isnull=False)),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}"


class Address(AuditedModel):
    PERSONAL = ("lines", "postal_code", "city")

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="addresses")
    kind = models.CharField(_("kind"), max_length=10, choices=AddressKind.choices, default=AddressKind.HOME)
    lines = models.CharField(_("street and number"), max_length=200, null=True)  # noqa: DJ001
    postal_code = models.CharField(_("postal code"), max_length=20, null=True, blank=True)  # noqa: DJ001
    city = models.CharField(_("city"), max_length=80, null=True)  # noqa: DJ001
    country = models.CharField(_("country"), max_length=2)

    class Meta:
        verbose_name = _("address")
        verbose_name_plural = _("addresses")

    def __str__(self) -> str:
        return f"{self.get_kind_display()}, {self.country}"


class PreferenceChannel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    SMS = "sms", _("text message")
    PHONE = "phone", _("phone")
    POST = "post", _("post")


class ContactPreference(AuditedModel):
    """May this customer be contacted this way? No row means: only for what the contract needs."""

    PERSONAL = ("channel",)

    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="contact_preferences")
    channel = models.CharField(_("channel"), max_length=5, choices=PreferenceChannel.choices)
    allowed = models.BooleanField(_("allowed"))

    class Meta:
        verbose_name = _("contact preference")
        verbose_name_plural = _("contact preferences")
        constraints = [
            models.UniqueConstraint(fields=["customer", "channel"], name="contact_preference_once"),
        ]

    def __str__(self) -> str:
        return f"{self.get_channel_display()}: {_('yes') if self.allowed else _('no')}"
