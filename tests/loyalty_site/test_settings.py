"""What an operator's environment makes of the one settings file."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
REAL_SERVER = "postgresql://shop:p%40ss@DB.example.org:6432/loyalty?sslmode=require"
PRODUCTION = {"DATABASE_URL": REAL_SERVER, "SECRET_KEY": "k" * 60, "ALLOWED_HOSTS": "a.example.org,b.example.org"}


def settings_with(environment: dict[str, str], names: str) -> subprocess.CompletedProcess[str]:
    """The named settings as JSON on stdout, in a process that has no other configuration."""
    program = f"import json; from loyalty_site import settings as s; print(json.dumps([{names}]))"
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=False,
        cwd=REPOSITORY,
        env={"PATH": os.environ["PATH"], **environment},
    )


def test_a_named_server_means_production() -> None:
    names = "s.PRODUCTION, s.DEBUG, s.ALLOWED_HOSTS, s.SESSION_COOKIE_SECURE, s.SECURE_SSL_REDIRECT, s.LOYALTY_TOTP"
    done = settings_with(PRODUCTION, names)
    assert json.loads(done.stdout) == [True, False, ["a.example.org", "b.example.org"], True, True, True]


def test_production_speaks_https_only_and_says_so_for_a_year() -> None:
    names = "s.SECURE_HSTS_SECONDS, s.SECURE_HSTS_INCLUDE_SUBDOMAINS, s.SECURE_SSL_REDIRECT, s.CSRF_COOKIE_SECURE"
    assert json.loads(settings_with(PRODUCTION, names).stdout) == [31_536_000, True, True, True]


def test_production_without_a_secret_key_does_not_begin() -> None:
    done = settings_with({"DATABASE_URL": REAL_SERVER, "ALLOWED_HOSTS": "a.example.org"}, "s.SECRET_KEY")
    assert done.returncode != 0
    assert "Set the SECRET_KEY environment variable" in done.stderr


def test_a_developer_s_own_server_is_no_production(tmp_path: Path) -> None:
    local = {"DATABASE_URL": REAL_SERVER, "LOYALTY_PRODUCTION": "0", "LOYALTY_LOCAL": str(tmp_path / "local")}
    names = "s.PRODUCTION, s.SECRET_KEY, s.ALLOWED_HOSTS, s.SESSION_COOKIE_SECURE"
    production, key, hosts, secure = json.loads(settings_with(local, names).stdout)
    assert (production, hosts, secure) == (False, ["localhost", "127.0.0.1", "[::1]"], False)
    assert len(key) >= 80
    assert json.loads(settings_with(local, names).stdout)[1] == key
    assert (tmp_path / "local" / "secret_key").stat().st_mode & 0o777 == 0o600


def test_the_url_is_read_as_libpq_reads_it() -> None:
    (database,) = json.loads(settings_with(PRODUCTION, "s.DATABASES['default']").stdout)
    assert database == {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "loyalty",
        "USER": "shop",
        "PASSWORD": "p@ss",
        "HOST": "DB.example.org",
        "PORT": "6432",
        "CONN_MAX_AGE": 0,
        "OPTIONS": {
            "sslmode": "require",
            "pool": {"min_size": 1, "max_size": 16, "timeout": 10},
            "server_side_binding": True,
            "prepare_threshold": 1,
        },
    }


def test_an_old_pgbouncer_gets_no_prepared_statements() -> None:
    done = settings_with(PRODUCTION | {"LOYALTY_PREPARE_THRESHOLD": "0"}, "s.DATABASES['default']['OPTIONS']")
    assert json.loads(done.stdout)[0]["prepare_threshold"] is None


@pytest.mark.parametrize(
    ("proxies", "expected"),
    [("0", [["REMOTE_ADDR"], None]), ("1", [["HTTP_X_FORWARDED_FOR"], ["HTTP_X_FORWARDED_PROTO", "https"]])],
)
def test_headers_of_a_proxy_are_believed_only_if_there_is_one(proxies: str, expected: list[object]) -> None:
    names = "s.AXES_IPWARE_META_PRECEDENCE_ORDER, s.SECURE_PROXY_SSL_HEADER"
    done = settings_with(PRODUCTION | {"LOYALTY_PROXIES": proxies}, names)
    assert json.loads(done.stdout) == expected
