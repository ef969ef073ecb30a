"""Leave an organization: one person, or everybody under it (domain 1.8)."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import ReasonField
from common.desk.outcomes import Figure, Outcome, Way
from common.desk.words import figure
from customers.desk.tasks import customer_page
from memberships.agreement_terms import terms_of_version
from memberships.desk.organizations.opening import UmbrellaTask, organization_page
from memberships.desk.organizations.words import leaving_told
from memberships.desk.tasks import MembershipTask, membership_page
from memberships.leaving_organization import LeaveLine, leave_all, leave_organization
from memberships.models import (
    AgreementVersion,
    InheritedAgreement,
    Membership,
    MembershipBenefit,
    TierStanding,
)
from points.balances import balances_of
from programs.design import design_of

# One request lets so many leave; the receipt leads to the others.
A_RUN = 100
MOST_TOLD = 30


class LeaveForm(forms.Form):
    reason = ReasonField(suggestions=(gettext_lazy("The person has left"), gettext_lazy("Told by the organization")))


class LeaveOrganization(MembershipTask):
    action = "memberships:manage"
    title = gettext_lazy("Leave the organization")
    what = gettext_lazy(
        "The person keeps the membership with its number and cards. What the agreement gave ends; points in the "
        "organization's pool are divided by the leaving rule the person accepted at enrolment. Nobody is asked again."
    )
    confirm = gettext_lazy("Leave")
    form_class = LeaveForm

    def take(self, membership: Membership | None) -> None:
        super().take(membership)
        self.umbrella = self.membership.organization_membership

    def obstacles(self) -> Sequence[str]:
        if self.umbrella is None:
            return [_("The membership stands under no organization.")]
        return self.refusals(lambda: self._leave("?"))

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        says = [_("The membership goes on by itself, with its number and cards."), self._rule()]
        self._leave(given["reason"])
        people = [member.customer_id for member in self.members]
        organization = self.umbrella and self.umbrella.organization_id
        return Outcome(says, {"membership": self.membership.pk, "customer": people[0], "organization": organization})

    def customers(self) -> Iterable[int]:
        organization = self.umbrella.organization_id if self.umbrella else None
        return [*super().customers(), *([organization] if organization else ())]

    def figures(self) -> Sequence[Figure]:
        return standing_under(self.membership.pk, self.umbrella.pool_id if self.umbrella else None)

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = [membership_page(facts["membership"], main=True), customer_page(facts["customer"])]
        if facts["organization"]:
            found.append(organization_page(facts["organization"]))
        playbook = f"{reverse('desk:playbook-employee-left')}?customer={facts['customer']}"
        return [*found, Way(_("Playbook: employee left"), playbook)]

    def _leave(self, reason: str) -> object:
        return leave_organization(self.membership, actor=self.actor, reason=reason)

    def _rule(self) -> str:
        """What becomes of the points, by the version the person accepted."""
        row = InheritedAgreement.objects.filter(membership=self.membership, ended_at__isnull=True).first()
        version = row and AgreementVersion.objects.filter(agreement=row.agreement_id, version=row.version).first()
        if not row or not version:
            return _("The person keeps their own points.")
        told = leaving_told(terms_of_version(version).leaving_rule, row.form)
        return _("By the agreement: %(rule)s.") % {"rule": told}


class LeaveAll(UmbrellaTask):
    title = gettext_lazy("Let everybody leave the organization")
    what = gettext_lazy(
        "Every membership under the organization goes on by itself, each by the leaving rule it was made under, as if "
        "all left on the same day. For an organization that ends its cooperation."
    )
    confirm = gettext_lazy("Let them leave")
    form_class = LeaveForm
    for_ever = True

    def obstacles(self) -> Sequence[str]:
        if not self._under().exists():
            return [_("Nobody stands under it.")]
        return ()

    def carry_out(self, given: dict[str, Any]) -> Outcome:
        done = leave_all(self.membership, actor=self.actor, reason=given["reason"], limit=A_RUN)
        says = [_("%(count)s memberships leave.") % {"count": figure(done.left)}]
        says += [_line(one) for one in done.lines[:MOST_TOLD]]
        if len(done.lines) > MOST_TOLD:
            says.append(_("... and %(count)s more of the same.") % {"count": figure(len(done.lines) - MOST_TOLD)})
        says += [_("%(number)s stays: %(why)s") % {"number": number, "why": why} for number, why in done.refused]
        remaining = done.remaining - len(done.refused)
        if remaining:
            says.append(_("%(count)s more remain: do it once more.") % {"count": figure(remaining)})
        return Outcome(says, {**self.facts(), "remaining": remaining})

    def figures(self) -> Sequence[Figure]:
        return [
            Figure("under", _("Memberships under it"), self._under().count()),
            *pool_figures(self.membership.pool_id, self.membership.program_id),
        ]

    def shown_figures(self) -> Sequence[Figure]:
        return self.figures()

    def customers(self) -> Iterable[int]:
        return [self.organization.pk]

    def ways(self, facts: dict[str, Any]) -> Sequence[Way]:
        found = super().ways(facts)
        if not facts["remaining"]:
            return found
        again = Way(_("Go on with the others"), reverse("desk:leave-all", args=[facts["membership"]]), main=True)
        return [again, *(Way(one.label, one.url) for one in found)]

    def _under(self) -> Any:
        return Membership.objects.filter(organization_membership=self.membership, current=True)


def _line(one: LeaveLine) -> str:
    taken = ", ".join(f"{figure(points)} {code}" for code, points in one.takes.items() if points)
    if not one.rule:
        return _("%(number)s keeps the points of its own.") % {"number": one.number}
    if not taken:
        return _("%(number)s takes nothing out of the pool.") % {"number": one.number}
    return _("%(number)s takes %(points)s out of the pool.") % {"number": one.number, "points": taken}


def standing_under(membership_id: int, pool_id: int | None) -> list[Figure]:
    """Type, organization, agreement, tiers, benefits and points of one membership, and of the pool it may use."""
    row = Membership.objects.select_related("organization_membership__organization").get(pk=membership_id)
    organization = row.organization_membership.organization if row.organization_membership else None
    under = InheritedAgreement.objects.filter(membership=row, ended_at__isnull=True).select_related("agreement").first()
    tiers = TierStanding.objects.filter(membership=row, ended_at__isnull=True).select_related("tier").order_by("group")
    given = MembershipBenefit.objects.filter(membership=row, ended_at__isnull=True).select_related("benefit")
    told = {"name": under.agreement.name, "version": under.version} if under else {}
    agreement = _("%(name)s, version %(version)s") % told if told else None
    return [
        Figure("type", _("Type"), row.get_type_display()),
        Figure("umbrella", _("Organization"), organization and (organization.name or organization.number)),
        Figure("agreement", _("Agreement"), agreement),
        Figure("tiers", _("Tiers"), ", ".join(one.tier.name for one in tiers), always=False),
        Figure("benefits", _("Benefits of its own"), ", ".join(one.benefit.name for one in given), always=False),
        *own_figures(row),
        *pool_figures(pool_id, row.program_id),
    ]


def own_figures(row: Membership) -> list[Figure]:
    design = design_of(row.program_id)
    return [
        Figure(f"own/{one['point_type']}", _("%(name)s of its own") % {"name": name}, one["balance"])
        for one in balances_of([row.own_set_id], design=design)[row.own_set_id]
        for name in [design.by_code[one["point_type"]].name]
    ]


def pool_figures(pool_id: int | None, program_id: int) -> list[Figure]:
    if pool_id is None:
        return []
    design = design_of(program_id)
    return [
        Figure(f"pool/{one['point_type']}", _("%(name)s in the pool") % {"name": name}, one["balance"])
        for one in balances_of([pool_id], design=design)[pool_id]
        for name in [design.by_code[one["point_type"]].name]
    ]
