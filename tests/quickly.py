"""What every test would pay for and none looks at: rounds of hashing, statements parsed and planned again."""

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from psycopg._preparing import Prepare, PrepareManager
from psycopg.pq.abc import PGresult

from loyalty_site.admin_site import BackOffice

# Made after so many objects more than were dropped: the oldest generation, the whole suite's heap, hardly ever.
COLLECTIONS = (100_000, 50, 100)
# On each connection; a test asks some hundred different ones.
KEPT_STATEMENTS = 1_000
# psycopg's own.
_forget, _forgets = PrepareManager.clear, PrepareManager._should_discard
DEFINING = (b"DROP", b"ALTER", b"DISCARD", b"DEALLOCATE")


@contextmanager
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # As in production but for the number of rounds: a third of a second for each channel and each login.
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1)
        # Found when asked for, and not all of them anew for each client.
        patch.setattr(settings, "WHITENOISE_AUTOREFRESH", True, raising=False)
        _keep_statements(patch)
        # The collector need not look again and again at what was imported.
        gc.collect()
        gc.freeze()
        usual = gc.get_threshold()
        gc.set_threshold(*COLLECTIONS)
        yield
        gc.set_threshold(*usual)


def _keep_statements(patch: pytest.MonkeyPatch) -> None:
    """Half of the server's work was to parse and plan anew what psycopg forgets with the rollback that ends a test.

    It does so for the sake of tables made anew; those are told by the commands that make them.
    """
    patch.setattr(PrepareManager, "prepared_max", KEPT_STATEMENTS)
    patch.setattr(PrepareManager, "clear", lambda self: False)
    patch.setattr(PrepareManager, "_should_discard", _discards)


def _discards(manager: PrepareManager, prep: Prepare, results: Sequence[PGresult]) -> bool:
    return any((one.command_status or b"").startswith(DEFINING) for one in results) and _forget(manager)


@contextmanager
def forgetful() -> Iterator[None]:
    """psycopg as it is: a rollback forgets every prepared statement of its connection."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PrepareManager, "clear", _forget)
        patch.setattr(PrepareManager, "_should_discard", _forgets)
        yield


@contextmanager
def without_menu() -> Iterator[None]:
    """The back office's menu is a third of each of its pages, and shows no row: left out where all pages are drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BackOffice, "get_sidebar_list", lambda *_: [{"items": []}])
        yield
