"""A person belongs to an organization: chosen first, for its groups are what the form offers (domain 1.8)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import DayField, ReasonField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from customers.affiliations import affiliate, affiliations_of, today
from customers.desk.affiliations import WRITE, affiliation_figure, period_of
from customers.desk.tasks import CustomerTask, customer_page, shown_name
from customers.employee_groups import groups_of
from customers.finding import find_organizations
from customers.models import Customer, CustomerKind, EmployeeGroup

LARGEST_ID = 2**63 - 1


class AffiliateForm(forms.Form):
    organization = forms.IntegerField(widget=forms.HiddenInput)
    employee_group = forms.ModelChoiceField(
        label=gettext_lazy("Employee group"),
        queryset=EmployeeGroup.objects.none(),
        required=False,
        empty_label=gettext_lazy("none"),
        help_text=gettext_lazy("Agreements may be for one group only."),
    )
    personnel_number = forms.CharField(
        label=gettext_lazy("Personnel number"),
        max_length=40,
        required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    valid_from = DayField(label=gettext_lazy("First day"))
    valid_until = DayField(
        label=gettext_lazy("Last day"), required=False, help_text=gettext_lazy("Empty: without an end.")
    )
    reason = ReasonField(suggestions=(gettext_lazy("Told by the organization"), gettext_lazy("Staff card shown")))

    def __init__(self, *args: Any, groups: Sequence[EmployeeGroup] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        field: Any = self.fields["employee_group"]
        field.queryset = EmployeeGroup.objects.filter(pk__in=[one.pk for one in groups])


class Affiliate(CustomerTask):
    action = WRITE
    title = gettext_lazy("Belongs to an organization")
    what = gettext_lazy(
        "Says that the person works for an organization, or belongs to it. From then on an enrolment finds the "
        "organization's agreement by itself; memberships the person has already stay as they are."
    )
    confirm = gettext_lazy("Save")
    form_class = AffiliateForm
    organization: Customer | None = None

    def get(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if "receipt" not in request.GET and self._organization_id() is None:
            self.load(**kwargs)
            return self._choose()
        return super().get(request, **kwargs)

    def post(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        if self._organization_id() is None:
            return HttpResponseRedirect(request.path)
        return super().post(request, **kwargs)

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        asked = self._organization_id()
        if asked is not None:
            self.organization = Customer.objects.filter(pk=asked, kind=CustomerKind.ORGANIZATION).first()
            if self.organization is None:
                raise Http404

    def obstacles(self) -> Sequence[str]:
        if self.customer.kind != CustomerKind.PERSON:
            return [_("An organization belongs to nobody: open the person who does.")]
        return ()

    def form_options(self) -> dict[str, Any]:
        return {"groups": groups_of(self.organization.pk) if self.organization else ()}

    def initial(self) -> dict[str, Any]:
        return {"organization": self.organization and self.organization.pk, "valid_from": today()}

    def context(self) -> dict[str, Any]:
        people = super().context()["people"]
        return {"people": [*people, self.organization.name] if self.organization else people}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        organization = self._organization()
        row = affiliate(
            self.customer,
            organization=organization,
            employee_group=given["employee_group"],
            personnel_number=given["personnel_number"] or None,
            valid_from=given["valid_from"],
            valid_until=given["valid_until"],
            actor=self.actor,
            reason=given["reason"],
        )
        return Outcome(
            [_("The person belongs to %(name)s, %(period)s.") % {"name": organization.name, "period": period_of(row)}],
            {"customer": self.customer.pk, "organization": organization.pk, "affiliation": row.pk},
        )

    def customers(self) -> Iterable[int]:
        return [self.customer.pk, *([self.organization.pk] if self.organization else ())]

    def figures(self) -> Sequence[Figure]:
        return [affiliation_figure(one) for one in affiliations_of(self.customer.pk)]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [
            customer_page(facts["customer"], main=True),
            Way(_("Enrol in a program"), reverse("desk:enrol", args=[facts["customer"]])),
            Way(_("Organization page"), page_of("organization", facts["organization"])),
            Way(_("Take it back: end it"), reverse("desk:affiliation-end", args=[facts["affiliation"]])),
        ]

    def _organization(self) -> Customer:
        if self.organization is None:
            raise Http404
        return self.organization

    def _organization_id(self) -> int | None:
        given = self.request.POST if self.request.method == "POST" else self.request.GET
        text = given.get("organization", "")
        return int(text) if text.isascii() and text.isdigit() and int(text) <= LARGEST_ID else None

    def _choose(self) -> HttpResponse:
        """First of all, which organization: its groups are what the form offers."""
        if found := self.obstacles():
            return self._ineligible(found, status=200)
        text = self.request.GET.get("q", "")
        return self.draw(
            "desk/affiliations/choose.html", customer=self.customer, text=text, found=find_organizations(text),
            subject=self.subject, people=[shown_name(self.actor, self.customer)],
        )  # fmt: skip
