"""What a program owes its members in points and money, reconciled."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from common.errors import LoyaltyError
from points.liability import Liability, liability, month_from
from points.liability_lines import LINES
from points.report_output import BAD_ARGUMENTS, add_formats, design_called, fail, write_sheet
from points.report_shapes import liability_shape, liability_sheet
from programs.money import amount


class Command(BaseCommand):
    help = (
        "What a program owes its members in points and money in a month: opening + earned - redeemed - expired "
        "+- adjusted = closing, per point type. Months are those of the program's zone and go by the time of "
        "recording, so one that is over never changes. Exits with 0; with 2 on bad arguments. "
        "Examples: liability_report sky --month 2026-03; liability_report sky --csv march.csv; "
        "liability_report sky --json"
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("program", metavar="PROGRAM", help="code of the program")
        parser.add_argument("--month", metavar="YYYY-MM", help="default: the month that is running")
        add_formats(parser)

    def handle(self, *, program: str, month: str | None, csv: str | None, **options: Any) -> None:
        design = design_called(program)
        try:
            report = liability(design, month=month_from(month, design))
        except LoyaltyError as error:
            raise fail(error.message, BAD_ARGUMENTS) from error
        if csv:
            write_sheet(self.stdout, csv, liability_sheet(report))
        elif options["json"]:
            shape = liability_shape(report, report.months[0])
            self.stdout.write(json.dumps(shape, indent=2, ensure_ascii=False))
        else:
            self._print(report)

    def _print(self, report: Liability) -> None:
        program, (month,) = report.design.program, report.months
        over = "" if report.is_over(month) else ", so far"
        self.stdout.write(f"{program.name}, {month:%Y-%m}{over} ({report.design.zone.key})")
        for row in report.rows:
            self.stdout.write(f"\n{row.point_type.name} ({row.point_type.code}), {program.currency}")
            self._line("opening", row.opening, amount(row.opening_value))
            for line in LINES:
                points = row.line(line).points
                if row.line(line).entries or line.column == line.code:
                    self._line(str(line.label).lower(), points, amount(row.value(points)))
            if row.revaluation:
                self._line("revaluation", 0, amount(row.revaluation))
            self._line("closing", row.closing, amount(row.value(row.closing)))

    def _line(self, name: str, points: int, value: str) -> None:
        self.stdout.write(f"  {name:<22}{points:>16,}{value:>18}")
