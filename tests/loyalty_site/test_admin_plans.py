"""No list and no search of a large table reads a whole table: the plans of PostgreSQL say so."""

import re
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from activities.models import ActivityType, MemberActivity
from cards.models import Card, NumberRegistry
from customers.models import Customer, CustomerNumber
from gateway.models import Event
from memberships.models import CardHolding, Member, Membership, TierStanding
from points.models import Draw, Entry, Hold, Lot, PointAccount, PointAccountSet, Posting
from programs.models import PointType, Tier
from staff.models import User
from tests.factories import make_program
from tests.loyalty_site.admin_world import login

LARGE: tuple[Any, ...] = (
    Customer, CustomerNumber, Membership, Member, TierStanding, CardHolding, Card, NumberRegistry, PointAccountSet,
    PointAccount, Posting, Entry, Lot, Draw, Hold, MemberActivity, Event,
)  # fmt: skip
ROWS = 20_000
WINDOW = 500
LAST = 1_000_000 + ROWS
# Lists as they open, with each filter that finds few rows, and with what staff search.
ASKED = {
    "customers/customer": [
        {}, {"status__exact": "inactive"}, {"kind__exact": "organization"}, {"q": "V77"}, {"q": "adgk mnop"},
        {"q": "dgkab"}, {"q": "+43664777"},
    ],
    "memberships/membership": [
        {}, {"program__id__exact": "small"}, {"status__exact": "suspended"}, {"type__exact": "anonymous"},
        {"program__id__exact": "small", "status__exact": "suspended"}, {"q": f"VM-{LAST - 5}"},
        {"q": f"{70000000000000 + LAST - 5}"}, {"q": "V77"},
    ],
    "memberships/member": [{}, {"program__id__exact": "small"}, {"q": "V77"}, {"customer__id__exact": LAST}],
    "memberships/tierstanding": [{}, {"program__id__exact": "small"}, {"q": f"VM-{LAST - 5}"}],
    "memberships/cardholding": [{}, {"program__id__exact": "small"}, {"q": "V77"}, {"card__id__exact": LAST}],
    "cards/card": [
        {}, {"program__id__exact": "small"}, {"status__exact": "lost"}, {"kind__exact": "temporary"},
        {"q": f"{70000000000000 + LAST - 5}"},
    ],
    "cards/numberregistry": [{}, {"q": f"{70000000000000 + LAST - 5}"}],
    "points/pointaccountset": [{}, {"program__id__exact": "small"}, {"q": f"VM-{LAST - 5}"}],
    "points/pointaccount": [{}, {"program__id__exact": "small"}, {"q": f"VM-{LAST - 5}"}],
    "points/posting": [
        {}, {"program__id__exact": "small"}, {"kind__exact": "undo"}, {"q": f"ref-{LAST}"}, {"q": str(LAST)},
        {"for_set__id__exact": LAST},
    ],
    "points/entry": [{}, {"program__id__exact": "small"}, {"q": f"VM-{LAST - 5}"}, {"account__id__exact": LAST}],
    "points/lot": [{}, {"is_open__exact": "0"}, {"q": str(LAST)}, {"entry__account__id__exact": LAST}],
    "points/draw": [{}, {"q": str(LAST)}, {"lot__id__exact": LAST}],
    "points/hold": [{}, {"status__exact": "open"}, {"program__id__exact": "small"}, {"q": f"VM-{LAST - 5}"}],
    "activities/memberactivity": [
        {}, {"status__exact": "failed"}, {"program__id__exact": "small"}, {"q": f"ref-{LAST}"},
        {"membership__id__exact": LAST},
    ],
    "gateway/event": [{}, {"program__id__exact": "small"}, {"q": str(LAST)}],
}  # fmt: skip


@pytest.fixture
def small(db: None) -> int:
    """The id of a program with few rows among many of another."""
    program, other = make_program("sky"), make_program("sea")
    tier = Tier.objects.filter(group__program=program).earliest("pk")
    values = {
        "rows": ROWS,
        "program": program.pk,
        "small": other.pk,
        "group": tier.group_id,
        "tier": tier.pk,
        "point_type": PointType.objects.get(program=program, code="miles").pk,
        "activity_type": ActivityType.objects.filter(program=program).earliest("pk").pk,
    }
    script = (Path(__file__).parent / "volume.sql").read_text()
    with connection.cursor() as cursor:
        for statement in re.sub(r"^--.*$", "", script, flags=re.MULTILINE).split(";"):
            if statement.strip():
                cursor.execute(statement % {name: str(value) for name, value in values.items()})
        cursor.execute("SET LOCAL session_replication_role = origin")
        # As the autovacuum would: rows still waiting for the index make it look dear.
        cursor.execute("SELECT gin_clean_pending_list('customer_name_trigram')")
        # As on any disk without moving parts; a few thousand rows would otherwise be read whole to save a jump.
        cursor.execute("SET LOCAL random_page_cost = 1.1")
        for model in LARGE:
            cursor.execute(f"ANALYZE {model._meta.db_table}")
    return other.pk


@pytest.fixture
def root(small: int, monkeypatch: pytest.MonkeyPatch) -> Client:
    for model in LARGE:
        if getattr(admin.site._registry.get(model), "window", 0):
            monkeypatch.setattr(admin.site._registry[model], "window", WINDOW)
    # As where the estimate is large enough not to count.
    monkeypatch.setattr("common.admin.lists.REACH", 100)
    return login(User.objects.create_superuser("root"))


def scans(client: Client, url: str, asked: dict[str, Any]) -> set[str]:
    """Large tables that a statement of the page reads as a whole."""
    with CaptureQueriesContext(connection) as queries:
        assert client.get(url, asked).status_code == 200
    found = set()
    for query in queries:
        if not query["sql"].startswith("SELECT"):
            continue
        with connection.cursor() as cursor:
            cursor.execute("EXPLAIN " + query["sql"])
            plan = "\n".join(row[0] for row in cursor.fetchall())
        read = TABLES.intersection(re.findall(r"Seq Scan on (\w+)", plan))
        found |= {f"{name} by {' '.join(query['sql'].split(' FROM ')[1:])[-200:]}" for name in read}
    return found


TABLES = {model._meta.db_table for model in LARGE}


def test_no_list_and_no_search_reads_a_whole_table(root: Client, small: int) -> None:
    """One test for all: the rows take longer to make than every page of them."""
    found = {}
    for path, questions in ASKED.items():
        for question in questions:
            asked = {name: small if value == "small" else value for name, value in question.items()}
            read = scans(root, f"/admin/{path}/", asked)
            if read:
                found[f"{path} {question}"] = sorted(read)
    assert "\n".join(f"{page}: {read}" for page, read in found.items()) == ""


def test_the_plans_would_show_a_whole_table(root: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: a filter no index serves, without a window."""
    monkeypatch.setattr(admin.site._registry[Posting], "window", 0)
    assert scans(root, "/admin/points/posting/", {"kind__exact": "undo"})


def test_every_large_list_is_asked() -> None:
    paths = {f"{model._meta.app_label}/{model._meta.model_name}" for model in LARGE if model in admin.site._registry}
    assert paths == set(ASKED)
