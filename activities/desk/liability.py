"""The liability report as pages: a month with its entries behind every figure, and the year it stands in."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.formats import date_format, number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from activities.desk.program_page import ProgramPage, address
from activities.liability_entries import with_memberships
from common.errors import FieldError, Malformed
from common.templatetags.desk import MINUS
from memberships.models import Membership
from points.liability import Liability, TypeMonth, liability, month_from, this_month
from points.liability_entries import BEGINNING, LedgerEntry, Position, entries_of
from points.liability_lines import ADJUSTED, BY_CODE, COLUMNS, LINES, LineKind
from points.report_shapes import liability_sheet, month_text
from programs.expiry import add_months
from programs.models import PointType
from programs.money import amount

MONTHS = 12
NAME = "liability report"
# Of a year's table: opening, the columns, closing.
HEADS = (
    gettext_lazy("Opening"),
    gettext_lazy("Earned"),
    gettext_lazy("Redeemed"),
    gettext_lazy("Expired"),
    gettext_lazy("Adjusted"),
    gettext_lazy("Closing"),
)


@dataclass(frozen=True, slots=True)
class ShownLine:
    """`role`: sum, line or part; `points` signed as they change the balance."""

    label: Any
    points: int
    value: str
    meaning: Any = ""
    entries: int | None = None
    href: str = ""
    role: str = "line"


@dataclass(frozen=True, slots=True)
class ShownMonth:
    """A row of the year: opening, the columns, closing, as the formula has them, each with its name."""

    name: str
    href: str
    figures: list[tuple[Any, int]]


@dataclass(frozen=True, slots=True)
class Card:
    row: TypeMonth
    lines: list[ShownLine]
    months: list[ShownMonth]


def money(value: Decimal) -> str:
    """Exact, grouped: 6660.5 -> 6,660.50."""
    exact = Decimal(amount(value))
    shown = number_format(abs(exact), max(2, -int(exact.as_tuple().exponent)), force_grouping=True)
    return f"{MINUS}{shown}" if exact < 0 else shown


class LiabilityPage(ProgramPage):
    section = "liability"
    template = "desk/reports/liability.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        if self.program is None:
            return self.draw()
        month = month_from(request.GET.get("month") or None, self.design)
        report = liability(self.design, month=month, months=MONTHS)
        return self.draw(
            program=self.program,
            programs=self.programs,
            report=report,
            month=month,
            month_text=month_text(month),
            month_name=month_name(month),
            heads=HEADS,
            is_over=report.is_over(month),
            zone=self.design.zone.key,
            cards=[self._card(report, row) for row in report.of_month(month)],
            before=self._at(add_months(month, -1)),
            after=self._at(add_months(month, 1)) if month < this_month(self.design) else "",
            sheet=address("desk:liability-csv", program=self.program.code, month=month_text(month)),
            year_sheet=address("desk:liability-csv", program=self.program.code, month=month_text(month), months=MONTHS),
        )

    def _at(self, month: date) -> str:
        return address("desk:liability", program=self.design.program.code, month=month_text(month))

    def _card(self, report: Liability, row: TypeMonth) -> Card:
        year = (one for one in report.rows if one.point_type.pk == row.point_type.pk)
        return Card(row, list(self._lines(row)), [self._month(one) for one in year])

    def _month(self, one: TypeMonth) -> ShownMonth:
        moved = (one.column(name) for name in COLUMNS)
        figures = zip(HEADS, (one.opening, *moved, one.closing), strict=True)
        return ShownMonth(month_name(one.month), self._at(one.month), list(figures))

    def _lines(self, row: TypeMonth) -> Iterator[ShownLine]:
        yield ShownLine(_("Opening"), row.opening, money(row.opening_value), role="sum")
        for line in LINES:
            if line.column != ADJUSTED:
                yield self._line(row, line)
        parts = [line for line in LINES if line.column == ADJUSTED and row.line(line).entries]
        points = row.column(ADJUSTED)
        meaning = "" if parts else _("corrections, reversals, conversions, transfers")
        yield ShownLine(_("Adjusted"), points, money(row.value(points)), meaning)
        for line in parts:
            yield replace(self._line(row, line), role="part")
        if row.revaluation:
            meaning = _("of the opening points: the worth of a point changed")
            yield ShownLine(_("Revaluation"), 0, money(row.revaluation), meaning)
        yield ShownLine(_("Closing"), row.closing, money(row.value(row.closing)), role="sum")

    def _line(self, row: TypeMonth, line: LineKind) -> ShownLine:
        figure = row.line(line)
        asked = {"program": self.design.program.code, "month": month_text(row.month)}
        asked |= {"point_type": row.point_type.code, "line": line.code}
        href = address("desk:liability-entries", **asked) if figure.entries else ""
        value = money(row.value(figure.points))
        return ShownLine(line.label, figure.points, value, line.meaning, figure.entries, href)


class LiabilitySheet(ProgramPage):
    """The same figures as CSV: one month, or with ?months= those before it too."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        month = month_from(request.GET.get("month") or None, self.design)
        asked = request.GET.get("months", "1")
        if asked not in ("1", str(MONTHS)):
            raise Malformed(
                _("The sheet holds 1 month or 12."),
                errors=[FieldError(pointer="?months", code="invalid", detail="1 or 12")],
            )
        report = liability(self.design, month=month, months=int(asked))
        code = self.design.program.code
        return self.sheet(NAME, liability_sheet(report), program=code, month=month_text(month), months=asked)


class LiabilityEntriesPage(ProgramPage):
    """The entries one figure is made of."""

    section = "liability"
    template = "desk/reports/entries.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        design, line = self.design, BY_CODE.get(request.GET.get("line", ""))
        point_type: PointType | None = design.by_code.get(request.GET.get("point_type", ""))
        if line is None or point_type is None:
            raise Http404
        month = month_from(request.GET.get("month") or None, design)
        after = _position(request.GET.get("after"))
        page = entries_of(design, month=month, point_type=point_type, line=line, after=after)
        row = next(one for one in liability(design, month=month).rows if one.point_type.pk == point_type.pk)
        asked = {"program": design.program.code, "month": month_text(month)}
        whole = asked | {"point_type": point_type.code, "line": line.code}
        following = page.following and f"{page.following[0].isoformat()}_{page.following[1]}"
        return self.draw(
            program=design.program,
            line=line,
            point_type=point_type,
            month_name=month_name(month),
            figure=row.line(line),
            zone=design.zone.key,
            entries=[_shown(*one) for one in with_memberships(page.entries)],
            report_page=address("desk:liability", **asked),
            first_page=address("desk:liability-entries", **whole) if after != BEGINNING else "",
            next_page=address("desk:liability-entries", **whole, after=following) if following else "",
        )


def _shown(entry: LedgerEntry, membership: Membership | None) -> tuple[LedgerEntry, Membership | None, str, str]:
    """With the pages of its membership and its posting."""
    page = address("desk:membership", membership.pk) if membership else ""
    return entry, membership, page, address("desk:posting", entry.posting_id)


def month_name(month: date) -> str:
    return date_format(month, "F Y")


def _position(text: str | None) -> Position:
    if not text:
        return BEGINNING
    at, _separator, entry_id = text.partition("_")
    try:
        # A + in an address is a blank to some.
        position = datetime.fromisoformat(at.replace(" ", "+")), int(entry_id)
    except ValueError as error:
        raise Http404 from error
    if position[0].tzinfo is None or not 0 <= position[1] < 2**63:
        raise Http404
    return position
