"""Every page of desk and back office, visited by everybody: who may not gets 403 or 404 and changes nothing."""

import re
from collections.abc import Iterable, Iterator

import pytest
from django.template.response import SimpleTemplateResponse
from pytest import MonkeyPatch

from loyalty_site.admin_site import BackOffice
from tests.crawl import visits
from tests.crawl.back_office import BACK_OFFICE
from tests.crawl.changes import undone
from tests.crawl.conftest import CALLERS
from tests.crawl.visits import Visit
from tests.crawl.world import Caller, World

# Scripts and styles in the page itself, and attributes that run something.
INLINE = re.compile(r"<script(?![^>]*\bsrc=)[^>]*>|<style|\sstyle=|\son\w+=", re.IGNORECASE)
# The world's own transaction is around that of each test.
pytestmark = pytest.mark.django_db


@pytest.fixture
def undrawn(monkeypatch: MonkeyPatch) -> None:
    """Who may see a page is decided before it is drawn; tests/crawl/test_payloads.py draws them all."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
    monkeypatch.setattr(BackOffice, "each_context", lambda *_: {})


def test_every_page_of_the_desk_has_a_row() -> None:
    missing = visits.missing_desk_rows()
    assert missing == set(), f"Add a row to DESK in tests/crawl/pages.py for: {', '.join(sorted(missing))}"


def test_every_page_of_the_back_office_has_a_row() -> None:
    missing = visits.missing_admin_rows()
    assert missing == set(), (
        "Add a row to BACK_OFFICE (a model) or EXTRA (a page of its own) in tests/crawl/back_office.py for: "
        + ", ".join(sorted(missing))
    )


def test_every_page_open_to_all_has_a_row() -> None:
    missing = visits.missing_public_rows()
    assert missing == set(), f"Who checks them? Add a row to PUBLIC in tests/crawl/pages.py for: {sorted(missing)}"


def test_pages_of_the_desk(world: World) -> None:
    assert_visits(in_turn(visits.desk_visits(world), world))


def test_pages_of_the_back_office(world: World, undrawn: None) -> None:
    assert_visits(in_turn(visits.admin_visits(world), world))


def test_actions_of_lists_change_nothing_for_who_may_not_write(world: World, undrawn: None) -> None:
    assert_no_action(world, everybody=False)


@pytest.mark.deep
@pytest.mark.parametrize("name", CALLERS)
def test_pages_of_the_desk_for_everybody(world: World, name: str) -> None:
    assert_visits((visit, world.callers[name]) for visit in visits.desk_visits(world))


@pytest.mark.deep
@pytest.mark.parametrize("name", CALLERS)
def test_pages_of_the_back_office_for_everybody(world: World, undrawn: None, name: str) -> None:
    assert_visits((visit, world.callers[name]) for visit in visits.admin_visits(world))


@pytest.mark.deep
def test_actions_of_lists_change_nothing_for_anybody_who_may_not_write(world: World, undrawn: None) -> None:
    assert_no_action(world, everybody=True)


def test_pages_of_the_desk_carry_nothing_inline_and_stand_in_no_frame(world: World) -> None:
    caller, wrong = world.callers["admin of all"], {}
    looked_at = 0
    for visit in visits.desk_visits(world):
        if visit.method != "GET" or visit.side != "ours":
            continue
        with undone():
            response = visit.send(caller)
        looked_at += response.status_code == 200
        policy = response["Content-Security-Policy"]
        inline = INLINE.findall(response.getvalue().decode()) if "html" in response["Content-Type"] else []
        if inline or "unsafe" in policy or "frame-ancestors 'none'" not in policy:
            wrong[visit.path] = (inline, policy)
    assert wrong == {} and looked_at >= 20


def in_turn(made: Iterable[Visit], world: World) -> Iterator[tuple[Visit, Caller]]:
    """Each visit by one caller who may and by one who may not, so that all of them get their turn."""
    for number, visit in enumerate(made):
        for is_refused in (False, True):
            those = [one for one in world.callers.values() if visit.refused(one) == is_refused]
            if those:
                yield visit, those[number % len(those)]


def assert_visits(made: Iterable[tuple[Visit, Caller]]) -> None:
    """The visits that went otherwise: what was expected, what came, which tables were changed by who was refused."""
    wrong: list[str] = []
    for visit, caller in made:
        with undone() as trial:
            response = visit.send(caller)
        status, expected = response.status_code, visit.expected(caller)
        if status not in expected or (trial.changed and visit.refused(caller)):
            error = getattr(response, "exc_info", None)
            told = (sorted(expected), status, trial.changed, error and repr(error[1]))
            wrong.append(f"{visit.method} {visit.path} by {caller.name}: expected {told[0]}, got {told[1:]}")
    assert not wrong, "\n".join(wrong)


def assert_no_action(world: World, *, everybody: bool) -> None:
    """Each action of each list by all who may not write there, or by one of them in turn."""
    wrong = {}
    for number, (label, visit) in enumerate(visits.action_visits(world)):
        writes = BACK_OFFICE[label].writes
        those = [
            one
            for one in world.callers.values()
            if one.name != "admin of all" and not (writes and one.may_somewhere(writes))
        ]
        for caller in those if everybody else [those[number % len(those)]]:
            with undone() as trial:
                status = visit.send(caller).status_code
            if trial.changed or status >= 500:
                wrong[f"{label} {visit.sends['action']} by {caller.name}"] = (status, trial.changed)
    assert wrong == {}
