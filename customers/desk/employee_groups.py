"""The employee groups of an organization (domain 1.8)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from customers.desk.affiliations import WRITE
from customers.desk.tasks import CustomerTask
from customers.employee_groups import groups_of, make_employee_group
from customers.models import CustomerKind


class EmployeeGroupForm(forms.Form):
    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    code = forms.SlugField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Short, without spaces, as sales. Files name the group by it; it never changes."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )


class NewEmployeeGroup(CustomerTask):
    action = WRITE
    title = gettext_lazy("New employee group")
    what = gettext_lazy(
        "Names a kind of people of the organization, as sales or drivers. An agreement may be for one group only."
    )
    confirm = gettext_lazy("Make the group")
    form_class = EmployeeGroupForm

    def obstacles(self) -> Sequence[str]:
        if self.customer.kind != CustomerKind.ORGANIZATION:
            return [_("Only an organization has employee groups.")]
        return ()

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        group = make_employee_group(self.customer, code=given["code"], name=given["name"], actor=self.actor)
        return Outcome(
            [_("The group %(name)s can be given to people and agreements.") % {"name": group.name}],
            {"organization": self.customer.pk},
        )

    def figures(self) -> Sequence[Figure]:
        names = ", ".join(group.name for group in groups_of(self.customer.pk))
        return [Figure("groups", _("Employee groups"), names)]

    def exits(self) -> Sequence[Way]:
        return [Way(_("Organization page"), page_of("organization", self.customer.pk))]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [Way(_("Organization page"), page_of("organization", facts["organization"]), main=True)]
