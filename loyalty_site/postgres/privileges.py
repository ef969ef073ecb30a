"""As whom the server runs: PostgreSQL refuses root, so root hands it to someone without rights."""

import os
import pwd
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from loyalty_site.postgres.binaries import Binaries
from loyalty_site.postgres.errors import LauncherError

HELPER = Path(__file__).with_name("unprivileged.py")


@dataclass(frozen=True)
class Identity:
    """`mode`: self (the starting user), namespace (root, seen as nobody inside) or nobody (really)."""

    mode: str
    uid: int
    gid: int

    def command(self, *arguments: str) -> list[str]:
        if self.mode == "self":
            return list(arguments)
        return [sys.executable, "-I", str(HELPER), self.mode, str(self.uid), str(self.gid), *arguments]

    @property
    def owner(self) -> int:
        """Whose files the server's are, seen from outside a namespace."""
        return self.uid if self.mode == "nobody" else os.geteuid()

    def own(self, folder: Path) -> None:
        """Give a folder to the server where it runs as another user."""
        if self.mode == "nobody":
            os.chown(folder, self.uid, self.gid)


def server_identity(binaries: Binaries) -> Identity:
    """LOYALTY_POSTGRES_USER=nobody skips the user namespace."""
    if os.geteuid() != 0:
        return Identity("self", os.geteuid(), os.getegid())
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise LauncherError("PostgreSQL can't run as root and there is no user nobody: use an ordinary user.") from None
    within = Identity("namespace", nobody.pw_uid, nobody.pw_gid)
    if os.environ.get("LOYALTY_POSTGRES_USER") != "nobody" and _works(within, binaries):
        return within
    return Identity("nobody", nobody.pw_uid, nobody.pw_gid)


@cache
def _works(identity: Identity, binaries: Binaries) -> bool:
    attempt = subprocess.run(
        identity.command(binaries.program("postgres"), "--version"), capture_output=True, check=False
    )
    return attempt.returncode == 0
