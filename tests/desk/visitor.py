"""A member of staff with a browser of few words: asks for pages, reads their text and the rows of their tables."""

from html.parser import HTMLParser
from itertools import count
from typing import Any

from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.redeeming import redeem_in_general
from memberships.models import Membership
from programs.models import Program
from staff.models import Role, StaffRight, User
from tests.factories import ACTOR

_names = count(1)
BLOCKS = {
    "br",
    "p",
    "li",
    "td",
    "th",
    "tr",
    "h1",
    "h2",
    "h3",
    "dt",
    "dd",
    "div",
    "section",
    "option",
    "caption",
    "summary",
}


class Reader(HTMLParser):
    """The text without tags, the rows of all tables, the addresses of all links and forms."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.data: list[str] = []
        self.row_data: list[list[list[str]]] = []
        self.links: list[str] = []
        self.in_cell = False
        self.feed(html)
        self.text = " ".join("".join(self.data).split())
        self.rows = [[" ".join("".join(cell).split()) for cell in row] for row in self.row_data]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.row_data.append([])
        if tag in ("td", "th"):
            self.row_data[-1].append([])
            self.in_cell = True
        if tag in BLOCKS:
            self.handle_data(" ")
        self.links += [value for name, value in attrs if name in ("href", "action") and value]

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.in_cell = False

    def handle_data(self, data: str) -> None:
        self.data.append(data)
        if self.in_cell:
            self.row_data[-1][-1].append(data)


class Visitor:
    def __init__(self, role: Role, *programs: Program) -> None:
        self.user = User.objects.create(username=f"{role.value}-{next(_names)}", is_staff=True)
        for program in programs or (None,):
            StaffRight.objects.create(user=self.user, role=role, program=program)
        self.client = Client()
        self.client.force_login(self.user, backend="django.contrib.auth.backends.ModelBackend")
        cache.clear()

    def asks(self, name: str, *args: object, **query: str) -> Any:
        """The response of a page of the desk."""
        return self.client.get(reverse(f"desk:{name}", args=args), query)

    def reads(self, name: str, *args: object, **query: str) -> Reader:
        """The page, which is shown."""
        response = self.asks(name, *args, **query)
        assert response.status_code == 200, response.status_code
        html = response.content.decode()
        assert " style=" not in html
        assert "<script>" not in html
        return Reader(html)

    def status_of(self, name: str, *args: object, **query: str) -> int:
        return int(self.asks(name, *args, **query).status_code)


def cells(page: Reader, first: str) -> list[str]:
    """The first row whose first cell begins so."""
    return next(row for row in page.rows if row and row[0].startswith(first))


def earned(membership: Membership, points: int, **values: Any) -> int:
    """The posting's id."""
    return int(earn_in_general(PointsCall(membership.pk, points, **values), actor=ACTOR)["posting"]["id"])


def redeemed(membership: Membership, points: int, **values: Any) -> int:
    return int(redeem_in_general(PointsCall(membership.pk, points, **values), actor=ACTOR)["posting"]["id"])
