"""Every page of desk and back office, visited by everybody: who may not gets 403 or 404 and changes nothing."""

from collections.abc import Iterable
from typing import Any

import pytest
from django.template.response import SimpleTemplateResponse
from pytest import MonkeyPatch

from loyalty_site.admin_site import BackOffice
from tests.crawl import visits
from tests.crawl.changes import undone
from tests.crawl.conftest import CALLERS
from tests.crawl.pages import BACK_OFFICE
from tests.crawl.visits import Visit
from tests.crawl.world import Caller, World

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
        "Add a row to BACK_OFFICE (a model) or EXTRA (a page of its own) in tests/crawl/pages.py for: "
        + ", ".join(sorted(missing))
    )


@pytest.mark.parametrize("name", CALLERS)
def test_pages_of_the_desk(world: World, name: str) -> None:
    assert_visits(visits.desk_visits(world), world.callers[name])


@pytest.mark.parametrize("name", CALLERS)
def test_pages_of_the_back_office(world: World, undrawn: None, name: str) -> None:
    assert_visits(visits.admin_visits(world), world.callers[name])


@pytest.mark.parametrize("name", [name for name in CALLERS if name != "admin of all"])
def test_actions_of_lists_change_nothing_for_who_may_not_write(world: World, undrawn: None, name: str) -> None:
    caller = world.callers[name]
    wrong = {}
    for label, visit in visits.action_visits(world):
        writes = BACK_OFFICE[label].writes
        if writes and caller.may_somewhere(writes):
            continue
        with undone() as trial:
            status = visit.send(caller).status_code
        if trial.changed or status >= 500:
            wrong[f"{label} {visit.sends['action']}"] = (status, trial.changed)
    assert wrong == {}


def assert_visits(made: Iterable[Visit], caller: Caller) -> None:
    """The visits that went otherwise: what was expected, what came, which tables were changed by who was refused."""
    wrong: dict[str, Any] = {}
    for visit in made:
        with undone() as trial:
            response = visit.send(caller)
        status, expected = response.status_code, visit.expected(caller)
        if status not in expected or (trial.changed and visit.refused(caller)):
            error = getattr(response, "exc_info", None)
            wrong[f"{visit.method} {visit.path}"] = (sorted(expected), status, trial.changed, error and repr(error[1]))
    assert wrong == {}
