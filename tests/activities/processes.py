"""Commands in processes of their own, on the test database, which can be killed in the middle."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from django.db import connection

REPOSITORY = Path(__file__).parents[2]
PATIENCE = 90
BEGIN = """
import sys, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.core.management import call_command
"""
OTHERS = """
SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND backend_type = 'client backend' AND
"""
Process = subprocess.Popen[str]
# The script, which finds Django set up and `call_command` imported, and its arguments from sys.argv[2] on.
Start = Callable[..., Process]


def started(script: str, *arguments: str) -> Process:
    command = [sys.executable, "-c", BEGIN + script, str(connection.settings_dict["NAME"]), *arguments]
    environment = os.environ | {"DJANGO_SETTINGS_MODULE": "loyalty_site.settings"}
    return subprocess.Popen(
        command, cwd=REPOSITORY, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def kill(process: Process) -> None:
    """At once and for good; what the server was still at for it has come to its end, one way or the other."""
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    connection.close()
    wait_until(_nobody_else_works)


def wait_until(is_so: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not is_so():
        assert time.monotonic() < end
        time.sleep(0.005)


def others_write() -> bool:
    """Whether somebody has changed something in a transaction that is open."""
    return _others("backend_xid IS NOT NULL") > 0


def _nobody_else_works() -> bool:
    return _others("state <> 'idle'") == 0


def _others(which: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(OTHERS + which)
        return int(cursor.fetchone()[0])
