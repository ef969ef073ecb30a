"""/desk/changes: what waits for whom until when, and what became of the others."""

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from common.desk.fields import offer
from common.desk.pages import DeskPage
from customers.desk.tasks import shown_name
from memberships.changes.waiting import Waiting, changes_with_parties, waiting
from memberships.desk.changes.base import PROPOSE, title_of
from memberships.models import ChangeKind, ChangeStatus, MembershipChange
from programs.models import Program

PAGE = 25
# Of a pool of hundreds the list names the first ones.
MOST_NAMES = 4
OPEN, ALL = "open", "all"
BADGES = {
    ChangeStatus.AWAITING_CONSENT: "warn",
    ChangeStatus.AGREED: "info",
    ChangeStatus.CARRIED_OUT: "good",
    ChangeStatus.REFUSED: "bad",
    ChangeStatus.LAPSED: "bad",
}
LARGEST_ID = 2**63 - 1


class FilterForm(forms.Form):
    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False)
    kind = forms.ChoiceField(label=gettext_lazy("Kind"), required=False)
    program = forms.ChoiceField(label=gettext_lazy("Program"), required=False)

    def __init__(self, *args: Any, programs: list[Program], **options: Any) -> None:
        super().__init__(*args, **options)
        offer(self, "status", [("", _("open: waiting or agreed")), (ALL, _("all")), *ChangeStatus.choices])
        offer(self, "kind", [("", _("every kind")), *ChangeKind.choices])
        offer(self, "program", [("", _("every program")), *((one.code, one.name) for one in programs)])


class Changes(DeskPage):
    action = "memberships:read"
    section = "changes"
    template = "desk/changes/list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        programs = list(Program.objects.visible_to(self.actor).order_by("name"))
        form = FilterForm(request.GET, programs=programs)
        given = form.cleaned_data if form.is_valid() else {}
        found = list(self._chosen(given)[: PAGE + 1])
        shown = [self._row(waiting(one)) for one in found[:PAGE]]
        return self.draw(
            form=form,
            rows=shown,
            filtered=any(given.values()),
            may_propose=self.may(PROPOSE),
            next_page=self._page(given, before=found[PAGE - 1].pk) if len(found) > PAGE else "",
            first_page=self._page(given) if request.GET.get("before") else "",
        )

    def _chosen(self, given: dict[str, str]) -> QuerySet[MembershipChange]:
        found = changes_with_parties(self.actor)
        programs = self.actor.programs_for(self.action)
        if programs is not None:
            found = found.filter(program_id__in=programs)
        if not given.get("status"):
            found = found.filter(is_open=True)
        elif given["status"] != ALL:
            found = found.filter(status=given["status"])
        if given.get("kind"):
            found = found.filter(kind=given["kind"])
        if given.get("program"):
            found = found.filter(program__code=given["program"])
        before = self.request.GET.get("before", "")
        if before.isascii() and before.isdigit() and int(before) <= LARGEST_ID:
            found = found.filter(pk__lt=int(before))
        return found

    def _row(self, one: Waiting) -> dict[str, Any]:
        change = one.change
        names = [(person.pk, shown_name(self.actor, person)) for person in one.missing]
        return {
            "change": change,
            "title": title_of(change),
            "status": ChangeStatus.LAPSED.label if one.overdue else change.get_status_display(),
            "badge": BADGES.get(ChangeStatus.LAPSED if one.overdue else ChangeStatus(change.status), ""),
            "memberships": list(memberships_of(change))[:MOST_NAMES],
            "missing": names[:MOST_NAMES],
            "more": max(0, len(names) - MOST_NAMES),
            "zone": change.program.zone,
        }

    def _page(self, given: dict[str, str], **more: int) -> str:
        query = {name: value for name, value in given.items() if value} | more
        return f"{self.request.path}?{urlencode(query)}" if query else self.request.path


def memberships_of(change: MembershipChange) -> Iterator[Any]:
    """The affected ones; a draft has no parties yet."""
    parties = [party.membership for party in change.parties.all()]
    yield from parties or [one for one in (change.prime, change.secondary) if one is not None]
