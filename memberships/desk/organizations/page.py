"""The page of an organization: its memberships in programs with agreements and signatories, its people and groups."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from common.desk.outcomes import Way
from common.desk.pages import DeskPage
from customers.affiliations import today
from customers.finding import customer_by_number, find_by_name
from customers.masking import masked_document
from customers.models import Affiliation, Customer, CustomerKind, CustomerStatus
from customers.shown import shown_customer
from customers.unmasking import UNMASK
from memberships.desk.changes.base import told_name
from memberships.desk.organizations.words import agreement_row
from memberships.organization_overview import (
    PeoplePage,
    PersonView,
    Umbrella,
    group_counts,
    people_of,
    umbrellas_of,
)

MANAGE, WRITE = "memberships:manage", "customers:write"
LONGEST = 100
MOST_FOUND = 10
LARGEST_ID = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Asked:
    """What the list of people is narrowed to."""

    text: str
    group_id: int | None
    former: bool
    page: int

    def query(self, **other: Any) -> str:
        """The address of the list with something else."""
        values = {"q": self.text, "group": self.group_id, "former": "yes" if self.former else "", "page": self.page}
        kept = {name: value for name, value in (values | other).items() if value not in (None, "", 1)}
        return f"?{urlencode(kept)}#people"


class OrganizationPage(DeskPage):
    action = "customers:read"
    section = "customers"
    template = "desk/organizations/page.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        customer = Customer.objects.select_related("merged_into").filter(pk=pk).first()
        if customer is None or customer.kind != CustomerKind.ORGANIZATION:
            raise Http404
        self.number = customer.number
        asked, day = self._asked(), today()
        people = people_of(
            pk, self.actor, day=day, text=asked.text, group_id=asked.group_id, former=asked.former,
            whole_names=not self.may(UNMASK), page=asked.page,
        )  # fmt: skip
        umbrellas = umbrellas_of(pk, self.actor) if self.may("memberships:read") else []
        add = request.GET.get("add", "").strip()[:LONGEST]
        return self.draw(
            customer=customer,
            contact=shown_customer(customer, unmasked=self.actor.sees(pk)),
            umbrellas=[self._umbrella(one) for one in umbrellas],
            may_open=self._may_open(customer),
            may_write=self.may(WRITE) and customer.status == CustomerStatus.ACTIVE,
            groups=group_counts(pk, day),
            asked=asked,
            people=[self._person(one, day) for one in people.rows],
            total=people.total,
            shown=_shown(people),
            pages=[(number, asked.query(page=number)) for number in _near(people)],
            page_number=people.number,
            everybody=asked.query(former="", page=1),
            those_who_left=asked.query(former="yes", page=1),
            add=add,
            found=self._found(add),
        )

    def _asked(self) -> Asked:
        query = self.request.GET
        group, page = query.get("group", ""), query.get("page", "")
        return Asked(
            text=" ".join(query.get("q", "").replace("\x00", "").split())[:LONGEST],
            group_id=int(group) if _is_id(group) else None,
            former=query.get("former") == "yes",
            page=int(page) if _is_id(page) else 1,
        )

    def _umbrella(self, one: Umbrella) -> dict[str, Any]:
        program_id = one.membership.program_id
        return {
            "umbrella": one,
            "membership": one.membership,
            "program": one.design.program,
            "zone": one.design.zone,
            "signatories": [(row, told_name(self.actor, row.customer)) for row in one.signatories],
            "agreements": [agreement_row(view) for view in one.agreements],
            "pool": [(one.design.by_code[row["point_type"]], row) for row in one.balances],
            "may_manage": self.may(MANAGE, program_id) and one.membership.current,
            "ways": self._ways(one) if self.may(MANAGE, program_id) else [],
        }

    def _ways(self, one: Umbrella) -> list[Way]:
        pk = one.membership.pk
        found = []
        if one.membership.current:
            found.append(Way(_("New agreement"), reverse("desk:agreement-new", args=[pk]), main=not one.agreements))
            found.append(Way(_("Add a signatory"), reverse("desk:signatory-add", args=[pk])))
            if self.may(WRITE):
                what = f"employees/{one.design.program.code}/{self.number}"
                found.append(Way(_("Import employees"), f"{reverse('desk:imports')}?{urlencode({'what': what})}"))
        if one.people:
            found.append(Way(_("Let everybody leave"), reverse("desk:leave-all", args=[pk])))
        return found

    def _may_open(self, customer: Customer) -> bool:
        return customer.status == CustomerStatus.ACTIVE and self.may(MANAGE)

    def _person(self, one: PersonView, day: date) -> dict[str, Any]:
        row = one.affiliation
        return {
            "affiliation": row,
            "name": told_name(self.actor, one.customer),
            "ahead": row.valid_from > day,
            "personnel_number": _number(row.personnel_number, whole=self.actor.sees(row.customer_id)),
            "inherited": one.inherited,
            "left_behind": bool(one.inherited) and row.valid_until is not None and row.valid_until < day,
        }

    def _found(self, text: str) -> list[tuple[Customer, str, bool]]:
        """People to add: found by number, or by name as far as the viewer sees names."""
        if not text:
            return []
        numbered = customer_by_number(text)
        people = Customer.objects.filter(kind=CustomerKind.PERSON, status=CustomerStatus.ACTIVE, merged_into=None)
        wanted = [numbered.pk] if numbered else find_by_name(text, whole=not self.may(UNMASK)).values("pk")
        found = list(people.filter(pk__in=wanted)[:MOST_FOUND])
        here = set(Affiliation.objects.filter(customer__in=found, organization=self.kwargs["pk"], valid_until=None)
                   .values_list("customer_id", flat=True))  # fmt: skip
        return [(one, told_name(self.actor, one), one.pk in here) for one in found]


def _number(number: str | None, *, whole: bool) -> str | None:
    return number if whole else masked_document(number)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and 0 < int(text) <= LARGEST_ID


def _near(people: PeoplePage) -> list[int]:
    """The first, the last, and those around the present page."""
    wanted = {1, people.last, *range(people.number - 1, people.number + 2)}
    return sorted(one for one in wanted if 1 <= one <= people.last) if people.last > 1 else []


def _shown(people: PeoplePage) -> str:
    return _("Page %(page)s of %(last)s") % {"page": people.number, "last": people.last}
