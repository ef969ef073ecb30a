"""The expiry forecast as a page and as a sheet."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from activities.desk.liability import money, month_name
from activities.desk.program_page import ProgramPage, address
from common.desk.charts import ColumnChart, Label, Series
from points.forecast import NEXT_DAYS, Ending, TypeForecast, forecast
from points.report_shapes import forecast_sheet

NAME = "expiry forecast"


@dataclass(frozen=True, slots=True)
class ShownEnding:
    label: str
    ending: Ending
    value: str


@dataclass(frozen=True, slots=True)
class Card:
    """`apart`: held, pending and so on, only what there is."""

    one: TypeForecast
    chart: ColumnChart
    rows: list[ShownEnding]
    value: str
    apart: list[tuple[str, int, str]]


class ForecastPage(ProgramPage):
    section = "expiry"
    template = "desk/reports/forecast.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.program is None:
            return self.draw()
        found = forecast(self.design)
        return self.draw(
            program=self.program,
            programs=self.programs,
            computed_at=found.computed_at,
            zone=self.design.zone.key,
            days=NEXT_DAYS,
            cards=[_card(one) for one in found.types],
            sheet=address("desk:expiry-forecast-csv", program=self.program.code),
        )


class ForecastSheet(ProgramPage):
    def get(self, request: HttpRequest) -> HttpResponseBase:
        found = forecast(self.design)
        return self.sheet(NAME, forecast_sheet(found), program=self.design.program.code, day=str(_today(found.types)))


def _today(types: tuple[TypeForecast, ...]) -> date | str:
    return types[0].today if types else ""


def _card(one: TypeForecast) -> Card:
    rows = [_shown(one, month_name(month), ending) for month, ending in one.months() if ending]
    beside: list[tuple[Any, Ending]] = [
        (_("Past their time, waiting for the run"), one.overdue),
        (_("After these months"), one.later()),
        (_("Without an end"), one.never),
    ]
    rows += [_shown(one, label, ending) for label, ending in beside if ending]
    return Card(one, _weeks(one), rows, money(one.value(one.next_days().points)), list(_apart(one)))


def _shown(one: TypeForecast, label: Any, ending: Ending) -> ShownEnding:
    return ShownEnding(str(label), ending, money(one.value(ending.points)))


def _weeks(one: TypeForecast) -> ColumnChart:
    weeks = one.weeks()
    labels = [
        Label(date_format(first, "j/n"), f"{date_format(first, 'j M')} – {date_format(last, 'j M Y')}")
        for first, last, _ending in weeks
    ]
    series = [Series(_("by their date"), [ending.dated for *_days, ending in weeks])]
    if any(ending.if_inactive for *_days, ending in weeks):
        series.append(Series(_("if nothing happens"), [ending.if_inactive for *_days, ending in weeks]))
    title = _("Points that expire, by week of the next 90 days")
    return ColumnChart(f"weeks-{one.point_type.code}", title, labels, series)


def _apart(one: TypeForecast) -> list[tuple[str, int, str]]:
    ending = one.left()
    every = [
        (_("Only if nothing happens"), one.next_days().if_inactive, _("part of the next 90 days")),
        (_("Pending"), ending.pending, _("not usable yet, counted where they end")),
        (_("Held"), ending.held, _("do not expire, left out of all figures")),
        (_("Owed by members"), one.debt, _("later credits repay it")),
    ]
    return [(label, points, note) for label, points, note in every if points]
