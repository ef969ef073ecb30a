"""Tasks about agreements: made, amended to a new version, ended, cancelled (domain 1.8)."""

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import Http404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.clock import program_now
from common.desk.fields import DayField, ReasonField
from common.desk.links import page_of
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import day, figure
from memberships.agreement_terms import terms_of
from memberships.agreements import amend_agreement, cancel_agreement, end_agreement, make_agreement
from memberships.desk.organizations.agreement_form import AgreementTermsForm, AmendForm, initial_of
from memberships.desk.organizations.opening import UmbrellaTask, organization_page
from memberships.desk.organizations.words import names_in, terms_told
from memberships.models import InheritedAgreement, OrganizationAgreement

AGREED = gettext_lazy("Agreed with the organization")


class NewAgreement(UmbrellaTask):
    title = gettext_lazy("New agreement")
    what = gettext_lazy(
        "Says what people of the organization get when they enrol: tiers, benefits, and whose points they collect. It "
        "holds for who enrols or joins from its first day on; memberships there are already stay as they are."
    )
    confirm = gettext_lazy("Make the agreement")
    form_class = AgreementTermsForm
    form_template = "desk/organizations/agreement_form.html"

    def obstacles(self) -> Sequence[str]:
        if not self.membership.current:
            return [_("The organization's membership has ended: open a new one first.")]
        return ()

    def form_options(self) -> dict[str, Any]:
        return {"umbrella": self.membership}

    def initial(self) -> dict[str, Any]:
        return {"valid_from": program_now(self.membership.program).astimezone(self.design.zone).date()}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        form = self.make_form(self.request.POST)
        form.is_valid()
        terms = form.terms()
        made = make_agreement(self.membership, terms, actor=self.actor)
        says = [
            *(f"{label}: {value}" for label, value in terms_told(terms, names_in(self.membership)).values()),
            _("It touches nobody yet: it holds for who enrols or joins from now on."),
        ]
        return Outcome(says, {**self.facts(), "agreement": made.pk})

    def figures(self) -> Sequence[Figure]:
        count = OrganizationAgreement.objects.filter(organization_membership=self.membership).count()
        return [Figure("agreements", _("Agreements"), count)]

    def shown_figures(self) -> Sequence[Figure]:
        return self.figures()

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [
            agreement_way(facts["agreement"], main=True),
            organization_page(facts["organization"]),
            Way(_("Made by mistake: cancel it"), reverse("desk:agreement-cancel", args=[facts["agreement"]])),
        ]


class AgreementTask(UmbrellaTask):
    """About one agreement."""

    agreement: OrganizationAgreement

    def load(self, **kwargs: Any) -> None:
        found = OrganizationAgreement.objects.visible_to(self.actor).select_related("program", "employee_group")
        row = found.filter(pk=kwargs["pk"]).first()
        if row is None:
            raise Http404
        self.agreement = row
        super().load(pk=row.organization_membership_id)
        self.subject = f"{row.name} · {self.organization.name or self.organization.number}"

    @property
    def count(self) -> int:
        """Memberships that stand under it."""
        return InheritedAgreement.objects.filter(agreement=self.agreement, ended_at__isnull=True).count()

    def figures(self) -> Sequence[Figure]:
        row = OrganizationAgreement.objects.get(pk=self.agreement.pk)
        told = terms_told(terms_of(row), names_in(self.membership))
        lines = [Figure(key, label, value) for key, (label, value) in told.items()]
        return [Figure("version", _("Version"), row.version), *lines, Figure("count", _("Memberships"), self.count)]

    def shown_figures(self) -> Sequence[Figure]:
        return self.figures()

    def facts(self) -> dict[str, Any]:
        return {**super().facts(), "agreement": self.agreement.pk}

    def exits(self) -> Sequence[Way]:
        return [agreement_way(self.agreement.pk), *super().exits()]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        return [agreement_way(facts["agreement"], main=True), organization_page(facts["organization"])]


class Amend(AgreementTask):
    title = gettext_lazy("Amend the agreement")
    what = gettext_lazy(
        "Makes a new version for who enrols or joins from now on. Memberships that stand under the agreement keep the "
        "version they were made under, until you apply it again."
    )
    confirm = gettext_lazy("Amend")
    form_class = AmendForm
    form_template = "desk/organizations/agreement_form.html"

    def form_options(self) -> dict[str, Any]:
        return {"umbrella": self.membership}

    def initial(self) -> dict[str, Any]:
        terms = initial_of(terms_of(self.agreement), self.membership.program_id)
        return terms | {"version": self.agreement.version}

    def obstacles(self) -> Sequence[str]:
        terms = terms_of(self.agreement)
        return self.refusals(lambda: amend_agreement(self.agreement, terms, actor=self.actor, reason="?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        form = self.make_form(self.request.POST)
        form.is_valid()
        before = self.agreement.version
        row = amend_agreement(
            self.agreement, form.terms(), actor=self.actor, reason=given["reason"], expected_version=given["version"]
        )
        if row.version == before:
            return Outcome([_("These are the terms it has: nothing changes.")], self.facts())
        said = _("Version %(version)s holds for who enrols or joins from now on.") % {"version": row.version}
        return Outcome([said, touched_told(self.count)], self.facts())

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        apply = Way(
            _("Apply it to the memberships there are"), reverse("desk:agreement-apply", args=[facts["agreement"]])
        )
        first, *others = super().ways(facts)
        return [first, apply, *others]


class EndForm(forms.Form):
    last_day = DayField(label=gettext_lazy("Last day"), help_text=gettext_lazy("It still belongs to the agreement."))
    reason = ReasonField(suggestions=(AGREED, gettext_lazy("Not renewed")))


class EndAgreement(AgreementTask):
    title = gettext_lazy("End the agreement")
    what = gettext_lazy(
        "Nobody enrols under it after its last day. Memberships that stand under it go on with what they inherited, "
        "for as long as they inherited it."
    )
    confirm = gettext_lazy("End it")
    form_class = EndForm

    def obstacles(self) -> Sequence[str]:
        if self.agreement.cancelled_at is not None:
            return [_("It was cancelled.")]
        return ()

    def initial(self) -> dict[str, Any]:
        today = program_now(self.membership.program).astimezone(self.design.zone).date()
        return {"last_day": self.agreement.valid_until or max(today, self.agreement.valid_from)}

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        before = self.agreement.version
        row = end_agreement(self.agreement, last_day=given["last_day"], actor=self.actor, reason=given["reason"])
        if row.version == before:
            return Outcome([_("It ends on that day already: nothing changes.")], self.facts())
        said = _("Nobody enrols under it after %(day)s.") % {"day": day(given["last_day"])}
        return Outcome([said, touched_told(self.count)], self.facts())

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        amend = Way(_("Take it back: amend its last day"), reverse("desk:agreement-amend", args=[facts["agreement"]]))
        return [*super().ways(facts), amend]


class CancelForm(forms.Form):
    reason = ReasonField(suggestions=(gettext_lazy("Entered by mistake"), gettext_lazy("Never signed")))


class CancelAgreement(AgreementTask):
    title = gettext_lazy("Cancel the agreement")
    what = gettext_lazy("As if it had never been made; possible only while nobody has enrolled under it.")
    confirm = gettext_lazy("Cancel the agreement")
    form_class = CancelForm
    for_ever = True

    def obstacles(self) -> Sequence[str]:
        return self.refusals(lambda: cancel_agreement(self.agreement, actor=self.actor, reason="?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        cancel_agreement(self.agreement, actor=self.actor, reason=given["reason"])
        return Outcome([_("The agreement is cancelled. Another one may be made for the same days.")], self.facts())

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        anew = Way(_("New agreement"), reverse("desk:agreement-new", args=[facts["membership"]]))
        return [organization_page(facts["organization"], main=True), anew]


def touched_told(count: int) -> str:
    if not count:
        return _("Nobody stands under it.")
    said = _("%(count)s memberships stand under it; none of them changes until it is applied again.")
    return said % {"count": figure(count)}


def agreement_way(agreement_id: int, *, main: bool = False) -> Way:
    return Way(_("Agreement"), page_of("agreement", agreement_id), main)
