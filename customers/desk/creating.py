"""A new customer, unless the person is probably known already (domain 1.3)."""

from collections.abc import Sequence
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.outcomes import Outcome, Way
from common.desk.tasks import TaskPage
from customers.creating import create_customer
from customers.desk.forms import NewCustomerForm
from customers.desk.tasks import customer_page
from customers.models import CustomerKind


class NewCustomer(TaskPage):
    action = "customers:write"
    section = "new-customer"
    title = gettext_lazy("New customer")
    what = gettext_lazy(
        "Makes a record for a person or an organization. If one who looks like the same is known already, you see it "
        "before anything is made."
    )
    confirm = gettext_lazy("Create customer")
    dense = True
    form_class = NewCustomerForm
    form_template = "desk/tasks/new_customer_form.html"

    def load(self, **kwargs: Any) -> None:
        self.made: int | None = None

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        form = self.make_form(self.request.POST)
        form.is_valid()
        customer = create_customer(
            given["kind"],
            actor=self.actor,
            allow_duplicate=given["allow_duplicate"],
            details=form.details(),
            reason=_("at the desk"),
            **{name: value for name, value in form.values().items() if value is not None},
        )
        self.made = customer.pk
        says = [
            _("A record is made for this person.")
            if customer.kind == CustomerKind.PERSON
            else _("A record is made for this organization.")
        ]
        if given["allow_duplicate"]:
            says.append(_("You looked at the likely duplicates, and none of them is the customer."))
        return Outcome(says, {"customer": customer.pk})

    def customers(self) -> list[int]:
        return [self.made] if self.made else []

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        pk = facts["customer"]
        return [
            Way(_("Enrol in a program"), reverse("desk:enrol", args=[pk]), main=True),
            customer_page(pk),
            Way(_("Made by mistake: delete it"), reverse("desk:delete", args=[pk])),
        ]
