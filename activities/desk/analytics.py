"""How the programs do beside each other, and which customers are in only some of them; as a page and as sheets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.utils.translation import gettext as _

from activities.analytics import customers, overlap
from activities.analytics.programs import Analysis, analysis_of
from activities.analytics.units import Unit, units_of
from activities.desk.liability import money, month_name
from activities.desk.program_page import address
from common import clock
from common.desk.pages import DeskPage
from common.sheets import write_csv
from customers.exporting import check_export
from programs.models import Program
from programs.money import amount
from staff.access import log_access

YEAR = timedelta(days=365)
# More programs than this and the table of pairs is wider than a screen: two of them are chosen then.
MOST_PAIRS = 12
FIGURES = (
    "memberships", "enrolled", "ended", "engaged", "engagement", "activities", "sales", "revenue", "earned", "redeemed",
    "expired", "vouchers", "cost", "fees", "result", "owed",
)  # fmt: skip
MONEY = frozenset({"revenue", "earned", "redeemed", "expired", "vouchers", "cost", "fees", "result", "owed"})


@dataclass(frozen=True, slots=True)
class ShownUnit:
    unit: Unit
    rows: list[tuple[Program, dict[str, str]]]
    total: dict[str, str] | None


@dataclass(frozen=True, slots=True)
class Pair:
    """Customers of the row's program who are not in the column's; `both` are in both."""

    both: int
    only: int
    href: str


class OfAllPrograms(DeskPage):
    action = "reports:read"

    @cached_property
    def programs(self) -> list[Program]:
        visible = Program.objects.visible_to(self.actor).order_by("business_unit", "name", "pk")
        return [one for one in visible if self.may(self.action, one.pk)]


class Analytics(OfAllPrograms):
    section = "analytics"
    template = "desk/reports/analytics.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        analyses = [analysis_of(one) for one in self.programs]
        found = overlap.overlap_of([one.pk for one in self.programs])
        counts = found.by_count()
        return self.draw(
            units=[_shown(unit) for unit in units_of(analyses)],
            first=month_name(analyses[0].first) if analyses else "",
            last=month_name(analyses[0].last) if analyses else "",
            by_count=[
                (number, customers_, _percent(customers_, sum(counts.values())))
                for number, customers_ in counts.items()
            ],
            pairs=self._pairs(found),
            columns=self.programs,
            choose=len(self.programs) > MOST_PAIRS,
            sheet=address("desk:analytics-csv"),
            customers_sheet=address("desk:analytics-customers"),
        )

    def _pairs(self, found: overlap.Overlap) -> list[tuple[Program, list[tuple[Program, Pair | None]]]]:
        if not 1 < len(self.programs) <= MOST_PAIRS:
            return []
        return [(one, [(other, self._pair(found, one, other)) for other in self.programs]) for one in self.programs]

    def _pair(self, found: overlap.Overlap, one: Program, other: Program) -> Pair | None:
        if one.pk == other.pk:
            return None
        href = address("desk:analytics-missing", **{"in": one.code, "not_in": other.code})
        return Pair(found.both(one.pk, other.pk), found.only(one.pk, not_in=other.pk), href)


class Sheet(OfAllPrograms):
    """Whoever takes one is written down."""

    def sheet(self, name: str, header: Sequence[str], rows: Iterator[Sequence[Any]], **facts: Any) -> HttpResponseBase:
        log_access(self.request.user, "export", name, facts=facts)  # type: ignore[arg-type]
        body = write_csv(header, rows)
        response = StreamingHttpResponse(body, content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response


class AnalyticsSheet(Sheet):
    """A line per program."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        header = ["business_unit", "program", "currency", "first_month", "last_month", *FIGURES]
        rows = (_line(analysis_of(one)) for one in self.programs)
        return self.sheet("programs", header, rows)


class CustomersSheet(Sheet):
    """A line per customer over all programs the user may see."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        check_export(self.actor, unmasked=False)
        since = clock.now() - YEAR
        rows = customers.customer_lines(self.programs, since=since, unmasked=False)
        return self.sheet("customers-over-programs", customers.NAMES, rows, since=since.isoformat())


class MissingSheet(Sheet):
    """Customers of ?in= who take no part in ?not_in=."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        one, other = self._named("in"), self._named("not_in")
        check_export(self.actor, unmasked=False, program_id=one.pk)
        rows = overlap.missing_rows(one, not_in=other, unmasked=False)
        facts = {"in": one.code, "not_in": other.code}
        return self.sheet(f"in-{one.code}-not-in-{other.code}", overlap.NAMES, rows, **facts)

    def _named(self, name: str) -> Program:
        found = next((one for one in self.programs if one.code == self.request.GET.get(name)), None)
        if found is None:
            raise Http404
        return found


def _shown(unit: Unit) -> ShownUnit:
    rows = [(one.program, {name: _text(name, getattr(one, name)) for name in FIGURES}) for one in unit.analyses]
    total = None
    if unit.is_sum:
        counted = {name: unit.money(name) if name in MONEY else unit.count(name) for name in FIGURES}
        total = {name: _text(name, value) for name, value in counted.items() if name != "engagement"}
    return ShownUnit(unit, rows, total)


def _text(name: str, value: Any) -> str:
    if name in MONEY:
        return money(value)
    return f"{value} %" if name == "engagement" else f"{value:,}"


def _line(one: Analysis) -> list[Any]:
    named = {name: getattr(one, name) for name in FIGURES}
    figures = [amount(value) if name in MONEY else value for name, value in named.items()]
    return [one.program.business_unit, one.program.code, one.program.currency, one.first, one.last, *figures]


def _percent(part: int, whole: int) -> str:
    return _("%(share)s %%") % {"share": round(100 * part / whole)} if whole else ""
