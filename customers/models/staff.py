"""Members of staff who are customers too: they decide nothing about their own points (quality 4.4)."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from common.history import AuditedModel
from customers.models.customer import Customer


class StaffCustomer(AuditedModel):
    """This user is this customer, or is so close that the two count as one person."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="own_customers", verbose_name=_("user")
    )
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="staff", verbose_name=_("customer"))

    class Meta:
        verbose_name = _("customer of staff")
        verbose_name_plural = _("customers of staff")
        constraints = [models.UniqueConstraint(fields=["user", "customer"], name="staff_customer_once")]

    def __str__(self) -> str:
        return f"{self.user} · {self.customer}"
