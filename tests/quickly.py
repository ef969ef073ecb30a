"""What every test would pay for and none looks at: rounds of hashing, looks through the folders of static files."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher

from loyalty_site.admin_site import BackOffice


@contextmanager
def quick() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        # As in production but for the number of rounds: a third of a second for each channel and each login.
        patch.setattr(PBKDF2PasswordHasher, "iterations", 1)
        # Found when asked for, and not all of them anew for each client.
        patch.setattr(settings, "WHITENOISE_AUTOREFRESH", True, raising=False)
        # The collector need not look again and again at what was imported.
        gc.collect()
        gc.freeze()
        yield


@contextmanager
def without_menu() -> Iterator[None]:
    """The back office's menu is a third of each of its pages, and shows no row: left out where all pages are drawn."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BackOffice, "get_sidebar_list", lambda *_: [{"items": []}])
        yield
