"""Which folders a cluster uses, made private on the way."""

import hashlib
import os
import re
import stat
import tempfile
from dataclasses import dataclass
from pathlib import Path

from loyalty_site.postgres.errors import LauncherError
from loyalty_site.postgres.privileges import Identity

REPOSITORY = Path(__file__).resolve().parents[2]
# A Unix socket's path has at most 107 bytes on Linux and 103 on macOS; "/.s.PGSQL.5432.lock" needs 19.
LONGEST_SOCKET_FOLDER = 84


@dataclass(frozen=True)
class Place:
    """Locks stand with the user of the server, data with its owner: two folders when that is nobody."""

    cluster: str
    locks: Path
    base: Path
    sockets: Path

    @property
    def data(self) -> Path:
        return self.base / "data"

    @property
    def log(self) -> Path:
        return self.base / "server.log"


def local_folder() -> Path:
    """`.local` of the checkout, or $LOYALTY_LOCAL: what this machine made and nobody else may read."""
    folder = Path(os.environ.get("LOYALTY_LOCAL") or REPOSITORY / ".local").resolve()
    return _private(folder, os.geteuid())


def place_of(cluster: str, identity: Identity) -> Place:
    if not re.fullmatch(r"[a-z][a-z0-9-]{0,30}", cluster):
        raise LauncherError(f"A cluster's name is a short slug such as dev, test or bench, not {cluster!r}.")
    local = local_folder()
    _private(local / "postgres", os.geteuid())
    locks = _private(local / "postgres" / cluster, os.geteuid())
    base = locks
    if identity.mode == "nobody":
        shared = shared_folder(local)
        base = shared / cluster
        _private(base, identity.owner, identity)
    sockets = base / "socket"
    if len(os.fsencode(sockets)) > LONGEST_SOCKET_FOLDER:
        sockets = Path(tempfile.gettempdir()) / f"loyalty-{identity.owner}-{_short_hash(base)}"
    _private(sockets, identity.owner, identity)
    return Place(cluster, locks, base, sockets)


def shared_folder(local: Path) -> Path:
    """A folder that nobody can reach, for a server that may not enter a private checkout."""
    folder = Path("/var/tmp") / f"loyalty-{_short_hash(local)}"  # noqa: S108 - owner and mode are checked
    folder.mkdir(exist_ok=True)
    _require_owner(folder, os.geteuid())
    folder.chmod(0o755)
    return folder


def _private(folder: Path, owner: int, identity: Identity | None = None) -> Path:
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        _require_owner(folder, owner)
        return folder
    if identity is not None:
        identity.own(folder)
    return folder


def _require_owner(folder: Path, owner: int) -> None:
    found = folder.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o022:
        raise LauncherError(
            f"{folder} must be a folder of user {owner} that nobody else can write: "
            "remove it, or name another in LOYALTY_LOCAL."
        )


def _short_hash(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]
