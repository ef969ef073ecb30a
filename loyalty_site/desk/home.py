"""The home page of the desk: how a program does, and what waits for somebody."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from activities.desk.liability import money
from activities.desk.program_page import ProgramPage, address
from common.desk.charts import ColumnChart, Label, Series, Share, shares
from common.desk.words import figure
from common.templatetags.desk import points
from loyalty_site.dashboard import Sums, sums_of, waiting_in
from memberships.models import MembershipStatus
from points.forecast import NEXT_DAYS
from points.liability import TypeMonth, in_order
from points.report_shapes import month_text
from programs.design import Design
from programs.models import PointType, Program, Tier

MEMBERSHIPS = "admin:memberships_membership_changelist"


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with the page it opens."""

    label: Any
    figure: str
    href: str
    unit: Any = ""
    note: Any = ""


@dataclass(frozen=True, slots=True)
class Ladder:
    name: str
    tiers: list[Share]


@dataclass(frozen=True, slots=True)
class TypeCharts:
    """A currency of points: what was moved by month, what was owed at the end of each."""

    point_type: PointType
    moved: ColumnChart
    owed: ColumnChart


class Home(ProgramPage):
    section = "home"
    template = "desk/home.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        program = self.program
        if program is None:
            return self.draw()
        sums = sums_of(program)
        return self.draw(
            program=program,
            programs=self.programs,
            zone=self.design.zone.key,
            computed_at=sums.computed_at,
            owed=list(_owed(program, sums)),
            work=list(_work(program)),
            by_status=_by_status(program, sums),
            ladders=_ladders(program, sums),
            charts=list(_charts_of(program, self.design, sums)),
            is_fresh=not any(sums.members.figures["status"].values()),
            enrol=address("desk:new-customer"),
        )


def _owed(program: Program, sums: Sums) -> Iterator[Tile]:
    code = program.code
    active = sums.members.figures["status"].get(MembershipStatus.ACTIVE, 0)
    going = sum(count for status, count in sums.members.figures["status"].items() if status != "expired")
    members = address(MEMBERSHIPS, program__id__exact=program.pk, status__exact="active")
    of_all = _("of %(count)s that go on") % {"count": figure(going)}
    yield Tile(_("Active memberships"), figure(active), members, note=of_all)
    yield Tile(_("Liability"), money(sums.value()), address("desk:liability", program=code), program.currency)
    for row in sums.now():
        if row.point_type.is_default:
            report = address("desk:liability", program=code)
            yield Tile(_("Points members have"), points(row.closing), report, row.point_type.name)
            expiring = sums.expiring.figures.get(row.point_type.code, 0)
            label = _("Expire in %(days)s days") % {"days": NEXT_DAYS}
            yield Tile(label, figure(expiring), address("desk:expiry-forecast", program=code), row.point_type.name)


def _work(program: Program) -> Iterator[Tile]:
    waiting, code = waiting_in(program), program.code
    agreed = _("%(n)s agreed, to be carried out") % {"n": figure(waiting.changes_agreed)}
    changes = address("desk:changes", program=code)
    note = agreed if waiting.changes_agreed else ""
    yield Tile(_("Changes waiting for consent"), figure(waiting.changes_waiting), changes, note=note)
    yield Tile(_("Adjustments waiting"), figure(waiting.adjustments), address("desk:adjustments", program=code))
    yield Tile(_("Awards waiting"), figure(waiting.awards), address("desk:awards"))
    yield Tile(_("Claims waiting"), figure(waiting.claims), address("desk:claims"))
    failed = address("desk:activities", program=code, status="failed")
    yield Tile(_("Failed activities"), figure(waiting.failed_activities), failed)
    holds = address("admin:points_hold_changelist", program__id__exact=program.pk, status__exact="open")
    held = _("%(points)s points held") % {"points": figure(waiting.held_points)}
    yield Tile(_("Open holds"), figure(waiting.open_holds), holds, note=held if waiting.open_holds else "")


def _by_status(program: Program, sums: Sums) -> list[Share]:
    counted = sums.members.figures["status"]
    return shares(
        [
            (status.label, counted.get(status, 0), _memberships(program, status=status))
            for status in MembershipStatus
            if counted.get(status)
        ]
    )


def _memberships(program: Program, *, status: str) -> str:
    return address(MEMBERSHIPS, program__id__exact=program.pk, status__exact=status)


def _ladders(program: Program, sums: Sums) -> list[Ladder]:
    counted = sums.members.figures["tier"]
    found: dict[str, list[tuple[Any, int, str]]] = {}
    for tier in Tier.objects.filter(group__program=program).select_related("group").order_by("group", "rank"):
        standings = address(
            "admin:memberships_tierstanding_changelist", program__id__exact=program.pk, tier__id__exact=tier.pk
        )
        found.setdefault(tier.group.name, []).append((tier.name, counted.get(str(tier.pk), 0), standings))
    return [Ladder(name, shares(rows)) for name, rows in found.items()]


def _charts_of(program: Program, design: Design, sums: Sums) -> Iterator[TypeCharts]:
    """Of the default type always, of others where there is something to see."""
    for one in in_order(design):
        charts = _charts(program, one, sums)
        if one.is_default or not (charts.moved.is_empty and charts.owed.is_empty):
            yield charts


def _charts(program: Program, point_type: PointType, sums: Sums) -> TypeCharts:
    months = sums.months_of(point_type.code)
    code, name = point_type.code, {"name": point_type.name}
    labels = [_label(program, row) for row in months]
    moved = [
        Series(label, [row.column(column) for row in months])
        for column, label in (("earned", _("issued")), ("redeemed", _("redeemed")), ("expired", _("expired")))
    ]
    owed = [Series(_("points at the end of the month"), [max(0, row.closing) for row in months])]
    return TypeCharts(
        point_type,
        ColumnChart(f"moved-{code}", _("%(name)s issued, redeemed and expired by month") % name, labels, moved),
        ColumnChart(f"owed-{code}", _("%(name)s members had at the end of the month") % name, labels, owed),
    )


def _label(program: Program, row: TypeMonth) -> Label:
    href = address("desk:liability", program=program.code, month=month_text(row.month))
    return Label(date_format(row.month, "M"), date_format(row.month, "F Y"), href)
