"""How e-mail leaves, by the environment; and that production does not start without a way."""

from typing import Any

import pytest
from django.core.checks import run_checks
from django.core.exceptions import ImproperlyConfigured

from loyalty_site.checks import mail_reaches_customers
from loyalty_site.mail import INTO_FILES, read_email_url

SMTP = "django.core.mail.backends.smtp.EmailBackend"


@pytest.mark.parametrize(
    ("url", "port", "secured"),
    [
        ("smtp://mail.example.org", None, (None, None)),
        ("smtps://mail.example.org", 587, (True, None)),
        ("smtp+tls://mail.example.org", 587, (True, None)),
        ("smtp+ssl://mail.example.org", 465, (None, True)),
        ("smtp+ssl://mail.example.org:4650", 4650, (None, True)),
    ],
)
def test_the_scheme_says_how_the_connection_is_secured(
    url: str, port: int | None, secured: tuple[bool | None, bool | None]
) -> None:
    found = read_email_url(url)
    assert (found["EMAIL_BACKEND"], found["EMAIL_HOST"], found["EMAIL_PORT"]) == (SMTP, "mail.example.org", port)
    assert (found.get("EMAIL_USE_TLS"), found.get("EMAIL_USE_SSL")) == secured


def test_user_and_password_are_unquoted() -> None:
    found = read_email_url("smtps://loyalty:p%40ss@mail.example.org")
    assert (found["EMAIL_HOST_USER"], found["EMAIL_HOST_PASSWORD"]) == ("loyalty", "p@ss")


def test_without_a_url_messages_are_written_to_files() -> None:
    found = read_email_url("")
    assert found["EMAIL_BACKEND"] == INTO_FILES
    assert found["EMAIL_FILE_PATH"].endswith("/mail")


def test_another_scheme_is_refused() -> None:
    with pytest.raises(ImproperlyConfigured):
        read_email_url("carrier-pigeon://roof")


@pytest.mark.parametrize("backend", ["filebased", "console", "dummy", "locmem"])
def test_production_needs_a_server_that_takes_mail(settings: Any, backend: str) -> None:
    settings.PRODUCTION, settings.EMAIL_BACKEND = True, f"django.core.mail.backends.{backend}.EmailBackend"
    (error,) = mail_reaches_customers(None)
    assert error.id == "loyalty_site.E001"
    assert "EMAIL_URL" in (error.hint or "")
    settings.PRODUCTION = False
    assert mail_reaches_customers(None) == []


def test_the_check_is_asked_at_deployment_and_satisfied_by_a_server(settings: Any) -> None:
    settings.PRODUCTION, settings.EMAIL_BACKEND = True, INTO_FILES
    assert "loyalty_site.E001" in {one.id for one in run_checks(include_deployment_checks=True)}
    assert "loyalty_site.E001" not in {one.id for one in run_checks()}
    settings.EMAIL_BACKEND = SMTP
    assert mail_reaches_customers(None) == []
