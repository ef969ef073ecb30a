"""Playbook: somebody has left the organization they worked for (domain 1.8)."""

from collections.abc import Iterator
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.links import page_of
from common.desk.outcomes import Way
from common.desk.words import day
from customers.affiliations import affiliations_of, today
from customers.models import Affiliation
from memberships.desk.changes.playbooks import DONE, LATER, NOT_NEEDED, NOW, Playbook, PlayStep
from memberships.models import AgreementForm, InheritedAgreement, Membership, OrganizationSignatory

MANAGE, WRITE = "memberships:manage", "customers:write"


class EmployeeLeft(Playbook):
    action = MANAGE
    section = "customers"
    title = gettext_lazy("Playbook: employee left")
    what = gettext_lazy(
        "Somebody no longer works for an organization. Say until which day they belonged to it, then let their "
        "memberships leave: numbers, cards and points of their own stay, what the agreement gave ends. What becomes of "
        "points in the organization's pool was agreed at enrolment, so nobody is asked again."
    )
    nothing = gettext_lazy("No membership of this person stands under an organization: nothing more is to be done.")

    def before(self) -> Iterator[PlayStep]:
        found = affiliations_of(self.customer.pk)
        if not found:
            how = _("The person was never entered as belonging to an organization.")
            yield PlayStep(_("End the affiliation"), NOT_NEEDED, how)
        for row in found:
            yield self._affiliation(row)
        signing = OrganizationSignatory.objects.filter(customer=self.customer, ended_at__isnull=True)
        for signatory in signing.select_related("membership__organization", "membership__program"):
            if self.may(MANAGE, signatory.program_id):
                yield self._signatory(signatory)

    def wanted(self, membership: Membership) -> bool:
        under = InheritedAgreement.objects.filter(membership=membership)
        return membership.organization_membership_id is not None or (bool(membership.current) and under.exists())

    def steps(self, membership: Membership) -> Iterator[PlayStep]:
        yield self._leave(membership)
        if membership.current:
            ways = (Way(_("Terminate"), reverse("desk:terminate", args=[membership.pk])),)
            how = _("Only if the person wants no membership any more.")
            yield PlayStep(_("End the membership"), NOT_NEEDED, how, ways)

    def _affiliation(self, row: Affiliation) -> PlayStep:
        title = _("Say when they left %(name)s") % {"name": row.organization.name or row.organization.number}
        way = Way(_("Enter the last day"), reverse("desk:affiliation-end", args=[row.pk]), main=True)
        to_organization = Way(_("Organization page"), page_of("organization", row.organization_id))
        if row.valid_until is None and not self.may(WRITE):
            return PlayStep(title, NOW, _("It takes the right customers:write."), (to_organization,))
        if row.valid_until is None:
            how = _("Belongs to it since %(day)s, without an end.") % {"day": day(row.valid_from)}
            return PlayStep(title, NOW, how, (way, to_organization))
        correct = Way(_("Correct the day"), way.url)
        said = _("Belongs to it until %(day)s.") if row.valid_until >= today() else _("Belonged to it until %(day)s.")
        return PlayStep(title, DONE, said % {"day": day(row.valid_until)}, (correct, to_organization))

    def _signatory(self, signatory: OrganizationSignatory) -> PlayStep:
        umbrella: Any = signatory.membership
        told = {"program": umbrella.program.name, "name": umbrella.organization.name}
        how = _("The person signs for %(name)s in %(program)s and would go on being asked for consent.") % told
        others = OrganizationSignatory.objects.filter(membership=signatory.membership_id, ended_at__isnull=True)
        add = Way(_("Add a signatory"), reverse("desk:signatory-add", args=[signatory.membership_id]), main=True)
        end = Way(_("End it"), reverse("desk:signatory-end", args=[signatory.pk]), main=True)
        only = others.count() == 1
        return PlayStep(_("Have somebody else sign"), NOW, how, (add,) if only else (end,))

    def _leave(self, membership: Membership) -> PlayStep:
        title = _("Let the membership leave the organization")
        last = (
            InheritedAgreement.objects.filter(membership=membership)
            .select_related("agreement")
            .order_by("-since", "-pk")
            .first()
        )
        if membership.organization_membership_id is None:
            left = last and last.ended_at and day(last.ended_at, membership.program.zone)
            return PlayStep(title, DONE, _("Left on %(day)s; it goes on by itself.") % {"day": left})
        shared = last is not None and last.form == AgreementForm.SHARED
        how = (
            _("Its points are in the organization's pool; the preview shows what the person takes along.")
            if shared
            else _("Its points are the person's own and stay.")
        )
        url = reverse("desk:leave-organization", args=[membership.pk])
        ahead = self._last_day(membership)
        if ahead:
            told = {"day": ahead, "how": how}
            said = _("The person belongs to it until %(day)s: do this the day after. %(how)s") % told
            return PlayStep(title, LATER, said, (Way(_("Leave already now"), url),))
        return PlayStep(title, NOW, how, (Way(_("Leave"), url, main=True),))

    def _last_day(self, membership: Membership) -> str:
        """Until when the person belongs to the organization, where that day is still to come."""
        umbrella: Any = membership.organization_membership
        rows = [one for one in affiliations_of(self.customer.pk) if one.organization_id == umbrella.organization_id]
        ends = [one.valid_until for one in rows if one.valid_until is not None and one.valid_until >= today()]
        return day(max(ends)) if ends else ""
