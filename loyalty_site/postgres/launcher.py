"""Start the embedded server with its first user; it stops with its last one (see keeper.py)."""

import fcntl
import os
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from loyalty_site.postgres.cluster import DATABASE, PORT, USER, Cluster, find_cluster
from loyalty_site.postgres.errors import LauncherError
from loyalty_site.postgres.locks import is_free, locked, open_lock
from loyalty_site.postgres.places import REPOSITORY

__all__ = ["LauncherError", "Server", "ensure_running", "provide_database_url"]

_guard = threading.Lock()
_held: dict[Path, int] = {}
_keepers: list[subprocess.Popen[bytes]] = []


@dataclass(frozen=True)
class Server:
    """A running server on a private Unix socket; whoever may open the socket is its superuser `user`."""

    cluster: str
    socket_dir: Path
    port: int = PORT
    user: str = USER
    database: str = DATABASE

    @property
    def url(self) -> str:
        host = quote(str(self.socket_dir), safe="/")
        return f"postgresql://{self.user}@/{self.database}?host={host}&port={self.port}"


def ensure_running(cluster: str = "dev") -> Server:
    """Start the cluster unless it runs, and keep it up while this process or a fork of it lives.

    Clusters: dev, bench (safe on disk) and test (may forget writes when the machine stops). Calling it
    again is cheap and restarts a server that was killed. LauncherError says what is missing.
    """
    found = find_cluster(cluster)
    with _guard, locked(found.place.locks, "start"):
        _hold(found)
        if not found.is_running():
            found.start()
        _post_keeper(found)
    return Server(cluster, found.place.sockets)


def provide_database_url(cluster: str = "dev") -> str:
    """DATABASE_URL as given, or that of the embedded server, which is started and set in the environment."""
    named = os.environ.get("DATABASE_URL")
    # A program started by a user of the embedded server inherits its address and has to become a user itself.
    if named and named != os.environ.get("LOYALTY_EMBEDDED_URL"):
        return named
    url = ensure_running(os.environ.get("LOYALTY_CLUSTER") or cluster).url
    os.environ.update(DATABASE_URL=url, LOYALTY_EMBEDDED_URL=url)
    return url


def _hold(cluster: Cluster) -> None:
    """Closed by the end of the process only: a forked child shares the lock, a program it starts does not."""
    if cluster.place.locks not in _held:
        descriptor = open_lock(cluster.place.locks, "users")
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        _held[cluster.place.locks] = descriptor


def _post_keeper(cluster: Cluster) -> None:
    if is_free(cluster.place.locks, "keeper"):
        _keepers.append(
            subprocess.Popen(
                [sys.executable, "-m", "loyalty_site.postgres.keeper", cluster.place.cluster],
                cwd=REPOSITORY,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        )
