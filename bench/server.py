"""The product served by gunicorn on the loopback, as in production: two workers with threads."""

import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlencode

from bench.world import World

HOST = "127.0.0.1"
WORKERS, THREADS = 2, 4
PATIENCE = 60.0


@contextmanager
def serving() -> Iterator[int]:
    """The port of a running server."""
    port = _free_port()
    command = [
        *(sys.executable, "-m", "gunicorn", "bench.wsgi", "--preload", "--bind", f"{HOST}:{port}"),
        *("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(THREADS)),
        *("--keep-alive", "30", "--log-level", "warning"),
    ]
    process = subprocess.Popen(command, env={**os.environ, "LOYALTY_POOL_MAX": "0"})
    try:
        _wait_for(port, process)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=30)


def token_of(world: World, port: int) -> str:
    """A real access token of the world's channel."""
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    asked = {
        "grant_type": "client_credentials",
        "client_id": world.client_id,
        "client_secret": world.client_secret,
    }
    connection.request("POST", "/oauth/token", urlencode(asked), {"Content-Type": "application/x-www-form-urlencoded"})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    if answer.status != 200:
        raise RuntimeError(f"No token: {answer.status} {body!r}")
    return str(json.loads(body)["access_token"])


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection((HOST, port), timeout=1):
            return
        time.sleep(0.1)
    raise RuntimeError("The server does not answer.")
