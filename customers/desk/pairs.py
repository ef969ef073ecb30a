"""The base of tasks about two records that look like one person, and the task that says they are two."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from customers.desk.tasks import customer_page, shown_name
from customers.merging import dismiss_pair, pair_of
from customers.models import Customer


class PairTask(TaskPage):
    """`customer` is the record that stays, `duplicate` the other one."""

    section = "duplicates"
    action = "customers:write"
    customer: Customer
    duplicate: Customer

    def load(self, **kwargs: Any) -> None:
        found = Customer.objects.in_bulk([kwargs["pk"], kwargs["other"]])
        if len(found) < 2:
            raise Http404
        self.customer, self.duplicate = found[kwargs["pk"]], found[kwargs["other"]]
        self.subject = _("Customers %(one)s and %(other)s") % {
            "one": self.customer.number,
            "other": self.duplicate.number,
        }

    def customers(self) -> Iterable[int]:
        return [self.customer.pk, self.duplicate.pk]

    def context(self) -> dict[str, Any]:
        return {"people": [shown_name(self.actor, one) for one in (self.customer, self.duplicate)]}

    def figures(self) -> Sequence[Figure]:
        pair = pair_of(self.customer.pk, self.duplicate.pk)
        said = pair.get_status_display() if pair else _("nothing was decided")
        return [Figure("pair", _("The two records"), said)]

    def exits(self) -> Sequence[Way]:
        return [
            Way(_("Customer %(number)s") % {"number": one.number}, page_of("customer", one.pk))
            for one in (self.customer, self.duplicate)
        ]

    def address(self, name: str, *, turned: bool = False) -> str:
        ids = [self.customer.pk, self.duplicate.pk]
        return reverse(f"desk:{name}", args=ids[::-1] if turned else ids)


class TwoPeopleForm(forms.Form):
    reason = ReasonField(
        suggestions=(gettext_lazy("Family members share an address"), gettext_lazy("Both customers confirmed it"))
    )


class TwoPeople(PairTask):
    title = gettext_lazy("Two different people")
    what = gettext_lazy(
        "Says that the two records are two people whatever they have in common: they leave the list of likely "
        "duplicates. If they were found to be one person and not merged yet, that is taken back."
    )
    confirm = gettext_lazy("They are two people")
    form_class = TwoPeopleForm

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: self._dismiss("?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        self._dismiss(given["reason"])
        return Outcome(
            [_("The two records are not shown as likely duplicates any more.")], {"customer": self.customer.pk}
        )

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [Way(_("Likely duplicates"), reverse("desk:duplicates"), main=True), customer_page(facts["customer"])]

    def _dismiss(self, reason: str) -> object:
        return dismiss_pair(self.customer, duplicate=self.duplicate, actor=self.actor, reason=reason)
