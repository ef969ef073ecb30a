"""Before any test module: the embedded server for tests (unless DATABASE_URL names another), and Django."""

import os
import shutil
import sys

import django
import pytest
from hypothesis import settings

# Tests start many processes: none of them compiles again what another one has compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
os.environ.setdefault("LOYALTY_CLUSTER", "test")
# A server named in DATABASE_URL is a test's server here, not production.
os.environ.setdefault("LOYALTY_PRODUCTION", "0")
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "loyalty_site.settings")
django.setup()

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
NO_BROWSER = pytest.mark.skip(reason="no Chromium found: install it (apt-get install chromium)")


# The ordinary run looks at the same examples every time; the deep one looks for new ones.
settings.register_profile("ordinary", derandomize=True)
settings.register_profile("deep", derandomize=False)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("ordinary" if config.getoption("markexpr") == "not deep" else "deep")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without a Chromium the browser tests are skipped and say so, or fail where LOYALTY_REQUIRE_BROWSER asks."""
    if os.environ.get("LOYALTY_REQUIRE_BROWSER") or any(shutil.which(name) for name in BROWSERS):
        return
    for item in items:
        if item.get_closest_marker("browser"):
            item.add_marker(NO_BROWSER)
