"""Enrol a customer in one program or several at once, with the terms of each shown in full (domain 1.2, 1.4)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.clock import program_now
from common.desk.outcomes import Figure, Outcome, Way
from common.errors import LoyaltyError
from customers.desk.tasks import CustomerTask, customer_page
from customers.models import CustomerStatus
from memberships import admission
from memberships.desk.figures import term_told
from memberships.desk.tasks import membership_page
from memberships.enrolment import enrol_in_several
from memberships.errors import EnrolmentsRefused
from memberships.models import AgreementForm, Member, Membership
from memberships.organizations import umbrellas_of_person
from memberships.umbrellas import Inheritance, find_inheritance
from programs.design import design_of
from programs.life import terms_in_force
from programs.models import Benefit, Program, ProgramStatus, ProgramTerms

MANAGE = "memberships:manage"


PLAINLY = "plainly"


@dataclass(frozen=True)
class Offer:
    """A program one may enrol in now, with its terms in force; or why not.

    `under` are the organizations of the person, each with the agreement the person would stand under; `barred` says of
    which of them there is none now, and why.
    """

    program: Program
    terms: ProgramTerms | None = None
    why_not: str = ""
    under: tuple[tuple[int, str], ...] = ()
    barred: tuple[str, ...] = ()


class EnrolForm(forms.Form):
    """A box per program, and one for its terms."""

    def __init__(self, *args: Any, offers: Sequence[Offer] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.offers = offers
        for offer in offers:
            self.fields[f"enrol-{offer.program.pk}"] = forms.BooleanField(
                label=offer.program.name, required=False, initial=len(offers) == 1
            )
            if offer.under:
                self.fields[f"under-{offer.program.pk}"] = _choice_of(offer)
            if offer.terms is not None:
                must = _("The customer accepted these terms")
                may = _("The customer accepted these terms (not needed)")
                self.fields[f"accept-{offer.program.pk}"] = forms.BooleanField(
                    label=must if offer.terms.must_accept else may, required=False
                )

    def rows(self) -> list[tuple[Offer, Any, Any, Any]]:
        """Each offer with its bound fields, for the template."""
        return [
            (
                one,
                self[f"enrol-{one.program.pk}"],
                self[f"under-{one.program.pk}"] if one.under else None,
                self[f"accept-{one.program.pk}"] if one.terms else None,
            )
            for one in self.offers
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        chosen = [one for one in self.offers if given.get(f"enrol-{one.program.pk}")]
        if not chosen:
            raise forms.ValidationError(_("Choose at least one program."))
        for one in chosen:
            if one.under and given.get(f"under-{one.program.pk}", "") == "":
                self.add_error(f"under-{one.program.pk}", _("Choose an organization, or none."))
            if one.terms is not None and one.terms.must_accept and not given.get(f"accept-{one.program.pk}"):
                self.add_error(f"accept-{one.program.pk}", _("Read the terms to the customer and have them accepted."))
        return given


def _choice_of(offer: Offer) -> forms.TypedChoiceField:
    """The organization's customer id, or None for plainly; chosen already where there is one."""
    return forms.TypedChoiceField(
        label=_("Under an agreement"),
        choices=[*offer.under, (PLAINLY, _("Plainly, under no agreement"))],
        initial=offer.under[0][0] if len(offer.under) == 1 else None,
        widget=forms.RadioSelect,
        coerce=lambda value: None if value == PLAINLY else int(value),
        empty_value="",
        required=len(offer.under) == 1,
    )


class Enrol(CustomerTask):
    action = MANAGE
    title = gettext_lazy("Enrol in a program")
    what = gettext_lazy(
        "Makes a membership with its own number and card in each program chosen: all of them, or none if one refuses."
    )
    confirm = gettext_lazy("Enrol")
    dense = True
    form_class = EnrolForm
    form_template = "desk/tasks/enrol_form.html"

    def load(self, **kwargs: Any) -> None:
        super().load(**kwargs)
        programs = [one for one in Program.objects.visible_to(self.actor) if self.may(MANAGE, one.pk)]
        taking_part = Member.objects.filter(customer=self.customer, current=True, ended_at__isnull=True)
        known = set(taking_part.values_list("program_id", flat=True))
        # A draft is nobody's business yet, and a closed program never comes back.
        open_ones = [one for one in programs if one.status in (ProgramStatus.RELEASED, ProgramStatus.LOCKED)]
        self.offers = [self._offer(one) for one in open_ones if one.pk not in known]

    def _offer(self, program: Program) -> Offer:
        at = program_now(program)
        try:
            admission.refuse_unless_open(program, at=at)
            admission.refuse_cooling_down(self.customer.pk, program=program, at=at)
        except LoyaltyError as error:
            return Offer(program, why_not=error.message)
        under, barred = self._under(program)
        return Offer(program, terms_in_force(design_of(program.pk)), under=under, barred=barred)

    def _under(self, program: Program) -> tuple[tuple[tuple[int, str], ...], tuple[str, ...]]:
        """By organization the agreement the person would stand under, and why another one has none."""
        at = program_now(program)
        day = at.astimezone(program.zone).date()
        found, barred = [], []
        for umbrella in umbrellas_of_person(program.pk, customer_id=self.customer.pk, day=day):
            asked: dict[str, Any] = {"organization_id": umbrella.organization_id, "at": at, "lock": False}
            try:
                inheritance = find_inheritance(program, customer_id=self.customer.pk, **asked)
            except LoyaltyError as error:
                barred.append(error.message)
            else:
                found.append((umbrella.organization_id or 0, _told(inheritance)))
        return tuple(found), tuple(barred)

    def obstacles(self) -> Sequence[str]:
        if self.customer.status != CustomerStatus.ACTIVE:
            status = {"status": self.customer.get_status_display()}
            return [
                _("The customer is %(status)s; only an active one can enrol. Reactivate the customer first.") % status
            ]
        if all(one.why_not for one in self.offers):
            return [
                _("There is no program the customer could join now, with your rights."),
                *(one.why_not for one in self.offers),
            ]
        return ()

    def form_options(self) -> dict[str, Any]:
        return {"offers": [one for one in self.offers if not one.why_not]}

    def context(self) -> dict[str, Any]:
        return {**super().context(), "barred": [one for one in self.offers if one.why_not]}

    def initial(self) -> dict[str, Any]:
        wanted = self.request.GET.get("program", "")
        return {f"enrol-{one.program.pk}": True for one in self.offers if one.program.code == wanted}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        chosen = [one.program for one in self.offers if given.get(f"enrol-{one.program.pk}")]
        accepted = {one.pk for one in chosen if given.get(f"accept-{one.pk}")}
        try:
            made = enrol_in_several(
                self.customer,
                programs=chosen,
                actor=self.actor,
                accepted=accepted,
                organizations={one.pk: given.get(f"under-{one.pk}") for one in chosen},
            )
        except EnrolmentsRefused as error:
            causes = [one["detail"] for one in error.facts["outcomes"] if one["code"]]
            raise EnrolmentsRefused(" ".join([error.message, *causes]), facts=error.facts) from error
        return Outcome(
            [_said(one) for one in made],
            {"customer": self.customer.pk, "memberships": [[one.pk, one.program.name] for one in made]},
        )

    def figures(self) -> Sequence[Figure]:
        members = Member.objects.filter(customer=self.customer, current=True, ended_at__isnull=True)
        return [Figure("memberships", _("Memberships"), members.count())]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found: list[Way] = []
        for pk, program in facts["memberships"]:
            page = membership_page(pk)
            found.append(Way(f"{page.label}: {program}", page.url, main=not found))
        return [*found, customer_page(facts["customer"])]


def _said(row: Membership) -> str:
    """How the new membership starts."""
    told = {"program": row.program.name, "status": row.get_status_display()}
    return " ".join([_("%(program)s: %(status)s at once, one card.") % told, *_inherited(row), *term_told(row)])


def _inherited(row: Membership) -> list[str]:
    inherited = row.inherited.select_related("agreement").first()
    if inherited is None:
        return []
    told = {"agreement": inherited.agreement.name, "version": inherited.version}
    said = [_("Under agreement “%(agreement)s”, version %(version)s.") % told]
    if inherited.form == AgreementForm.SHARED:
        said.append(_("Points go to the organization's account and are redeemed from it."))
    return said


def _told(found: Inheritance) -> str:
    """The organization, its agreement, and what it gives."""
    organization = found.umbrella.organization
    gives = [str(tier) for tier in found.tiers]
    gives += Benefit.objects.filter(pk__in=found.terms.benefits).order_by("name").values_list("name", flat=True)
    told = {"organization": organization.name if organization is not None else "", "agreement": found.terms.name}
    said = [_("%(organization)s, “%(agreement)s”") % told, str(AgreementForm(found.terms.form).label), *gives]
    return "; ".join(said)
