"""When the points members have now will end."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from points.forecast import Ending, Forecast, TypeForecast, forecast
from points.report_output import add_formats, design_called, write_sheet
from points.report_shapes import forecast_shape, forecast_sheet
from programs.money import amount


class Command(BaseCommand):
    help = (
        "How many of the points that members of a program have now will end in which month, if nothing is spent "
        "meanwhile. Points that end without activity are told apart: they end then only if nothing happens. Held "
        "points do not expire and are left out of the figures. Exits with 0; with 2 on bad arguments. "
        "Examples: expiry_forecast sky; expiry_forecast sky --csv forecast.csv; expiry_forecast sky --json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="code of the program")
        add_formats(parser)

    def handle(self, *, program: str, csv: str | None, **options: Any) -> None:
        found = forecast(design_called(program))
        if csv:
            write_sheet(self.stdout, csv, forecast_sheet(found))
        elif options["json"]:
            self.stdout.write(json.dumps(forecast_shape(found), indent=2, ensure_ascii=False))
        else:
            self._print(found)

    def _print(self, found: Forecast) -> None:
        program = found.design.program
        self.stdout.write(f"{program.name}, {found.computed_at.astimezone(found.design.zone):%Y-%m-%d %H:%M %Z}")
        for one in found.types:
            self.stdout.write(f"\n{one.point_type.name} ({one.point_type.code}), {program.currency}")
            self._line(one, "past their time", one.overdue)
            self._line(one, "next 90 days", one.next_days())
            for month, ending in one.months():
                if ending:
                    self._line(one, f"  {month:%Y-%m}", ending)
            self._line(one, "later", one.later())
            self._line(one, "never", one.never)

    def _line(self, one: TypeForecast, name: str, ending: Ending) -> None:
        beside = [("if inactive", ending.if_inactive), ("pending", ending.pending), ("held besides", ending.held)]
        notes = ", ".join(f"{points:,} {note}" for note, points in beside if points)
        value = amount(one.value(ending.points))
        self.stdout.write(f"  {name:<18}{ending.points:>16,}{value:>18}{f'  ({notes})' if notes else ''}")
