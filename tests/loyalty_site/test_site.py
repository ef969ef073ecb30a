"""The pages that belong to no app: health, the API's own pages, content policy, the length of a session."""

from datetime import timedelta

import pytest
from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import DatabaseError, connection
from django.test import Client
from django.utils import timezone

from common.recent_login import LOGGED_IN_AT


def test_healthz_asks_nothing(client: Client) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}


@pytest.mark.django_db
def test_readyz_when_everything_is_migrated(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ready"})


@pytest.mark.django_db
def test_readyz_names_waiting_migrations(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations WHERE app = 'staff'")
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "migrations are waiting")


@pytest.mark.django_db
def test_readyz_without_a_database(client: Client) -> None:
    def refuse(*_: object) -> None:
        raise DatabaseError("gone")

    with connection.execute_wrapper(refuse):
        answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["reason"]) == (503, "the database does not answer")


def test_health_is_read_only(client: Client) -> None:
    assert client.post("/healthz").status_code == 405


@pytest.mark.django_db
def test_a_session_without_a_request_for_the_idle_time_is_over(client: Client) -> None:
    user = get_user_model().objects.create_superuser("root", password=None)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    client.get("/admin/")
    kept = Session.objects.get()
    idle = kept.expire_date - timezone.now()
    assert abs(idle.total_seconds() - settings.SESSION_COOKIE_AGE) < 60
    Session.objects.update(expire_date=timezone.now() + timedelta(seconds=30))
    assert client.get("/admin/").status_code == 200
    assert Session.objects.get().expire_date > timezone.now() + timedelta(minutes=20)
    Session.objects.update(expire_date=timezone.now() - timedelta(seconds=1))
    assert client.get("/admin/").status_code == 302


@pytest.mark.django_db
def test_the_docs_page_loads_nothing_from_elsewhere_and_nothing_inline(client: Client) -> None:
    answer = client.get("/api/docs")
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "http://" not in page
    assert "https://" not in page
    assert "<script>" not in page
    assert policy_of(client, "/api/docs")["default-src"] == ["'self'"]
    assert "script-src" not in policy_of(client, "/api/docs")


@pytest.mark.django_db
def test_only_the_admin_may_evaluate_and_style_inline(client: Client) -> None:
    policy = policy_of(client, "/admin/login/")
    assert policy["script-src"] == ["'self'", "'unsafe-eval'"]
    assert policy["style-src"] == ["'self'", "'unsafe-inline'"]
    assert policy["frame-ancestors"] == ["'none'"]


def policy_of(client: Client, path: str) -> dict[str, list[str]]:
    header = client.get(path).headers["Content-Security-Policy"]
    return {name: sources for name, *sources in (directive.split() for directive in header.split(";"))}


@pytest.mark.django_db
@pytest.mark.parametrize(("age", "still_in"), [(-10, True), (10, False)])
def test_a_session_ends_however_busy_it_was(client: Client, age: int, still_in: bool) -> None:
    client.force_login(get_user_model().objects.create_user("joan"))
    assert client.get("/healthz").status_code == 200
    session = client.session
    session[LOGGED_IN_AT] -= settings.LOYALTY_SESSION_SECONDS + age
    session.save()

    client.get("/healthz")

    assert ("_auth_user_id" in client.session) is still_in
