"""Record that the fee of a term was paid (domain 1.5)."""

from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common import clock
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import day, money
from memberships.desk.figures import standing
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.lifecycle import record_payment
from memberships.models import MembershipTerm
from memberships.paid_terms import first_unpaid


class PaymentForm(forms.Form):
    paid_on = forms.DateField(label=gettext_lazy("Paid on"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"))
    reference = forms.CharField(
        label=gettext_lazy("Payment reference"),
        max_length=80,
        help_text=gettext_lazy("As on the receipt or the bank statement. It goes when the customer is erased."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )

    def __init__(self, *args: Any, today: date, **options: Any) -> None:
        super().__init__(*args, **options)
        self.today = today

    def clean_paid_on(self) -> date:
        given: date = self.cleaned_data["paid_on"]
        if given > self.today:
            raise ValidationError(_("A payment is recorded once it was made: no day in the future."))
        return given


class RecordPayment(MembershipTask):
    title = gettext_lazy("Record payment")
    what = gettext_lazy(
        "Notes that the earliest unpaid term was paid. Where the program says so, the first payment activates the "
        "membership."
    )
    confirm = gettext_lazy("Record payment")
    action = "memberships:manage"
    form_class = PaymentForm

    def form_options(self) -> dict[str, Any]:
        return {"today": self._now().date()}

    def initial(self) -> dict[str, Any]:
        return {"paid_on": self._now().date()}

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: self._record("?", self._now()))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        term = first_unpaid(self.membership)
        now = self._now()
        start_of_day = datetime.combine(given["paid_on"], time.min, tzinfo=self.design.zone)
        self._record(given["reference"], now if given["paid_on"] == now.date() else start_of_day)
        return Outcome([_paid(term)] if term else [], {"membership": self.membership.pk})

    def figures(self) -> Sequence[Figure]:
        unpaid = MembershipTerm.objects.filter(membership=self.membership, paid_at__isnull=True).count()
        return [Figure("unpaid", _("Unpaid terms"), unpaid), *standing(self.membership.pk)]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [membership_page(facts["membership"], main=True)]

    def _now(self) -> datetime:
        return clock.program_now(self.design.program).astimezone(self.design.zone)

    def _record(self, reference: str, paid_at: datetime) -> object:
        return record_payment(self.membership, actor=self.actor, reference=reference, paid_at=paid_at)


def _paid(term: MembershipTerm) -> str:
    return _("The term from %(first)s to %(last)s is paid: %(fee)s %(currency)s.") % {
        "first": day(term.first_day),
        "last": day(term.last_day),
        "fee": money(term.fee),
        "currency": term.currency,
    }
