"""Take back a registration that waits: the card stays anonymous and may be registered by anybody again."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from customers.desk.tasks import customer_page
from memberships.desk.changes.base import told_name
from memberships.desk.registering import choosing
from memberships.models import CardRegistration
from memberships.waiting_registrations import withdraw_registration


class WithdrawForm(forms.Form):
    reason = ReasonField(suggestions=(gettext_lazy("Wrong person"), gettext_lazy("At the customer's wish")))


class WithdrawRegistration(TaskPage):
    action = choosing.ACTION
    section = "customers"
    title = gettext_lazy("Withdraw the registration of a card")
    what = gettext_lazy(
        "The card goes on as an anonymous one with its points, and whoever has it may register it again. Consents that "
        "were asked for are not needed any more."
    )
    confirm = gettext_lazy("Withdraw")
    form_class = WithdrawForm

    def load(self, **kwargs: Any) -> None:
        rows = CardRegistration.objects.select_related("card", "program", "customer", "change")
        found = rows.filter(pk=kwargs["pk"]).first()
        if found is None:
            raise Http404
        self.allow_program(found.program_id)
        self.registration, self.program = found, found.program
        self.subject = _("Card %(number)s") % {"number": found.card.number_id}

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: self._withdraw("?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        self._withdraw(given["reason"])
        facts = {"customer": self.registration.customer_id, "number": self.registration.card.number_id}
        return Outcome([_("The card is nobody's in person again. Its points stay on it.")], facts)

    def figures(self) -> Sequence[Figure]:
        row = CardRegistration.objects.get(pk=self.registration.pk)
        return [Figure("status", _("Registration"), str(row.get_status_display()))]

    def customers(self) -> Iterable[int]:
        return [self.registration.customer_id]

    def context(self) -> dict[str, Any]:
        return {"people": [told_name(self.actor, self.registration.customer)]}

    def exits(self) -> Sequence[Way]:
        return [customer_page(self.registration.customer_id)]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [customer_page(facts["customer"], main=True)]

    def _withdraw(self, reason: str) -> CardRegistration:
        row = CardRegistration.objects.select_related("change", "program").get(pk=self.registration.pk)
        return withdraw_registration(row, actor=self.actor, reason=reason)
