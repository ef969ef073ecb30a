"""/desk/rules/<pk>/simulate: what the rule as it is written would have done with activities of the past."""

from datetime import timedelta
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.rules.base import DESIGN, RulePage
from activities.rules.simulating import Simulation, simulate
from activities.rules.vocabulary import vocabulary_of
from activities.rules.words import words_of
from common import clock
from common.desk.charts import shares
from common.desk.fields import DayField
from common.desk.links import page_of
from common.errors import LoyaltyError
from programs.design import Design, design_of
from programs.expiry import end_of_day, start_of_day

DAYS = 90
MOST_DAYS = 400


class PeriodForm(forms.Form):
    since = DayField(label=gettext_lazy("From"))
    until = DayField(label=gettext_lazy("Through"))

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        since, until = given.get("since"), given.get("until")
        if since and until and not timedelta(0) <= until - since <= timedelta(MOST_DAYS):
            self.add_error("until", _("Choose a last day within %(days)s days after the first.") % {"days": MOST_DAYS})
        return given


class Simulate(RulePage):
    """It only looks; asked for by the period, so that the result can be sent to somebody as a link."""

    template = "desk/rules/simulate.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        rule = self.rule(pk)
        design = design_of(rule.program_id)
        today = clock.program_now(design.program).astimezone(design.zone).date()
        asked = "since" in request.GET
        form = PeriodForm(request.GET if asked else {"since": today - timedelta(DAYS), "until": today})
        found, error = None, None
        if asked and form.is_valid():
            given = form.cleaned_data
            try:
                found = simulate(
                    design.program,
                    definitions=[rule],
                    since=start_of_day(given["since"], design.zone),
                    until=end_of_day(given["until"], design.zone),
                )
            except LoyaltyError as refused:
                error = refused
        return self.draw(
            status=error.status if error else 400 if not form.is_valid() else 200,
            rule=rule,
            program=rule.program,
            zone=design.zone,
            told=words_of(rule.definition, vocabulary_of(design)),
            form=form,
            error=error,
            may_release=self.may(DESIGN, rule.program_id),
            **(self._shown(found, design) if found is not None else {}),
        )

    def _shown(self, found: Simulation, design: Design) -> dict[str, Any]:
        codes = dict.fromkeys([*found.total, *found.released, *found.points])
        return {
            "found": found,
            "share": 100 * found.matched // found.looked if found.looked else 0,
            "points": [_compared(found, code, design) for code in codes],
            "has_points": any(any(points.values()) for _pk, _number, points in found.memberships),
            "affected": shares([_affected(*one) for one in found.memberships]),
        }


def _compared(found: Simulation, code: str, design: Design) -> dict[str, Any]:
    """Of one point type: what released rules give, what they would with this one, the difference, this one's part."""
    released, total = found.released.get(code, 0), found.total.get(code, 0)
    return {
        "name": design.by_code[code].name if code in design.by_code else code,
        "released": released,
        "total": total,
        "difference": total - released,
        "own": found.points.get(code, 0),
    }


def _affected(pk: int, number: str, points: dict[str, int]) -> tuple[str, int, str]:
    """A membership by its number, with the points of all types."""
    return number, abs(sum(points.values())), page_of("membership", pk)
