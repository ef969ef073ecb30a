"""/desk/activities: what members did, the newest first; what failed waits here for somebody."""

from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy

from activities.activity_log import READ, Asked, log_page
from activities.models import ActivityStatus, ActivityType, MemberActivity
from common.desk.fields import offer
from common.desk.pages import DeskPage
from memberships.models import Membership
from programs.models import Program

LARGEST_ID = 2**63 - 1
BADGES = {
    ActivityStatus.PROCESSED: "good",
    ActivityStatus.FAILED: "bad",
    ActivityStatus.REFUSED: "warn",
    ActivityStatus.RECEIVED: "info",
    ActivityStatus.REVERSED: "",
}


class FilterForm(forms.Form):
    program = forms.ChoiceField(label=gettext_lazy("Program"), required=False)
    status = forms.ChoiceField(label=gettext_lazy("Status"), required=False)
    type = forms.ChoiceField(label=gettext_lazy("What"), required=False)
    membership = forms.CharField(label=gettext_lazy("Member number"), required=False, max_length=40)
    reference = forms.CharField(label=gettext_lazy("Reference"), required=False, max_length=80)

    def __init__(self, *args: Any, programs: list[Program], **options: Any) -> None:
        super().__init__(*args, **options)
        self.programs = {one.code: one.pk for one in programs}
        types = ActivityType.objects.filter(program__in=programs).order_by("code").values_list("code", "name")
        offer(self, "program", [("", gettext_lazy("every program")), *((one.code, one.name) for one in programs)])
        offer(self, "status", [("", gettext_lazy("every status")), *ActivityStatus.choices])
        offer(self, "type", [("", gettext_lazy("everything")), *sorted(dict(types).items())])

    def asked(self) -> Asked | None:
        """None where no such membership is in sight."""
        given = self.cleaned_data if self.is_valid() else {}
        membership, number = None, given.get("membership", "").strip()
        if number:
            found = Membership.objects.filter(number=number, program__in=self.programs.values())
            membership = found.values_list("pk", flat=True).first()
            if membership is None:
                return None
        return Asked(
            program_id=self.programs.get(given.get("program", "")),
            status=given.get("status", ""),
            type_code=given.get("type", ""),
            reference=given.get("reference", ""),
            membership_id=membership,
        )


class Activities(DeskPage):
    action = READ
    section = "activities"
    template = "desk/activities/list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        programs = [one for one in Program.objects.visible_to(self.actor).order_by("name") if self.may(READ, one.pk)]
        form = FilterForm(request.GET, programs=programs)
        asked, before = form.asked(), _id(request.GET.get("before", ""))
        page = log_page(asked, actor=self.actor, before=before) if asked is not None else None
        given = {name: str(value) for name, value in request.GET.items() if name in form.fields and value}
        program = next((one for one in programs if asked and one.pk == asked.program_id), None)
        return self.draw(
            form=form,
            program=program,
            filtered=bool(given),
            failed=asked is not None and asked.status == ActivityStatus.FAILED,
            may_process=self.may("activities:write"),
            rows=[row_of(one) for one in page.rows] if page else [],
            further=bool(page and page.before and not page.rows),
            next_page=_page(given, before=page.before) if page and page.before else "",
            first_page=_page(given) if before else "",
        )


def row_of(one: MemberActivity) -> dict[str, Any]:
    return {"one": one, "badge": BADGES[ActivityStatus(one.status)], "problem": problem_of(one)}


def problem_of(one: MemberActivity) -> str:
    """The sentence of a stored refusal."""
    problem = one.problem
    if not isinstance(problem, dict):
        return ""
    return str(problem.get("detail") or problem.get("title") or problem.get("code") or "")


def _page(given: dict[str, str], **more: Any) -> str:
    query = urlencode(given | more)
    return f"?{query}" if query else "?"


def _id(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) <= LARGEST_ID else None
