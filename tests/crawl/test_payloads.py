"""Whatever stands in the database: every page shows it as text, and personal values to nobody who did not ask."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import connection, transaction

from common import clock
from customers.models import Customer
from customers.unmasking import SESSION_KEY
from tests.crawl import visits
from tests.crawl.payloads import ESCAPED, SCRIPT, Payloads, store_everywhere
from tests.crawl.world import Caller, World
from tests.quickly import without_menu

pytestmark = pytest.mark.django_db
# Found on some page, or the crawl looks at nothing.
SHOWN = (
    "customers.customer.notes", "customers.customer.name", "programs.program.name", "programs.pointtype.name",
    "programs.tier.name", "programs.programterms.text", "customers.historicalcustomer.notes",
    "staff.user.first_name", "gateway.channel.name",
)  # fmt: skip
PERSONAL_OF = ("customers.customer", "customers.identification", "customers.address")


@pytest.fixture(scope="module")
def payloads(world: World, django_db_blocker: Any) -> Iterator[Payloads]:
    with django_db_blocker.unblock():
        yield store_everywhere()


def paths(world: World) -> Iterator[str]:
    """Every page that can be looked at."""
    for visit in (*visits.desk_visits(world), *visits.admin_visits(world)):
        if visit.method == "GET" and visit.side == "ours":
            yield visit.path


def pages(world: World, caller: Caller) -> Iterator[tuple[str, bool, str]]:
    """(path, is it HTML, what was answered), for every page this caller can open."""
    caller.client.raise_request_exception = False
    for path in paths(world):
        with transaction.atomic(), without_menu():
            response = caller.client.get(path)
            transaction.set_rollback(True)
        if response.status_code == 200:
            yield path, response["Content-Type"].startswith("text/html"), response.getvalue().decode()


def unmask_all(caller: Caller) -> None:
    session = caller.client.session
    until = clock.now().timestamp() + 3600
    session[SESSION_KEY] = {str(pk): until for pk in Customer.objects.values_list("pk", flat=True)}
    session.save()


def test_a_script_is_shown_as_text_on_every_page(world: World, payloads: Payloads) -> None:
    caller = world.callers["admin of all"]
    unmask_all(caller)
    raw, escaped = {}, set()
    for path, is_html, shown in pages(world, caller):
        found = {payloads.columns.get(number, number) for number in SCRIPT.findall(shown)}
        if is_html and found:
            raw[path] = sorted(found)
        escaped |= set(ESCAPED.findall(shown))
    assert raw == {}
    assert sorted(set(SHOWN) - {payloads.columns[number] for number in escaped}) == []


@pytest.mark.parametrize("name", ["auditor", pytest.param("admin of all", marks=pytest.mark.deep)])
def test_no_page_shows_a_personal_value_to_who_did_not_ask(world: World, payloads: Payloads, name: str) -> None:
    caller = world.callers[name]
    session = caller.client.session
    session.pop(SESSION_KEY, None)
    session.save()
    secret = payloads.of(*personal_columns())
    assert len(secret) >= 20
    # The name of an organization is no personal value.
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customer SET name = 'Acme' WHERE kind = 'organization'")
    told = {}
    for path, _, shown in pages(world, caller):
        if found := secret.intersection(ESCAPED.findall(shown) + SCRIPT.findall(shown)):
            told[path] = sorted(payloads.columns[number] for number in found)
    assert told == {}


def personal_columns() -> Iterator[str]:
    """Of customers, their documents and addresses, and of the history of each."""
    for label in PERSONAL_OF:
        model: Any = apps.get_model(label)
        for name in model.PERSONAL:
            yield f"{label}.{name}"
            yield f"{model.history.model._meta.label_lower}.{name}"
