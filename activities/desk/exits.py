"""The two ways out that reach into every app: delete a customer nothing was posted for, erase one (domain 1.3)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from activities import exits
from common.desk.fields import ReasonField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.recent_login import RecentLoginRequired
from customers.desk.tasks import CustomerTask, customer_page
from customers.erasing import erase_customer
from customers.exits import ADVICE, delete_customer, obstacles
from customers.models import Customer, CustomerStatus
from memberships.exits import erasure_obstacles
from memberships.models import Member


class DeleteForm(forms.Form):
    reason = ReasonField(suggestions=(gettext_lazy("Made by mistake"), gettext_lazy("Made twice")))


class Delete(RecentLoginRequired, CustomerTask):
    action = "customers:erase"
    title = gettext_lazy("Delete customer")
    what = gettext_lazy(
        "Removes a record that was made by mistake, with memberships nothing was ever posted to. Their cards are "
        "cancelled, their numbers stay taken. It can't be undone."
    )
    confirm = gettext_lazy("Delete for ever")
    for_ever = True
    form_class = DeleteForm

    def obstacles(self) -> Sequence[str]:
        if self.customer.status == CustomerStatus.ERASED:
            return [_("The customer was erased; what is left of the record belongs to the ledger.")]
        found = [one.message for one in obstacles(self.customer)]
        return [*found, ADVICE] if found else ()

    def exits(self) -> Sequence[Way]:
        instead = Way(_("Erase instead"), reverse("desk:erase", args=[self.customer.pk]))
        return [*super().exits(), *([instead] if self.obstacles() else [])]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        memberships = Member.objects.filter(customer=self.customer).count()
        delete_customer(self.customer, actor=self.actor, reason=given["reason"])
        says = [_("The record goes for ever, with everything personal in it.")]
        if memberships:
            text = ngettext("%(n)s membership goes along.", "%(n)s memberships go along.", memberships)
            says.append(text % {"n": memberships})
        return Outcome(says)

    def figures(self) -> Sequence[Figure]:
        known = Customer.objects.filter(pk=self.customer.pk).exists()
        memberships = Member.objects.filter(customer_id=self.customer.pk).count()
        return [
            Figure("record", _("Record"), _("there") if known else _("gone")),
            Figure("memberships", _("Memberships"), memberships),
        ]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [Way(_("Find another customer"), page_of("search"), main=True)]


class EraseForm(forms.Form):
    reason = ReasonField(
        help_text=gettext_lazy("Is forgotten with the person; write no name."),
        suggestions=(gettext_lazy("Asked to be forgotten"), gettext_lazy("Time of keeping is over")),
    )
    sure = forms.BooleanField(
        label=gettext_lazy("The identity was checked, and the customer knows that this can't be undone")
    )


class Erase(RecentLoginRequired, CustomerTask):
    action = "customers:erase"
    title = gettext_lazy("Erase customer")
    what = gettext_lazy(
        "Forgets a person: names, contact data, documents, notes and typed texts go from the record, its history and "
        "every stored answer. Ids, amounts and the ledger stay. Memberships end. It can't be undone."
    )
    confirm = gettext_lazy("Erase for ever")
    for_ever = True
    form_class = EraseForm

    def obstacles(self) -> Sequence[str]:
        if self.customer.status == CustomerStatus.ERASED:
            return [_("The customer was erased already.")]
        of_memberships = erasure_obstacles(self.customer, actor=self.actor)
        return [one.message for one in (*of_memberships, *exits.erasure_obstacles(self.customer))]

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        ending = Member.objects.filter(customer=self.customer, current=True, ended_at__isnull=True).count()
        erase_customer(self.customer, actor=self.actor, reason=given["reason"])
        says = [_("Everything personal goes, here and in the history. The ledger keeps its figures under the number.")]
        if ending:
            text = ngettext(
                "%(n)s membership ends; its points rest, then expire.",
                "%(n)s memberships end; their points rest, then expire.",
                ending,
            )
            says.append(text % {"n": ending})
        return Outcome(says, {"customer": self.customer.pk})

    def figures(self) -> Sequence[Figure]:
        members = Member.objects.filter(customer=self.customer, current=True, ended_at__isnull=True)
        return [*super().figures(), Figure("memberships", _("Memberships not ended"), members.count())]

    def customers(self) -> Sequence[int]:
        # Its receipt says nothing about the person, and shall outlive the erasure it is about.
        return ()

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [customer_page(facts["customer"], main=True), Way(_("Find another customer"), page_of("search"))]
