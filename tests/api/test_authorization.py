"""Who may call what: the matrix of rows.py against every kind of caller. Whoever is refused changes nothing."""

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import pytest
from django.apps import apps
from django.conf import settings
from django.db import models
from django.test import Client

from gateway.channels import all_scopes
from gateway.models import EventHorizon, EventNumber, Throttle
from staff.models import Role
from staff.rights import ROLE_ACTIONS
from tests.api.rows import MERGE, OPEN, ROWS, Row, nameless, routes
from tests.api.world import CSRF, Side, make_channel, make_side, make_staff, session_of
from tests.channels import bearer
from tests.rows import counts

pytestmark = pytest.mark.django_db(transaction=True)

UNKNOWN = {
    "program": "nowhere",
    "membership": 999_999_999,
    "other_membership": 999_999_999,
    "customer": 999_999_999,
    "hold": 999_999_999,
    "transaction": 999_999_999,
    "posting": 999_999_999,
    "lot": 999_999_999,
    "card": "0000000000000",
    "temporary_card": "0000000000000",
    "stranger": 999_999_999,
    "adjustment": 999_999_999,
    "failed_activity": 999_999_999,
    "change": 999_999_999,
    "webhook": 999_999_999,
    "delivery": 999_999_999,
    "customer_asked": 999_999_999,
    "customer_on_paper": 999_999_999,
    "order": 999_999_999,
    "voucher": "0000000000000000",
}
KEPT_BESIDE = {Throttle, EventNumber, EventHorizon}
BY_FORM = {"X-CSRFToken": CSRF}
Headers = dict[str, str]


class Sides(NamedTuple):
    """Callers belong to `ours`; `theirs` is another program."""

    ours: Side
    theirs: Side


@pytest.fixture
def sides(transactional_db: None) -> Sides:
    return Sides(make_side("miles"), make_side("stars"))


@contextmanager
def nothing_changed(*but: type[models.Model]) -> Iterator[None]:
    before = everything(*but)
    yield
    assert everything(*but) == before


def everything(*but: type[models.Model]) -> dict[str, int]:
    """The rows of every table of ours, but for counters and the numbers that events get when the feed is read."""
    found = [model for app in settings.OWN_APPS for model in apps.get_app_config(app).get_models()]
    return counts(one for one in found if one not in {*KEPT_BESIDE, *but})


@dataclass(frozen=True)
class Asking:
    """Sends a row as one caller, with the ids of one side."""

    side: Side
    client: Client
    headers: Headers
    dry_run: bool = False

    def __call__(self, row: Row) -> Any:
        path = row.path(self.side.ids)
        if self.dry_run and row.writes:
            path += "?dry_run=true"
        headers = {"Idempotency-Key": f"key of {row.call}"} | self.headers if row.method == "POST" else self.headers
        body = json.dumps(row.filled(self.side.ids)) if row.writes else ""
        return self.client.generic(row.method, path, body, content_type="application/json", headers=headers)


def wrong(rows: Iterable[Row], expected: Callable[[Row], int], answer: Callable[[Row], Any]) -> dict[str, Any]:
    """The rows that were answered otherwise: what was expected, what came."""
    told = {}
    for row in rows:
        response = answer(row)
        if response.status_code != expected(row):
            told[row.call] = (expected(row), response.status_code, response.content[:200])
    return told


def channel(code: str, side: Side, without: Iterable[str] = ()) -> Headers:
    """Every scope but those, in this program alone."""
    return {"Authorization": bearer(make_channel(code, side.program, scopes=set(all_scopes()) - set(without)))}


def test_every_route_has_a_row() -> None:
    assert sorted(routes()) == sorted({nameless(row.call) for row in ROWS} | OPEN)
    assert len({row.call for row in ROWS}) == len(ROWS)


def test_nobody_gets_in_without_a_token(sides: Sides) -> None:
    with nothing_changed():
        for headers in ({}, {"Authorization": "Bearer made-up"}):
            assert wrong(ROWS, lambda row: 401, Asking(sides.ours, Client(), headers)) == {}


def test_a_channel_needs_the_scope(sides: Sides) -> None:
    without = {needs: channel(f"lacks-{n}", sides.ours, needs) for n, needs in enumerate({row.needs for row in ROWS})}
    with nothing_changed():
        for row in ROWS:
            assert wrong([row], lambda row: 403, Asking(sides.ours, Client(), without[row.needs])) == {}


def test_a_channel_gets_through_in_its_program_and_never_to_what_is_for_staff(sides: Sides) -> None:
    ask = Asking(sides.ours, Client(), channel("ours", sides.ours), dry_run=True)
    with nothing_changed():
        assert wrong(ROWS, lambda row: 403 if row.for_staff else row.own, ask) == {}


def test_rows_of_another_program_do_not_exist_for_a_channel(sides: Sides) -> None:
    headers = channel("ours", sides.ours)
    with nothing_changed():
        assert_foreign([row for row in ROWS if not row.for_staff], sides, Client(), headers)


def test_rows_of_another_program_do_not_exist_for_staff(sides: Sides) -> None:
    client = session_of(make_staff("ada", Role.ADMIN, sides.ours.program))
    with nothing_changed():
        assert_foreign([row for row in ROWS if not row.for_channels], sides, client, BY_FORM)


def assert_foreign(rows: Iterable[Row], sides: Sides, client: Client, headers: Headers) -> None:
    """What names something of another program is answered like what names nothing at all."""
    for row in [one for one in rows if "{" in one.call or "$" in str(one.body)]:
        theirs = Asking(sides.theirs, client, headers, dry_run=True)(row)
        if row.foreign == 200:
            assert theirs.status_code == 200, row.call
            continue
        nowhere = Asking(Side(sides.ours.program, UNKNOWN), client, headers, dry_run=True)(row)
        assert (theirs.status_code, nowhere.status_code) == (404, 404), (row.call, theirs.content)
        assert impersonal(theirs, sides.theirs.ids) == impersonal(nowhere, UNKNOWN), row.call


def impersonal(response: Any, ids: Any) -> Any:
    """The answer without the ids that were asked for."""
    body = response.json()
    return body | {"facts": {name: "?" if one in ids.values() else one for name, one in body["facts"].items()}}


@pytest.mark.parametrize("named", [{"to_membership": "other_membership"}, {"member": "customer"}])
def test_ids_in_bodies_name_nothing_of_another_program(named: dict[str, str], sides: Sides) -> None:
    ((field, kind),) = named.items()
    headers = channel("ours", sides.ours)
    rows = [row for row in ROWS if "points" in row.call and row.writes and (field == "member" or field in row.body)]
    assert rows
    with nothing_changed():
        for row in rows:
            theirs, nowhere = (
                Asking(sides.ours, Client(), headers, dry_run=True)(replace(row, body={**row.body, field: ids[kind]}))
                for ids in (sides.theirs.ids, UNKNOWN)
            )
            assert theirs.status_code == nowhere.status_code in (404, 422), (row.call, theirs.content)
            told = [(one.json()["code"], one.json()["title"], set(one.json()["facts"])) for one in (theirs, nowhere)]
            assert told[0] == told[1], row.call


@pytest.mark.parametrize(
    ("given", "field", "kind"),
    [
        (MERGE, "secondary", "membership"),
        (MERGE, "replaces", "change"),
        (MERGE | {"result_type": "group"}, "main", "customer"),
        ({"kind": "split", "membership": "$membership"}, "leaver", "customer"),
    ],
)
def test_ids_in_proposals_name_nothing_of_another_program(given: Any, field: str, kind: str, sides: Sides) -> None:
    ask = Asking(sides.ours, Client(), channel("ours", sides.ours), dry_run=True)
    with nothing_changed():
        theirs, nowhere = (
            ask(Row("POST membership-changes", (), body={**given, field: ids[kind]}))
            for ids in (sides.theirs.ids, UNKNOWN)
        )
    assert theirs.status_code == nowhere.status_code in (404, 422), theirs.content
    told = [(one.json()["code"], one.json()["title"], set(one.json()["facts"])) for one in (theirs, nowhere)]
    assert told[0] == told[1]


def test_a_role_may_what_its_actions_say(sides: Sides) -> None:
    for role in Role:
        may = ROLE_ACTIONS[role]
        ask = Asking(sides.ours, session_of(make_staff(role, role, sides.ours.program)), BY_FORM, dry_run=True)
        with nothing_changed():
            told = wrong(ROWS, lambda row, may=may: row.own if row.is_open_to(may) else 403, ask)
            assert (role, told) == (role, {})


def test_a_right_in_one_program_opens_no_other(sides: Sides) -> None:
    """Admin there, auditor here: what an auditor may not is refused here; customers belong to no program."""
    user = make_staff("ada", Role.ADMIN, sides.theirs.program)
    user.rights.create(role=Role.AUDITOR, program=sides.ours.program)
    ask = Asking(sides.ours, session_of(user), BY_FORM)
    may_here = ROLE_ACTIONS[Role.AUDITOR] | {"customers:write"}
    with nothing_changed():
        assert wrong([row for row in ROWS if not may_here & set(row.needs)], lambda row: 403, ask) == {}


def test_a_session_writes_nothing_without_the_csrf_token(sides: Sides) -> None:
    ask = Asking(sides.ours, session_of(make_staff("ada", Role.ADMIN)), {})
    with nothing_changed():
        assert wrong([row for row in ROWS if row.writes], lambda row: 403, ask) == {}
