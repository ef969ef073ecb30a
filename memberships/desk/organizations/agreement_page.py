"""The page of an agreement: its terms, every version old and new, and the memberships that stand under it."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from common.desk.outcomes import Way
from common.desk.pages import DeskPage
from memberships.agreement_terms import terms_of_version
from memberships.desk.changes.base import told_name
from memberships.desk.organizations.words import Names, agreement_row, names_in, terms_told
from memberships.models import AgreementVersion, InheritedAgreement, Member, OrganizationAgreement
from memberships.organization_overview import CANCELLED, AgreementView, agreement_view
from staff.models import User

MANAGE = "memberships:manage"
A_PAGE = 50


@dataclass(frozen=True, slots=True)
class VersionShown:
    """`lines`: label, before and after, of what is another than in the version before; of the first one everything."""

    version: AgreementVersion
    by: str
    lines: list[tuple[str, str, str]]
    is_first: bool


class AgreementPage(DeskPage):
    action = "memberships:read"
    section = "customers"
    template = "desk/organizations/agreement.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        found = OrganizationAgreement.objects.visible_to(self.actor).filter(pk=pk)
        agreement = found.select_related("program", "organization_membership__organization").first()
        if agreement is None:
            raise Http404
        self.allow(agreement.program_id)
        view, umbrella = agreement_view(agreement), agreement.organization_membership
        names = names_in(umbrella)
        rows, total, number, last = self._under(agreement)
        return self.draw(
            row=agreement_row(view),
            umbrella=umbrella,
            organization=umbrella.organization,
            program=agreement.program,
            zone=agreement.program.zone,
            versions=versions_shown(agreement, names),
            ways=self._ways(view),
            under=[(one, self._people(one)) for one in rows],
            total=total,
            shown=_("Page %(page)s of %(last)s") % {"page": number, "last": last} if last > 1 else "",
            first_page="?page=1#under" if number > 1 else "",
            next_page=f"?page={number + 1}#under" if number < last else "",
        )

    def _ways(self, view: AgreementView) -> list[Way]:
        one = view.agreement
        if not self.may(MANAGE, one.program_id) or view.state == CANCELLED:
            return []
        found = []
        if view.behind:
            found.append(Way(_("Apply it again"), reverse("desk:agreement-apply", args=[one.pk]), main=True))
        found.append(Way(_("Amend"), reverse("desk:agreement-amend", args=[one.pk]), main=not view.behind))
        found.append(Way(_("End"), reverse("desk:agreement-end", args=[one.pk])))
        if not InheritedAgreement.objects.filter(agreement=one).exists():
            found.append(Way(_("Cancel"), reverse("desk:agreement-cancel", args=[one.pk])))
        return found

    def _under(self, agreement: OrganizationAgreement) -> tuple[Sequence[InheritedAgreement], int, int, int]:
        """A page of those that stand under it, the oldest terms first; how many there are; which page of how many."""
        standing = InheritedAgreement.objects.filter(agreement=agreement, ended_at__isnull=True)
        total = standing.count()
        last = max(1, -(-total // A_PAGE))
        text = self.request.GET.get("page", "")
        number = min(int(text), last) if text.isascii() and text.isdigit() and text != "0" and len(text) < 9 else 1
        ordered = standing.select_related("membership").order_by("version", "membership")
        return list(ordered[(number - 1) * A_PAGE : number * A_PAGE]), total, number, last

    def _people(self, one: InheritedAgreement) -> list[tuple[int, str]]:
        members = Member.objects.filter(membership=one.membership_id, ended_at__isnull=True).select_related("customer")
        return [(row.customer_id, told_name(self.actor, row.customer)) for row in members[:3]]


def versions_shown(agreement: OrganizationAgreement, names: Names) -> list[VersionShown]:
    """The newest first, each beside the one before it."""
    rows = list(AgreementVersion.objects.filter(agreement=agreement).order_by("version"))
    users = dict(User.objects.filter(pk__in=[row.user_id for row in rows if row.user_id]).values_list("pk", "username"))
    shown: list[VersionShown] = []
    before: dict[str, tuple[str, str]] = {}
    for row in rows:
        after = terms_told(terms_of_version(row), names)
        lines = [
            (label, before.get(key, ("", ""))[1], value)
            for key, (label, value) in after.items()
            if before.get(key, ("", ""))[1] != value
        ]
        shown.append(VersionShown(row, users.get(row.user_id or 0, ""), lines, not before))
        before = after
    return shown[::-1]
