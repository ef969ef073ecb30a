"""Open an organization's membership in a program, and who signs for it (domain 1.4, 1.8)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.actor import Actor
from common.desk.fields import ReasonField, offer
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from customers.affiliations import today, valid_on
from customers.desk.tasks import CustomerTask, shown_name
from customers.finding import customer_by_number
from customers.models import Affiliation, Customer, CustomerKind
from memberships.desk.changes.base import told_name
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.models import Membership, MembershipType, OrganizationSignatory
from memberships.organizations import add_signatory, end_signatory, open_organization, signing
from programs.models import Program, ProgramStatus

MANAGE = "memberships:manage"
# People of the organization who are suggested as signatories.
MOST_SUGGESTED = 50


class PersonField(forms.CharField):
    """A person by customer number, retired ones too."""

    def __init__(self, **options: Any) -> None:
        widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "list": "people"})
        defaults: dict[str, Any] = {"max_length": 20, "widget": widget}
        super().__init__(**(defaults | options))

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        if not text:
            return None
        found = customer_by_number(text)
        if found is None:
            raise forms.ValidationError(_("No customer has this number: it looks like C00000123."))
        if found.kind != CustomerKind.PERSON:
            raise forms.ValidationError(_("This is an organization: a person signs."))
        return found


class OpenForm(forms.Form):
    program = forms.ChoiceField(label=gettext_lazy("Program"))
    signatory = PersonField(
        label=gettext_lazy("Who signs for it"),
        help_text=gettext_lazy(
            "Customer number. This person is asked for consent, and owns the points of the organization's pool."
        ),
    )
    second = PersonField(
        label=gettext_lazy("Who signs besides"),
        required=False,
        help_text=gettext_lazy("Customer number. Takes over when the first one leaves; more can be added later."),
    )

    def __init__(self, *args: Any, programs: Sequence[Program] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "program", [(str(one.pk), one.name) for one in programs])

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        first, second = given.get("signatory"), given.get("second")
        if first is not None and second is not None and first.pk == second.pk:
            self.add_error("second", _("This is the same person: leave it empty."))
        return given


class OpenOrganization(CustomerTask):
    action = MANAGE
    title = gettext_lazy("Open an organization in a program")
    what = gettext_lazy(
        "Makes the organization's membership in a program: what agreements are made with, and a pool its people may "
        "share. It collects no points itself. Agreements come next."
    )
    confirm = gettext_lazy("Open it")
    dense = True
    form_class = OpenForm
    form_template = "desk/organizations/open_form.html"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        programs = Program.objects.visible_to(self.actor).filter(status=ProgramStatus.RELEASED).order_by("name")
        opened = Membership.objects.filter(type=MembershipType.ORGANIZATION, organization=self.customer, current=True)
        taken = set(opened.values_list("program_id", flat=True))
        self.programs = [one for one in programs if self.may(MANAGE, one.pk) and one.pk not in taken]

    def obstacles(self) -> Sequence[str]:
        if self.customer.kind != CustomerKind.ORGANIZATION:
            return [_("This is a person: a person enrols, an organization is opened.")]
        if not self.programs:
            return [_("The organization is open in every program in which you may do this.")]
        return ()

    def form_options(self) -> dict[str, Any]:
        return {"programs": self.programs}

    def context(self) -> dict[str, Any]:
        return {"people": [self.customer.name], "suggested": self._suggested()}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        program = next(one for one in self.programs if str(one.pk) == given["program"])
        people = [one for one in (given["signatory"], given["second"]) if one is not None]
        made = open_organization(
            self.customer, program=program, signatories=[one.pk for one in people], actor=self.actor
        )
        told = {"program": program.name, "people": ", ".join(one.number for one in people)}
        return Outcome(
            [
                _("The organization takes part in %(program)s, active at once, with an empty pool.") % told,
                _("It is signed for by %(people)s.") % told,
                _("Nobody enrols under it yet: make an agreement next."),
            ],
            {"organization": self.customer.pk, "membership": made.pk},
        )

    def figures(self) -> Sequence[Figure]:
        opened = Membership.objects.filter(type=MembershipType.ORGANIZATION, organization=self.customer, current=True)
        return [Figure("programs", _("Programs it takes part in"), opened.count())]

    def shown_figures(self) -> Sequence[Figure]:
        """With who signs, as the agent may see them: a number mistyped names somebody else."""
        opened = Membership.objects.filter(type=MembershipType.ORGANIZATION, organization=self.customer, current=True)
        signed = [
            signed_for(self.actor, one, _("%(program)s: signed for by") % {"program": one.program.name})
            for one in opened.select_related("program")
        ]
        return [*self.figures(), *signed]

    def exits(self) -> Sequence[Way]:
        return [Way(_("Organization page"), page_of("organization", self.customer.pk))]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [
            Way(_("Make an agreement"), reverse("desk:agreement-new", args=[facts["membership"]]), main=True),
            Way(_("Organization page"), page_of("organization", facts["organization"])),
            Way(_("Opened by mistake: terminate it"), reverse("desk:terminate", args=[facts["membership"]])),
        ]

    def _suggested(self) -> list[tuple[str, str]]:
        """People of the organization, by number and name."""
        people = Affiliation.objects.filter(valid_on(today()), organization=self.customer).select_related("customer")
        return [
            (one.customer.number, shown_name(self.actor, one.customer))
            for one in people.order_by("pk")[:MOST_SUGGESTED]
        ]


class UmbrellaTask(MembershipTask):
    """About an organization's membership."""

    action = MANAGE

    def take(self, membership: Membership | None) -> None:
        super().take(membership)
        if self.membership.organization is None:
            raise Http404
        self.organization: Customer = self.membership.organization
        self.subject = f"{self.membership.number} · {self.organization.name or self.organization.number}"

    def customers(self) -> Iterable[int]:
        signing_ones = signing(self.membership.pk).values_list("customer_id", flat=True)
        return [self.organization.pk, *signing_ones]

    def exits(self) -> Sequence[Way]:
        return [organization_page(self.organization.pk)]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [organization_page(facts["organization"], main=True), membership_page(facts["membership"])]

    def facts(self) -> dict[str, Any]:
        return {"organization": self.organization.pk, "membership": self.membership.pk}

    def figures(self) -> Sequence[Figure]:
        rows = signing(self.membership.pk).select_related("customer").order_by("since", "pk")
        return [Figure("signatories", _("Signed for by"), ", ".join(row.customer.number for row in rows))]

    def shown_figures(self) -> Sequence[Figure]:
        return [signed_for(self.actor, self.membership, _("Signed for by"))]


class SignatoryForm(forms.Form):
    signatory = PersonField(label=gettext_lazy("Who signs"), help_text=gettext_lazy("Customer number."))


class AddSignatory(UmbrellaTask):
    title = gettext_lazy("Add a signatory")
    what = gettext_lazy(
        "Says who else signs for the organization. Whoever has signed for longest is asked for consent and owns the "
        "pool; the others follow."
    )
    confirm = gettext_lazy("Add")
    form_class = SignatoryForm

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        person = given["signatory"]
        add_signatory(self.membership, customer_id=person.pk, actor=self.actor)
        said = _("%(person)s signs for the organization too.") % {"person": person.number}
        return Outcome([said], self.facts())


class EndSignatoryForm(forms.Form):
    reason = ReasonField(suggestions=(gettext_lazy("The person has left"), gettext_lazy("Somebody else took over")))


class EndSignatory(UmbrellaTask):
    title = gettext_lazy("End a signatory")
    what = gettext_lazy(
        "The person signs for the organization no more. The one who has signed for longest among the others is asked "
        "from then on, and owns the pool. The last one stays until another is added."
    )
    confirm = gettext_lazy("End it")
    form_class = EndSignatoryForm

    def load(self, **kwargs: Any) -> None:
        found = OrganizationSignatory.objects.select_related("customer", "membership__organization")
        row = found.filter(pk=kwargs["pk"]).first()
        if row is None:
            raise Http404
        self.signatory: OrganizationSignatory = row
        super().load(pk=row.membership_id)

    def obstacles(self) -> Sequence[str]:
        if self.signatory.ended_at is not None:
            return [_("The person signs for the organization no more.")]
        return self.refusals(lambda: self._end("?"))

    def context(self) -> dict[str, Any]:
        return {"people": [shown_name(self.actor, self.signatory.customer)]}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        self._end(given["reason"])
        said = _("%(person)s signs no more.") % {"person": self.signatory.customer.number}
        return Outcome([said], self.facts())

    def _end(self, reason: str) -> object:
        return end_signatory(self.membership, customer_id=self.signatory.customer_id, actor=self.actor, reason=reason)


def signed_for(actor: Actor, umbrella: Membership, label: str) -> Figure:
    rows = signing(umbrella.pk).select_related("customer").order_by("since", "pk")
    return Figure(f"signatories {umbrella.pk}", label, ", ".join(told_name(actor, row.customer) for row in rows))


def organization_page(customer_id: int, *, main: bool = False) -> Way:
    return Way(_("Organization page"), page_of("organization", customer_id), main)
