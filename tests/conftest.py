"""What every test may use: a clean memory of designs and tokens, and the named cast."""

from collections.abc import Iterator
from typing import Any

import pytest
from _pytest.runner import runtestprotocol
from django.core.management import call_command
from django.db import connection
from django.test import TransactionTestCase

from gateway.authentication import forget_tokens
from memberships.models import Membership
from memberships.programs import forget_programs
from programs.design import forget_designs
from programs.models import Program
from tests import kept_database
from tests.emptying import empty_tables, is_superuser
from tests.factories import make_membership, make_program
from tests.quickly import forgetful, quick

# Whether a race without its lock shows the damage in one try is a matter of timing.
CONTROL_TRIES = 5
# Files that take long come first: at the end one process would wait for the other.
LONG = (
    "tests/faults",
    "tests/crawl",
    "tests/stateful",
    "tests/concurrency",
    "tests/browser",
    "tests/api/test_schema",
    "tests/memberships/changes/test_failures",
    "tests/points/test_restoring",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: not item.nodeid.startswith(LONG))


def pytest_runtest_protocol(item: pytest.Function, nextitem: pytest.Item | None) -> bool | None:
    """Try a control again, with fresh fixtures, until it sees the damage; five times at most."""
    if item.get_closest_marker("control") is None:
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for _ in range(CONTROL_TRIES):
        item._initrequest()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        if all(report.passed for report in reports):
            break
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True


@pytest.fixture(scope="session", autouse=True)
def quickly() -> Iterator[None]:
    with quick():
        yield


@pytest.fixture
def forgetful_connections() -> Iterator[None]:
    """For tests of what is prepared: a rollback forgets it, as it does outside of tests."""
    with forgetful():
        yield


@pytest.fixture(scope="session")
def django_db_keepdb() -> bool:
    return True


@pytest.fixture(scope="session")
def django_db_createdb(
    request: pytest.FixtureRequest, django_db_modify_db_settings: None, django_db_blocker: Any
) -> bool:
    with django_db_blocker.unblock():
        is_usable = kept_database.is_current()
        # Its connections lead to the ordinary database, and the pool would go on giving them out.
        connection.close()
        connection.close_pool()
    return bool(request.config.getoption("create_db")) or not is_usable


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: Any) -> Iterator[None]:
    """Empty, and without its signature while tests run, so that a run that is killed leaves none to be trusted."""
    with django_db_blocker.unblock():
        kept_database.sign("")
        call_command("flush", interactive=False, verbosity=0)
        quickly = is_superuser()
    with pytest.MonkeyPatch.context() as patch:
        if quickly:
            patch.setattr(TransactionTestCase, "_fixture_teardown", lambda self: empty_tables())
        yield
    with django_db_blocker.unblock():
        kept_database.sign(kept_database.fingerprint())


@pytest.fixture(autouse=True)
def nothing_kept_in_memory() -> Iterator[None]:
    forget_designs()
    forget_programs()
    forget_tokens()
    yield


@pytest.fixture
def miles(db: None) -> Program:
    """A released program: miles (redeemable, never expiring) and status (qualifying), tiers Blue and Gold."""
    return make_program("miles")


@pytest.fixture
def michael_adams(miles: Program) -> Membership:
    return make_membership(miles, "Michael Adams")


@pytest.fixture
def katrin_bauer(miles: Program) -> Membership:
    return make_membership(miles, "Katrin Bauer")
