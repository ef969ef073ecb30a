"""The statement of a membership: on the screen, on paper, and as a table to take along."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from activities.cursors import cursor_of, cursor_text
from activities.desk.membership import OfMembership, design_and_types
from activities.desk.seen import name_for
from activities.effects import EffectLine, effects_of_postings
from activities.reading import spans_of
from common.errors import Malformed
from common.sheets import write_csv
from customers.overview import names_of
from memberships.models import Membership
from points.models import PostingKind
from points.statement import Line, Statement, statement
from programs.design import Design
from programs.models import PointType
from staff.access import log_access
from staff.models import User

FIRST = datetime(1970, 1, 1, tzinfo=UTC)
PAGE = 50
EXPORT_PAGE = 500
HEADER = ("recorded_at", "occurred_at", "kind", "reason", "points", "point_type", "balance_after", "person", "posting")


class _Statement(OfMembership):
    """What is asked for, by the query; `design` and `membership` are set first."""

    membership_asked: Membership
    design: Design
    types: list[PointType]
    since: datetime
    until: datetime

    def ask(self, pk: int) -> None:
        self.membership_asked = self.membership(pk)
        self.design, self.types = design_and_types(self.membership_asked)
        self.since = self.asked_time("from", self.design, end=False) or FIRST
        now = self.now(self.design) + timedelta(microseconds=1)
        self.until = self.asked_time("to", self.design, end=True) or now

    @property
    def type_asked(self) -> PointType | None:
        code = self.request.GET.get("point_type", "")
        return self.design.point_type(code) if code else None

    def read(self, *, page_size: int, position: Mapping[int, int] | None, latest_first: bool) -> Statement:
        return statement(
            spans_of(self.membership_asked),
            since=self.since,
            until=self.until,
            page_size=page_size,
            position=position,
            latest_first=latest_first,
            point_type_id=self.type_asked.pk if self.type_asked else None,
        )

    def named(self, lines: tuple[Line, ...]) -> dict[int, str | None]:
        """The people of the lines, as the user may see them."""
        found = names_of(line.person_id for line in lines)
        return {pk: name_for(self.actor, pk, name) for pk, name in found.items()}


class StatementPage(_Statement):
    template = "desk/statement.html"

    def get(self, request: HttpRequest, pk: int) -> HttpResponse:
        self.ask(pk)
        oldest_first = request.GET.get("order") == "oldest"
        until, position = _cursor(request.GET.get("after", ""))
        # A page after the first keeps the end of the first: what is recorded meanwhile shifts nothing.
        self.until = until or self.until
        page = self.read(page_size=PAGE, position=position, latest_first=not oldest_first)
        following = cursor_text(self.until, page.position) if page.position else ""
        return self.draw(
            membership=self.membership_asked,
            program=self.design.program,
            zone=self.design.zone,
            people=self.people(self.membership_asked),
            types=self.types,
            asked=request.GET,
            oldest_first=oldest_first,
            since=None if self.since == FIRST else self.since,
            until=self.until,
            periods=[(one, self.design.point_types[one.point_type_id]) for one in page.periods if one.last],
            lines=self._lines(page),
            several_people=len({line.person_id for line in page.lines if line.person_id}) > 1,
            csv=self._link("statement-csv", pk, after=""),
            turned=self._link("statement", pk, after="", order="" if oldest_first else "oldest"),
            first_page=self._link("statement", pk, after="") if position else "",
            next_page=self._link("statement", pk, after=following) if following else "",
        )

    def _lines(self, page: Statement) -> list[dict[str, Any]]:
        names = self.named(page.lines)
        effects = effects_of_postings(line.posting_id for line in page.lines)
        return [
            {
                "line": line,
                "kind": PostingKind(line.kind).label,
                "type": self.design.point_types[line.point_type_id],
                "person": names.get(line.person_id or 0) or (line.person_id and f"#{line.person_id}") or "",
                "why": _rules(effects.get(line.posting_id, ()), line),
                "late": abs(line.recorded_at - line.occurred_at) > timedelta(minutes=1),
            }
            for line in page.lines
        ]

    def _link(self, name: str, pk: int, **changed: str) -> str:
        asked = {key: self.request.GET.get(key, "") for key in ("from", "to", "point_type", "order", "after")} | changed
        query = urlencode({key: value for key, value in asked.items() if value})
        return reverse(f"desk:{name}", args=[pk]) + (f"?{query}" if query else "")


class StatementExport(_Statement):
    """The whole period as CSV, oldest first; who took it along is written down."""

    def get(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        self.ask(pk)
        user, membership = request.user, self.membership_asked
        if not isinstance(user, User):
            raise PermissionDenied
        page = self.read(page_size=EXPORT_PAGE, position=None, latest_first=False)
        rows = sum(one.last - one.after for one in page.periods)
        period = {"from": self.since.isoformat(), "to": self.until.isoformat()}
        log_access(user, "export", membership, facts={"rows": rows, "what": "statement"} | period)
        response = StreamingHttpResponse(write_csv(HEADER, self._rows(page)), content_type="text/csv; charset=utf-8")
        response["Content-Disposition"] = f'attachment; filename="statement-{membership.pk}.csv"'
        return response

    def _rows(self, page: Statement) -> Iterator[tuple[object, ...]]:
        while True:
            names = self.named(page.lines)
            for line in page.lines:
                yield (
                    line.recorded_at.astimezone(self.design.zone),
                    line.occurred_at.astimezone(self.design.zone),
                    line.kind,
                    line.reason_code,
                    line.amount,
                    self.design.point_types[line.point_type_id].code,
                    line.balance_after,
                    names.get(line.person_id or 0),
                    line.posting_id,
                )
            if page.position is None:
                return
            page = self.read(page_size=EXPORT_PAGE, position=page.position, latest_first=False)


def _rules(effects: Sequence[EffectLine], line: Line) -> list[EffectLine]:
    """Those that moved points of the line's type."""
    return [one for one in effects if one.effect.point_type_id == line.point_type_id]


def _cursor(text: str) -> tuple[datetime | None, dict[int, int] | None]:
    try:
        return cursor_of(text) if text else (None, None)
    except ValueError as error:
        raise Malformed(_("This page of the statement can't be found again: start at its first page.")) from error
