"""A real Chromium against a live server: who is logged in, which page is open. See helpers.py for the rest."""

import os
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from playwright.sync_api import ConsoleMessage, Page
from pytest_django.live_server_helper import LiveServer

from programs.models import Program
from staff.models import Role, StaffRight, User
from tests.browser.helpers import WIDE, LogIn, Open

# The browser's driver runs an event loop in the thread of the test, whose queries block nobody.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The Chromium of the system; root may not use its sandbox."""
    found = next((path for name in BROWSERS if (path := shutil.which(name))), None)
    return browser_type_launch_args | {"executable_path": found, "args": ["--no-sandbox", "--disable-gpu"]}


@pytest.fixture
def browser_context_args(browser_context_args: dict[str, Any]) -> dict[str, Any]:
    return browser_context_args | {"viewport": {"width": WIDE, "height": 900}, "locale": "en-GB"}


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.LOYALTY_TOTP = False


@pytest.fixture
def log_in(live_server: LiveServer, page: Page) -> LogIn:
    """Somebody of that role, in one program or in all, with a session in the browser; no form is typed into."""

    def open_session(role: Role, program: Program | None = None, *, name: str = "") -> User:
        user, _ = User.objects.get_or_create(username=name or role.value, defaults={"is_staff": True})
        StaffRight.objects.get_or_create(user=user, role=role, program=program)
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        cookie: Any = {"name": settings.SESSION_COOKIE_NAME, "value": session.session_key, "url": live_server.url}
        page.context.add_cookies([cookie])
        return user

    return open_session


@pytest.fixture
def open_page(live_server: LiveServer, page: Page) -> Iterator[Open]:
    """Go to a path of the site; at the end of the test nothing was written to the console as an error."""
    errors: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        # That the page itself answers 403 or 404 is for the test to say.
        own_status = message.text.startswith("Failed to load") and message.location.get("url") == page.url
        if message.type == "error" and not own_status:
            errors.append(message.text)

    page.on("console", hear)
    page.on("pageerror", lambda error: errors.append(str(error)))

    def open_at(path: str, *, width: int = WIDE) -> Page:
        page.set_viewport_size({"width": width, "height": 900})
        page.goto(f"{live_server.url}{path}")
        return page

    yield open_at
    assert errors == []
