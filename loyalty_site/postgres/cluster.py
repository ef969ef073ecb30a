"""One cluster on disk: made, started, asked, stopped. Callers hold the start lock."""

import os
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from loyalty_site.postgres.binaries import Binaries, find_binaries
from loyalty_site.postgres.errors import LauncherError
from loyalty_site.postgres.places import Place, local_folder, place_of, shared_folder
from loyalty_site.postgres.privileges import Identity, server_identity

USER = "loyalty"
DATABASE = "loyalty"
PORT = 5432
PATIENCE = 60.0
FIRST_WITH_BUILTIN_LOCALE = 17
# Only these may forget acknowledged writes when the machine stops.
CLUSTERS_THAT_MAY_FORGET = frozenset({"test"})


@dataclass(frozen=True)
class Cluster:
    place: Place
    identity: Identity
    binaries: Binaries

    def is_running(self) -> bool:
        return self._run("pg_isready", "-q", "-h", str(self.place.sockets), "-p", str(PORT)).returncode == 0

    def start(self) -> None:
        """Start the server, trying again while a killed one leaves its workers or its lock file behind."""
        if not self.place.data.is_dir():
            self._create()
        self._require_same_version()
        (self.place.data / "loyalty.conf").write_text(self._settings())
        deadline = time.monotonic() + PATIENCE
        while True:
            self._remove_stale_lock_file()
            self._control("start", "-w", "-t", "60", "-l", str(self.place.log))
            # Whatever the attempt says: a server that was recovering from a killed backend refuses a second one.
            if self.is_running():
                return
            if time.monotonic() > deadline:
                raise LauncherError(f"PostgreSQL does not start: {self._last_words()}")
            time.sleep(0.2)

    def stop(self) -> None:
        """Fast shutdown: open transactions are rolled back, everything committed is kept."""
        self._remove_stale_lock_file()
        if self._control("stop", "-m", "fast", "-w", "-t", "30").returncode != 0 and self.is_running():
            self._control("stop", "-m", "immediate", "-w", "-t", "30")

    def remove(self) -> None:
        """Stop the server and forget everything it held."""
        self.stop()
        for folder in (self.place.data, self.place.sockets):
            shutil.rmtree(folder, ignore_errors=True)
        self.place.log.unlink(missing_ok=True)

    def psql(self, *arguments: str) -> int:
        address = ["-h", str(self.place.sockets), "-p", str(PORT), "-U", USER, DATABASE]
        return subprocess.run([self.binaries.program("psql"), *address, *arguments], check=False).returncode

    def _create(self) -> None:
        unfinished = self.place.base / "data.new"
        shutil.rmtree(unfinished, ignore_errors=True)
        made = self._run(
            *(
                "initdb",
                "-D",
                str(unfinished),
                "-U",
                USER,
                "--auth=trust",
                "--encoding=UTF8",
                "--no-instructions",
            ),
            *self._locale(),
        )
        if made.returncode != 0:
            raise LauncherError(f"PostgreSQL can't make its data folder: {made.stderr.strip()}")
        named = self._run(
            *("postgres", "--single", "-D", str(unfinished), "postgres"), text=f"CREATE DATABASE {DATABASE}\n"
        )
        if named.returncode != 0:
            raise LauncherError(f"PostgreSQL can't make the database {DATABASE}: {named.stderr.strip()}")
        with (unfinished / "postgresql.conf").open("a") as settings:
            settings.write("include 'loyalty.conf'\n")
        unfinished.rename(self.place.data)

    def _locale(self) -> list[str]:
        if self.binaries.major_version() >= FIRST_WITH_BUILTIN_LOCALE:
            return ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        return ["--locale=C.UTF-8"]

    def _settings(self) -> str:
        lines = [
            "listen_addresses = ''",
            f"port = {PORT}",
            f"unix_socket_directories = '{_quoted(self.place.sockets)}'",
            "unix_socket_permissions = 0700",
            "max_connections = 200",
            "timezone = 'UTC'",
            "log_timezone = 'UTC'",
            "jit = off",
        ]
        if self.place.cluster in CLUSTERS_THAT_MAY_FORGET:
            lines += ["fsync = off", "full_page_writes = off"]
        return "\n".join(lines) + "\n"

    def _require_same_version(self) -> None:
        made_by = int((self.place.data / "PG_VERSION").read_text())
        ours = self.binaries.major_version()
        if made_by != ours:
            raise LauncherError(
                f"{self.place.data} was made by PostgreSQL {made_by}, the programs found are of {ours}: "
                f"set PG_BIN to version {made_by}, or remove the folder and load the data again."
            )

    def _remove_stale_lock_file(self) -> None:
        """Another program may have got the number of a killed server: no start would work, and a stop hit it."""
        lock_file = self.place.data / "postmaster.pid"
        try:
            process = int(lock_file.read_text().splitlines()[0])
            program = Path(f"/proc/{process}/exe").readlink().name
        except (OSError, ValueError, IndexError):
            return
        if program != "postgres":
            lock_file.unlink(missing_ok=True)

    def _last_words(self) -> str:
        if not self.place.log.is_file():
            return "it left no log."
        return f"{self.place.log} ends with:\n" + "\n".join(self.place.log.read_text().splitlines()[-10:])

    def _control(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self._run("pg_ctl", "-D", str(self.place.data), *arguments)

    def _run(self, program: str, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.identity.command(self.binaries.program(program), *arguments),
            input=text,
            capture_output=True,
            text=True,
            check=False,
            cwd=self.place.base,
            env=_clean_environment(),
        )


def find_cluster(name: str) -> Cluster:
    binaries = find_binaries()
    identity = server_identity(binaries)
    place = place_of(name, identity)
    if identity.mode == "nobody" and not binaries.open_to_everyone():
        binaries = binaries.copied_to(shared_folder(local_folder()))
    return Cluster(place, identity, binaries)


def _clean_environment() -> dict[str, str]:
    """Settings of other servers (PGHOST, PGDATA, PGOPTIONS ...) must not reach ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PG")} | {"LC_ALL": "C"}


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
