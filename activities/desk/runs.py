"""/desk/runs: what ran over a program, when, with which figures, and why it stopped."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _

from activities.desk.program_page import ProgramPage, address
from programs.models import Program, Run
from programs.run_words import figures_in_words, kind_in_words
from staff.models import User

PAGE = 50
LARGEST_ID = 2**63 - 1


class Runs(ProgramPage):
    section = "runs"
    template = "desk/runs/list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.program is None:
            return self.draw(program=None)
        runs = Run.objects.filter(program=self.program)
        kinds = list(runs.order_by("kind").values_list("kind", flat=True).distinct())
        kind = request.GET.get("kind", "")
        kind = kind if kind in kinds else ""
        found = list(self._found(self.program, kind)[: PAGE + 1])
        names = self._names(found)
        here = {"program": self.program.code, **({"kind": kind} if kind else {})}
        return self.draw(
            program=self.program,
            programs=self.programs,
            zone=self.program.zone,
            tabs=[self._tab(one, here=one == kind) for one in ("", *kinds)],
            rows=[_row(run, names) for run in found[:PAGE]],
            next_page=address("desk:runs", **here, before=found[PAGE - 1].pk) if len(found) > PAGE else "",
            first_page=address("desk:runs", **here) if "before" in request.GET else "",
        )

    def _found(self, program: Program, kind: str) -> Any:
        rows = Run.objects.filter(program=program).order_by("-pk")
        if kind:
            rows = rows.filter(kind=kind)
        before = self.request.GET.get("before", "")
        if before.isascii() and before.isdigit() and int(before) <= LARGEST_ID:
            rows = rows.filter(pk__lt=int(before))
        return rows

    def _names(self, runs: list[Run]) -> dict[int, str]:
        ids = {one.user_id for one in runs if one.user_id is not None}
        return dict(User.objects.filter(pk__in=ids).values_list("pk", "username")) if ids else {}

    def _tab(self, kind: str, *, here: bool) -> tuple[str, str, bool]:
        asked = {"program": self.program.code} if self.program else {}
        url = address("desk:runs", **asked, **({"kind": kind} if kind else {}))
        return kind_in_words(kind) or _("every run"), url, here


def _row(run: Run, names: dict[int, str]) -> dict[str, Any]:
    state, badge = (_("stopped"), "bad") if run.problem else (_("done"), "good")
    if run.ended_at is None:
        state, badge = _("running, or cut off"), "warn"
    return {
        "run": run,
        "kind": kind_in_words(run.kind),
        "state": state,
        "badge": badge,
        "is_done": badge == "good",
        "by": names.get(run.user_id or 0, ""),
        "seconds": (run.ended_at - run.started_at).total_seconds() if run.ended_at else None,
        "figures": figures_in_words(run.counts),
    }
