"""Tasks about one affiliation: another group, its end (domain 1.8)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import DayField, ReasonField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.tasks import TaskPage
from common.desk.words import day
from customers.affiliations import affiliations_of, end_affiliation, move_to_group, today
from customers.desk.tasks import customer_page, shown_name
from customers.models import Affiliation, EmployeeGroup

WRITE = "customers:write"


def period_of(row: Affiliation) -> str:
    """From which day until which."""
    told = {"first": day(row.valid_from), "last": row.valid_until and day(row.valid_until)}
    return _("from %(first)s until %(last)s") % told if row.valid_until else _("since %(first)s") % told


def affiliation_figure(row: Affiliation) -> Figure:
    """A line of before and after."""
    group = f", {row.employee_group}" if row.employee_group else ""
    return Figure(f"affiliation {row.pk}", str(row.organization.name), f"{period_of(row)}{group}")


class AffiliationTask(TaskPage):
    """About one affiliation."""

    section = "customers"
    action = WRITE
    affiliation: Affiliation

    def load(self, **kwargs: Any) -> None:
        found = Affiliation.objects.select_related("customer", "organization", "employee_group")
        row = found.filter(pk=kwargs["pk"]).first()
        if row is None:
            raise Http404
        self.affiliation = row
        self.subject = _("Customer %(number)s at %(organization)s") % {
            "number": row.customer.number,
            "organization": row.organization.name,
        }

    def customers(self) -> Iterable[int]:
        return [self.affiliation.customer_id, self.affiliation.organization_id]

    def context(self) -> dict[str, Any]:
        return {"people": [shown_name(self.actor, self.affiliation.customer)]}

    def figures(self) -> Sequence[Figure]:
        found = affiliations_of(self.affiliation.customer_id)
        return [affiliation_figure(one) for one in found if one.organization_id == self.affiliation.organization_id]

    def exits(self) -> Sequence[Way]:
        return [
            Way(_("Back to the customer"), page_of("customer", self.affiliation.customer_id)),
            Way(_("Organization page"), page_of("organization", self.affiliation.organization_id)),
        ]

    def facts(self) -> dict[str, Any]:
        return {"customer": self.affiliation.customer_id, "organization": self.affiliation.organization_id}

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [
            customer_page(facts["customer"], main=True),
            Way(_("Organization page"), page_of("organization", facts["organization"])),
        ]


class EndForm(forms.Form):
    last_day = DayField(label=gettext_lazy("Last day"), help_text=gettext_lazy("It still belongs to the affiliation."))
    reason = ReasonField(
        suggestions=(gettext_lazy("The person has left"), gettext_lazy("Retired"), gettext_lazy("Entered by mistake"))
    )


class EndAffiliation(AffiliationTask):
    title = gettext_lazy("End the affiliation")
    what = gettext_lazy(
        "Says on which day the person belongs to the organization for the last time; an end entered before can be "
        "corrected. It ends no membership: use the playbook “employee left” for all that goes with it."
    )
    confirm = gettext_lazy("End it")
    form_class = EndForm

    def initial(self) -> dict[str, Any]:
        return {"last_day": self.affiliation.valid_until or today()}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        row = end_affiliation(self.affiliation, last_day=given["last_day"], actor=self.actor, reason=given["reason"])
        said = _("The person belongs to %(organization)s until %(day)s, that day included.")
        return Outcome(
            [
                said % {"organization": row.organization.name, "day": day(given["last_day"])},
                _("Memberships stay as they are."),
            ],
            self.facts(),
        )

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        playbook = f"{reverse('desk:playbook-employee-left')}?customer={facts['customer']}"
        person, organization = super().ways(facts)
        return [
            Way(_("Playbook: employee left"), playbook, main=True),
            Way(person.label, person.url),
            organization,
        ]


class GroupForm(forms.Form):
    employee_group = forms.ModelChoiceField(
        label=gettext_lazy("Employee group"),
        queryset=EmployeeGroup.objects.none(),
        required=False,
        empty_label=gettext_lazy("none"),
    )
    from_day = DayField(
        label=gettext_lazy("From"),
        help_text=gettext_lazy("Until the day before, the person counts as in the former group."),
    )
    reason = ReasonField(suggestions=(gettext_lazy("New position"), gettext_lazy("Entered by mistake")))

    def __init__(self, *args: Any, organization: int, **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["employee_group"]
        field.queryset = EmployeeGroup.objects.filter(organization=organization).order_by("code")


class ChangeGroup(AffiliationTask):
    title = gettext_lazy("Another employee group")
    what = gettext_lazy(
        "Moves the person to another group of the organization. A membership keeps the agreement it was made under; "
        "the next enrolment goes by the new group."
    )
    confirm = gettext_lazy("Move")
    form_class = GroupForm

    def form_options(self) -> dict[str, Any]:
        return {"organization": self.affiliation.organization_id}

    def initial(self) -> dict[str, Any]:
        return {"employee_group": self.affiliation.employee_group_id, "from_day": today()}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        row = move_to_group(
            self.affiliation,
            employee_group=given["employee_group"],
            from_day=given["from_day"],
            actor=self.actor,
            reason=given["reason"],
        )
        if row.employee_group_id == self.affiliation.employee_group_id:
            return Outcome([_("The person is in that group already; nothing changes.")], self.facts())
        told = {"group": row.employee_group or _("no group"), "day": day(given["from_day"])}
        return Outcome([_("In %(group)s from %(day)s on.") % told], self.facts())
