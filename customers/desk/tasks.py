"""The base of tasks about one customer."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.http import Http404
from django.utils.translation import gettext as _

from common.actor import Actor
from common.desk.links import page_of
from common.desk.outcomes import Figure, Way
from common.desk.tasks import TaskPage
from customers.models import Customer
from customers.shown import shown_customer


class CustomerTask(TaskPage):
    section = "customers"
    customer: Customer

    def load(self, **kwargs: Any) -> None:
        found = Customer.objects.filter(pk=kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.customer = found
        self.subject = _("Customer %(number)s") % {"number": found.number}

    def figures(self) -> Sequence[Figure]:
        row = Customer.objects.get(pk=self.customer.pk)
        return [Figure("status", _("Status"), row.get_status_display())]

    def customers(self) -> Iterable[int]:
        return [self.customer.pk]

    def context(self) -> dict[str, Any]:
        return {"people": [shown_name(self.actor, self.customer)]}

    def exits(self) -> Sequence[Way]:
        return [Way(_("Back to the customer"), page_of("customer", self.customer.pk))]


def shown_name(actor: Actor, customer: Customer) -> str:
    """Whole for who has unmasked the customer, else just enough to be recognized."""
    return shown_customer(customer, unmasked=actor.sees(customer.pk)).label


def customer_page(customer_id: int, *, main: bool = False) -> Way:
    return Way(_("Customer page"), page_of("customer", customer_id), main)
