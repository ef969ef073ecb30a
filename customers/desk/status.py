"""Deactivate a customer, record a death, and bring one back (domain 1.3)."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy

from common.desk.outcomes import Outcome, Way
from customers.desk.forms import DeceasedForm, StatusForm
from customers.desk.tasks import CustomerTask, customer_page
from customers.exits import deactivate, mark_deceased, reactivate
from customers.models import Customer


class StatusTask(CustomerTask):
    """The verb is its own predicate."""

    action = "customers:write"
    form_class: ClassVar[type[forms.Form]] = StatusForm
    verb: ClassVar[Callable[..., Customer]]
    said: ClassVar[Any]
    back: ClassVar[tuple[str, Any]]

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: type(self).verb(self.customer, actor=self.actor, reason="?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        type(self).verb(self.customer, actor=self.actor, reason=given["reason"])
        return Outcome([self.said], {"customer": self.customer.pk})

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        name, label = self.back
        return [
            customer_page(facts["customer"], main=True),
            Way(label, reverse(f"desk:{name}", args=[facts["customer"]])),
        ]


class Deactivate(StatusTask):
    title = gettext_lazy("Deactivate customer")
    what = gettext_lazy("The business deals with the customer no more for now. Nothing is deleted.")
    confirm = gettext_lazy("Deactivate")
    verb = staticmethod(deactivate)
    said = gettext_lazy("The customer can't enrol anywhere until reactivated. Memberships and points stay as they are.")
    back = ("reactivate", gettext_lazy("Take it back: reactivate"))


class Deceased(StatusTask):
    title = gettext_lazy("Record a death")
    what = gettext_lazy(
        "The customer has died. Nobody enrols them and no message is sent to them. Memberships and points stay until "
        "they are terminated, or until the heirs have decided about a shared account or a group."
    )
    confirm = gettext_lazy("Record the death")
    form_class = DeceasedForm
    verb = staticmethod(mark_deceased)
    said = gettext_lazy(
        "The record says that the customer has died. Consents are given by a document that a second person confirms."
    )
    back = ("reactivate", gettext_lazy("It was a mistake: reactivate"))


class Reactivate(StatusTask):
    title = gettext_lazy("Reactivate customer")
    what = gettext_lazy("Back to active, also where a death or the end of the business was recorded by mistake.")
    confirm = gettext_lazy("Reactivate")
    verb = staticmethod(reactivate)
    said = gettext_lazy("The customer is active and can enrol again.")
    back = ("deactivate", gettext_lazy("Deactivate again"))
