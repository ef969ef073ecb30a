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
from memberships.models import Member, Membership
from programs.life import terms_in_force
from programs.models import Program, ProgramStatus, ProgramTerms

MANAGE = "memberships:manage"


@dataclass(frozen=True)
class Offer:
    """A program one may enrol in now, with its terms in force; or why not."""

    program: Program
    terms: ProgramTerms | None = None
    why_not: str = ""


class EnrolForm(forms.Form):
    """A box per program, and one for its terms."""

    def __init__(self, *args: Any, offers: Sequence[Offer] = (), **options: Any) -> None:
        super().__init__(*args, **options)
        self.offers = offers
        for offer in offers:
            self.fields[f"enrol-{offer.program.pk}"] = forms.BooleanField(
                label=offer.program.name, required=False, initial=len(offers) == 1
            )
            if offer.terms is not None:
                must = _("The customer accepted these terms")
                may = _("The customer accepted these terms (not needed)")
                self.fields[f"accept-{offer.program.pk}"] = forms.BooleanField(
                    label=must if offer.terms.must_accept else may, required=False
                )

    def rows(self) -> list[tuple[Offer, Any, Any]]:
        """Each offer with its two bound fields, for the template."""
        return [
            (one, self[f"enrol-{one.program.pk}"], self[f"accept-{one.program.pk}"] if one.terms else None)
            for one in self.offers
        ]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        chosen = [one for one in self.offers if given.get(f"enrol-{one.program.pk}")]
        if not chosen:
            raise forms.ValidationError(_("Choose at least one program."))
        for one in chosen:
            if one.terms is not None and one.terms.must_accept and not given.get(f"accept-{one.program.pk}"):
                self.add_error(f"accept-{one.program.pk}", _("Read the terms to the customer and have them accepted."))
        return given


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
        return Offer(program, terms_in_force(program))

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
            made = enrol_in_several(self.customer, programs=chosen, actor=self.actor, accepted=accepted)
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
    return " ".join([_("%(program)s: %(status)s at once, one card.") % told, *term_told(row)])
