"""The hot list: cards no till may take, on a page and as a file for tills that are not always connected."""

from collections.abc import Iterator, Sequence
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.utils.translation import gettext as _

from activities.desk.program_page import ProgramPage, address
from cards.hot_list import HOT, HOW_MANY, hot_cards, hot_rows
from cards.models import CardStatus
from common.desk.words import grouped

HEADER = ("card_number", "status", "not_usable_since")
LARGEST_ID = 2**63 - 1


class _HotList(ProgramPage):
    action = "cards:read"
    section = "hot-list"

    def status_asked(self) -> str:
        asked = self.request.GET.get("status", "")
        if asked and asked not in HOT:
            raise Http404
        return asked


class HotListPage(_HotList):
    template = "desk/cards/hot_list.html"

    def get(self, request: HttpRequest) -> HttpResponse:
        program, status = self.program, self.status_asked()
        if program is None:
            return self.draw(program=None)
        cards = list(hot_cards(program, status=status, before=self._before()))
        following = {"before": cards[-1].pk} if len(cards) == HOW_MANY else {}
        here: dict[str, Any] = dict(_asked(program.code, status))
        return self.draw(
            program=program,
            programs=self.programs,
            zone=program.zone,
            cards=[(card, grouped(card.number_id)) for card in cards],
            tabs=[_tab(program.code, one, here=one == status) for one in ("", *HOT)],
            sheet=address("desk:hot-list-csv", **here),
            next_page=address("desk:hot-list", **here, **following) if following else "",
            first_page=address("desk:hot-list", **here) if request.GET.get("before") else "",
        )

    def _before(self) -> int:
        text = self.request.GET.get("before", "")
        return int(text) if text.isascii() and text.isdigit() and int(text) <= LARGEST_ID else LARGEST_ID


class HotListExport(_HotList):
    """All of it; who took it along is written down."""

    def get(self, request: HttpRequest) -> HttpResponseBase:
        if self.program is None:
            raise Http404
        rows = hot_rows(self.program, status=self.status_asked())
        return self.sheet("hot list", _lines(rows, self.design.zone), program=self.program.code)


def _tab(program: str, status: str, *, here: bool) -> tuple[Any, str, bool]:
    """Its label, its address, whether one is there."""
    label = CardStatus(status).label if status else _("all")
    return label, address("desk:hot-list", **_asked(program, status)), here


def _asked(program: str, status: str) -> dict[str, str]:
    return {"program": program} | ({"status": status} if status else {})


def _lines(rows: Iterator[tuple[str, str, Any]], zone: Any) -> Iterator[Sequence[Any]]:
    yield HEADER
    for number, status, since in rows:
        yield number, status, since and since.astimezone(zone)
