"""The product as in production: gunicorn with two workers, and a cluster of its own that forgets nothing."""

import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
CLUSTER = "faults"
HOST = "127.0.0.1"
WORKERS, THREADS = 2, 4
PATIENCE = 60.0
BACKEND = b"postgres: loyalty loyalty"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Site:
    """Everything is a process of its own, so that each of them can be killed."""

    local: Path
    port: int = 0
    world: dict[str, Any] = field(default_factory=dict)
    gunicorn: subprocess.Popen[bytes] | None = None

    def environment(self) -> dict[str, str]:
        inherited = ("DATABASE_URL", "LOYALTY_EMBEDDED_URL")
        rest = {name: value for name, value in os.environ.items() if name not in inherited}
        return rest | {
            "LOYALTY_CLUSTER": CLUSTER,
            "LOYALTY_LOCAL": str(self.local),
            "LOYALTY_PRODUCTION": "0",
            "LOYALTY_LOG_LEVEL": "ERROR",
            "LOYALTY_POOL_TIMEOUT": "3",
        }

    def python(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, *arguments]
        return subprocess.run(
            command, cwd=REPOSITORY, env=self.environment(), capture_output=True, text=True, check=False
        )

    def postgres(self, action: str, *arguments: str) -> str:
        return self.python("-m", "loyalty_site.postgres", action, "--cluster", CLUSTER, *arguments).stdout.strip()

    def prepare(self) -> None:
        done = self.python("-m", "tests.faults.prepare")
        assert done.returncode == 0, done.stderr
        self.world = json.loads(done.stdout)

    def start(self) -> None:
        with socket.socket() as probe:
            probe.bind((HOST, self.port))
            self.port = probe.getsockname()[1]
        command = [
            *(sys.executable, "-m", "gunicorn", "loyalty_site.wsgi", "--preload", "--bind", f"{HOST}:{self.port}"),
            *("--workers", str(WORKERS), "--worker-class", "gthread", "--threads", str(THREADS)),
            *("--log-level", "critical"),
        ]
        self.gunicorn = subprocess.Popen(command, cwd=REPOSITORY, env=self.environment())
        wait_for(lambda: self.get("/readyz").status == 200)

    def stop(self, number: int = signal.SIGTERM) -> None:
        if self.gunicorn is not None:
            self.gunicorn.send_signal(number)
            self.gunicorn.wait(timeout=30)
            self.gunicorn = None

    def get(self, path: str) -> Answer:
        return self.ask("GET", path, None, {})

    def post(self, path: str, body: dict[str, Any], key: str) -> Answer:
        """Raises OSError or HTTPException where no answer comes."""
        headers = {"Authorization": self.world["authorization"], "Idempotency-Key": key}
        return self.ask("POST", path, json.dumps(body).encode(), headers | {"Content-Type": "application/json"})

    def ask(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> Answer:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        try:
            connection.request(method, path, body, headers)
            response = connection.getresponse()
            return Answer(
                response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
            )
        finally:
            connection.close()

    def kill_worker(self) -> bool:
        assert self.gunicorn is not None
        return kill_one(list(children_of(self.gunicorn.pid)))

    def kill_backend(self) -> bool:
        """One server process of PostgreSQL; the others restart with it and recover."""
        return kill_one([pid for pid in children_of(self.postmaster()) if BACKEND in command_of(pid)])

    def kill_database(self) -> None:
        """All of PostgreSQL at one moment, as a power cut does it."""
        postmaster = self.postmaster()
        for pid in [postmaster, *children_of(postmaster)]:
            os.kill(pid, signal.SIGSTOP)
        for pid in [*children_of(postmaster), postmaster]:
            os.kill(pid, signal.SIGKILL)

    def postmaster(self) -> int:
        data = Path(self.postgres("status").rpartition("data in ")[2])
        return int((data / "postmaster.pid").read_text().splitlines()[0])


def wait_for(ready: Any, patience: float = PATIENCE) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline:
        with suppress(OSError, http.client.HTTPException):
            if ready():
                return
        time.sleep(0.05)
    raise AssertionError(f"Still not so after {patience} seconds.")


def kill_one(pids: list[int]) -> bool:
    """Whether there was one to kill."""
    for pid in random.sample(pids, len(pids)):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def children_of(parent: int) -> Iterator[int]:
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            # The name in parentheses may hold blanks; state and parent follow it.
            if int(stat.read_text().rpartition(")")[2].split()[1]) == parent:
                yield int(stat.parent.name)


def command_of(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""
