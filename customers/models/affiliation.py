"""People of organizations (domain 1.1, 1.8)."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from common.constraints import CompositeForeignKey
from common.history import AuditedModel
from customers.models.customer import Customer


class Days(Func):
    """Both days belong to the period; an empty end is open."""

    function = "DATERANGE"
    output_field = DateRangeField()


BOTH_DAYS = RangeBoundary(inclusive_lower=True, inclusive_upper=True)


class EmployeeGroup(AuditedModel):
    """A kind of people of an organization, the same for all programs: sales, management, drivers."""

    organization = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="employee_groups")
    code = models.SlugField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=80)

    class Meta:
        verbose_name = _("employee group")
        verbose_name_plural = _("employee groups")
        ordering = ["organization", "code"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "code"], name="employee_group_code"),
            models.UniqueConstraint(fields=["id", "organization"], name="employee_group_id_organization"),
        ]

    def __str__(self) -> str:
        return self.name


class Affiliation(AuditedModel):
    """A person's link to an organization; both days belong to it."""

    PERSONAL = ("personnel_number",)

    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="affiliations")
    organization = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="affiliated")
    employee_group = models.ForeignKey(
        EmployeeGroup,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="affiliations",
        db_constraint=False,
        verbose_name=_("employee group"),
    )
    personnel_number = models.CharField(_("personnel number"), max_length=40, null=True, blank=True)  # noqa: DJ001
    valid_from = models.DateField(_("from"))
    valid_until = models.DateField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("affiliation")
        verbose_name_plural = _("affiliations")
        ordering = ["customer", "-valid_from"]
        constraints = [
            models.CheckConstraint(
                name="affiliation_period", condition=Q(valid_until__isnull=True) | Q(valid_until__gte=F("valid_from"))
            ),
            models.CheckConstraint(name="affiliation_of_two", condition=~Q(customer=F("organization"))),
            ExclusionConstraint(
                name="affiliation_no_overlap",
                expressions=[
                    ("customer", RangeOperators.EQUAL),
                    ("organization", RangeOperators.EQUAL),
                    (Days("valid_from", "valid_until", BOTH_DAYS), RangeOperators.OVERLAPS),
                ],
            ),
            CompositeForeignKey(
                name="affiliation_employee_group",
                fields=["employee_group", "organization"],
                to="customers.EmployeeGroup",
                to_fields=["id", "organization"],
            ),
        ]

    def __str__(self) -> str:
        return f"{self.customer_id} · {self.organization_id}"
