"""kill -9 of workers and of the database under load: what was acknowledged is stored, once."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import psycopg
import pytest

from tests.faults.client import Journal, Load, insist
from tests.faults.site import Site, wait_for

# How a try may end that is to be repeated.
PASSING = ("no answer", "503 application/problem+json", "409 application/problem+json")
pytestmark = pytest.mark.concurrency

KEYS = "SELECT encode(key_digest, 'hex'), count(*) FROM points_posting WHERE key_digest IS NOT NULL GROUP BY 1"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    site = Site(tmp_path / "local")
    try:
        site.prepare()
        site.start()
        yield site
    finally:
        site.stop()
        site.postgres("remove")


def stored_keys(site: Site) -> Counter[str]:
    with psycopg.connect(site.postgres("url")) as connection:
        return Counter(dict(connection.execute(KEYS).fetchall()))


def assert_stored_once(site: Site, journal: Journal) -> None:
    """Every acknowledged key has one posting, and no posting a key that was not acknowledged."""
    assert stored_keys(site) == Counter(journal.digests())


def assert_replayed(site: Site, journal: Journal) -> None:
    """The answers of before, byte for byte; sending them again posts nothing."""
    for key, first in list(journal.answered.items()):
        insist(site, journal, key)
        again = journal.answered[key]
        assert (again.status, again.body) == (first.status, first.body), key
        assert again.headers.get("idempotent-replayed") == "true", key


def assert_audit_clean(site: Site) -> None:
    done = site.python("manage.py", "integrity_audit", "--json")
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]


@pytest.mark.parametrize("seconds", [8, pytest.param(120, marks=pytest.mark.deep)])
def test_what_was_acknowledged_is_stored_exactly_once(site: Site, tmp_path: Path, seconds: int) -> None:
    journal, killed = Journal(tmp_path / "journal"), Counter[str]()
    with Load(site, journal) as load:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            time.sleep(0.8)
            killed["worker"] += site.kill_worker()
            time.sleep(1.2)
            killed["backend"] += site.kill_backend()
    assert not load.faults
    assert min(killed["worker"], killed["backend"]) >= 3
    assert journal.tries["no answer"] > 0
    assert len(journal.acknowledged()) > 100
    assert set(journal.answered) == set(journal.asked)
    assert [
        told for told in journal.tries if told.startswith("5") and not told.startswith("503 application/prob")
    ] == []
    assert_stored_once(site, journal)
    assert_replayed(site, journal)
    assert_stored_once(site, journal)
    assert_audit_clean(site)


@pytest.mark.deep
@pytest.mark.parametrize("setting", ["on", "off"])
def test_a_database_that_forgets_is_caught(site: Site, tmp_path: Path, setting: str) -> None:
    """All of PostgreSQL killed at one moment: the proof holds, and fails where commits do not wait for the disk."""
    with psycopg.connect(site.postgres("url"), autocommit=True) as connection:
        connection.execute(f"ALTER SYSTEM SET synchronous_commit = {setting}")
        connection.execute("ALTER SYSTEM SET wal_writer_delay = '10s'")
        connection.execute("SELECT pg_reload_conf()")
    journal = Journal(tmp_path / "journal")
    with Load(site, journal) as load:
        time.sleep(5)
        site.kill_database()
        site.postgres("url")
    assert not load.faults
    assert len(journal.acknowledged()) > 100
    with nullcontext() if setting == "on" else pytest.raises(AssertionError):
        assert_stored_once(site, journal)


def test_while_the_database_is_away_the_site_says_so_and_recovers_by_itself(site: Site) -> None:
    path, body = f"/api/memberships/{site.world['memberships'][0]}/earn-points", {"points": 5}
    assert site.post(path, body, "before").status == 201
    site.postgres("stop")
    refused = [site.post(path, body, "during") for _ in range(5)]
    assert {(one.status, one.headers["content-type"]) for one in refused} == {(503, "application/problem+json")}
    assert {(json.loads(one.body)["code"], one.headers["retry-after"]) for one in refused} == {("database_away", "1")}
    assert (site.get("/healthz").status, site.get("/readyz").status) == (200, 503)
    site.postgres("url")
    wait_for(lambda: site.get("/readyz").status == 200)
    wait_for(lambda: site.post(path, body, "during").status == 201)
    assert site.post(path, body, "before").headers["idempotent-replayed"] == "true"
    assert sum(stored_keys(site).values()) == 2
