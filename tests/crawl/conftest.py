"""The world of the crawl, built once for each of its files."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import transaction
from pytest import MonkeyPatch

from tests.crawl.world import World, build

CALLERS = (
    "auditor", "support_agent", "supervisor", "program_manager", "card_manager", "admin", "admin of all",
    "admin elsewhere", "admin elsewhere, auditor here", "without a right", "anonymous",
)  # fmt: skip


@pytest.fixture(scope="module")
def world(django_db_setup: None, django_db_blocker: Any) -> Iterator[World]:
    """Built once; nothing of it is kept."""
    patch = MonkeyPatch()
    patch.setattr("django.conf.settings.SESSION_ENGINE", "django.contrib.sessions.backends.cache")
    # Thousands of refusals would be told with their tracebacks.
    logging.disable(logging.CRITICAL)
    with django_db_blocker.unblock(), transaction.atomic():
        yield build()
        transaction.set_rollback(True)
    logging.disable(logging.NOTSET)
    patch.undo()
