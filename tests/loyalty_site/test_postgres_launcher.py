"""The embedded server's life, told by real processes and real servers in a folder of their own."""

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loyalty_site.postgres import Server
from loyalty_site.postgres.cluster import find_cluster
from loyalty_site.postgres.locks import locked
from loyalty_site.postgres.places import Place, shared_folder

REPOSITORY = Path(__file__).resolve().parents[2]
PATIENCE = 20.0
# A user of the server: says which one it got, then lives until its input ends.
USER = """
import sys, psycopg
from loyalty_site.postgres import ensure_running
server = ensure_running(sys.argv[1])
with psycopg.connect(server.url) as connection:
    print(connection.execute("SELECT pg_postmaster_start_time()").fetchone()[0], flush=True)
sys.stdin.read()
"""
FORKING_USER = USER.replace("sys.stdin.read()", "import os\nif os.fork() == 0:\n    sys.stdin.read()\n    os._exit(0)")

CHILD = """
import sys
from loyalty_site.postgres import provide_database_url
print(provide_database_url(), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A `.local` of one's own; whatever still runs in it is stopped afterwards."""
    folder = tmp_path / "local"
    for name in ("DATABASE_URL", "LOYALTY_EMBEDDED_URL", "LOYALTY_CLUSTER", "PG_BIN"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("LOYALTY_LOCAL", str(folder))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    yield folder
    for locks in folder.glob("postgres/*"):
        wait_until(lambda cluster=locks.name: not is_running(cluster))
        wait_for_the_end(find_cluster(locks.name).place)
    if folder.is_dir():
        shutil.rmtree(shared_folder(folder))


def begin(cluster: str = "test", program: str = USER) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", program, cluster], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


def server_of(user: subprocess.Popen[str]) -> str:
    assert user.stdout is not None
    return user.stdout.readline().strip()


def end(user: subprocess.Popen[str]) -> None:
    user.communicate()
    assert user.returncode == 0


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "loyalty_site.postgres", *arguments],
        capture_output=True,
        text=True,
        check=False,
    )


def answer(sql: str, cluster: str = "test") -> str:
    done = command("psql", "--cluster", cluster, "-qAtc", sql)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def is_running(cluster: str = "test") -> bool:
    return find_cluster(cluster).is_running()


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.05)


def wait_for_the_end(place: Place) -> None:
    wait_until(lambda: not (place.data / "postmaster.pid").exists())
    with locked(place.locks, "start"):
        pass


def postmaster(cluster: str = "test") -> int:
    return int((find_cluster(cluster).place.data / "postmaster.pid").read_text().splitlines()[0])


def test_processes_that_begin_together_share_one_server_and_the_last_stops_it(home: Path) -> None:
    users = [begin() for _ in range(5)]
    servers = {server_of(user) for user in users}
    assert len(servers) == 1
    assert "" not in servers

    for user in users[:-1]:
        end(user)
    time.sleep(0.5)
    assert is_running()

    end(users[-1])
    wait_until(lambda: not is_running())


def test_users_that_come_and_go_always_find_a_server(home: Path) -> None:
    for _ in range(3):
        users = [begin() for _ in range(3)]
        for user in users:
            assert server_of(user)
            end(user)


def test_a_killed_user_does_not_leave_the_server_behind(home: Path) -> None:
    user = begin()
    assert server_of(user)
    user.kill()
    user.communicate()
    wait_until(lambda: not is_running())


def test_a_forked_worker_keeps_the_server_of_its_dead_parent(home: Path) -> None:
    parent = begin(program=FORKING_USER)
    assert server_of(parent)
    assert parent.wait(PATIENCE) == 0
    time.sleep(0.5)
    assert is_running()

    assert parent.stdin is not None
    parent.stdin.close()
    wait_until(lambda: not is_running())


@pytest.mark.parametrize("cluster", ["dev", "test"])
def test_a_killed_postmaster_is_started_again_with_its_data(home: Path, cluster: str) -> None:
    user = begin(cluster)
    first = server_of(user)
    answer("CREATE TABLE kept AS SELECT 42 AS value", cluster)

    os.kill(postmaster(cluster), signal.SIGKILL)

    newcomer = begin(cluster)
    assert server_of(newcomer) != first
    assert answer("SELECT value FROM kept", cluster) == "42"
    end(user)
    end(newcomer)


def test_a_server_that_recovers_meanwhile_is_found_and_not_started_twice(home: Path) -> None:
    """It refuses a second start all the while; what counts is that it answers."""
    user = begin()
    assert server_of(user)
    first, began = postmaster(), time.monotonic()
    find_cluster("test").start()
    assert time.monotonic() - began < PATIENCE
    assert postmaster() == first
    end(user)


def test_a_killed_keeper_is_replaced_by_the_next_user(home: Path) -> None:
    user = begin()
    assert server_of(user)
    keeper = find_cluster("test").place.locks / "keeper.lock"
    wait_until(lambda: keeper.read_text() != "")
    os.kill(int(keeper.read_text()), signal.SIGKILL)

    newcomer = begin()
    assert server_of(newcomer)
    end(user)
    end(newcomer)
    wait_until(lambda: not is_running())


def test_stopping_never_hits_a_program_that_got_the_old_number(home: Path) -> None:
    assert answer("SELECT 1") == "1"
    place = find_cluster("test").place
    wait_for_the_end(place)
    bystander = subprocess.Popen(["sleep", "60"])  # noqa: S607
    (place.data / "postmaster.pid").write_text(f"{bystander.pid}\n{place.data}\n0\n5432\n{place.sockets}\n\n\nready\n")

    command("stop", "--cluster", "test")
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


def test_a_lock_file_that_names_another_program_is_no_obstacle(home: Path) -> None:
    answer("CREATE TABLE kept AS SELECT 42 AS value")
    place = find_cluster("test").place
    wait_for_the_end(place)
    (place.data / "postmaster.pid").write_text(f"{os.getpid()}\n{place.data}\n0\n5432\n{place.sockets}\n\n\nready\n")

    assert answer("SELECT value FROM kept") == "42"


def test_half_made_data_is_made_again(home: Path) -> None:
    place = find_cluster("test").place
    (place.base / "data.new").mkdir()
    (place.base / "data.new" / "PG_VERSION").write_text("18\n")

    assert answer("SELECT 1") == "1"


@pytest.mark.parametrize(("cluster", "fsync"), [("dev", "on"), ("bench", "on"), ("test", "off")])
def test_only_the_test_cluster_may_forget(home: Path, cluster: str, fsync: str) -> None:
    assert answer("SHOW fsync", cluster) == fsync
    assert answer("SHOW synchronous_commit", cluster) == "on"
    assert answer("SHOW listen_addresses", cluster) == ""


def test_its_text_is_unicode_in_capitals_too(home: Path) -> None:
    assert answer("SHOW server_encoding") == "UTF8"
    assert answer("SELECT upper('ötzi')") == "ÖTZI"


def test_a_long_path_gets_a_short_private_socket_folder(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    long = tmp_path / ("l" * 120)
    long.mkdir()
    monkeypatch.setenv("LOYALTY_LOCAL", str(long / "local"))

    assert answer("SELECT 1") == "1"
    sockets = find_cluster("test").place.sockets
    assert len(os.fsencode(sockets)) < 84
    assert sockets.stat().st_mode & 0o777 == 0o700
    wait_until(lambda: not is_running())
    sockets.rmdir()


def test_database_url_wins_and_nothing_is_started(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://someone@db.example.org/loyalty")
    said = subprocess.run(
        [sys.executable, "-c", "from loyalty_site.postgres import *; print(provide_database_url())"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert said.stdout == "postgresql://someone@db.example.org/loyalty\n"
    assert not home.exists()


def test_pg_bin_without_pg_ctl_is_refused_by_name(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PG_BIN", str(home.parent))
    refused = command("psql", "-c", "SELECT 1")
    assert refused.returncode == 1
    assert refused.stderr == f"PG_BIN names {home.parent.resolve()}, but there is no pg_ctl in it.\n"
    assert not home.exists()


def test_a_folder_that_others_may_write_is_refused(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)
    refused = command("psql", "-c", "SELECT 1")
    assert refused.returncode == 1
    assert f"{home} must be a folder of user {os.geteuid()} that nobody else can write" in refused.stderr
    assert list(home.iterdir()) == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to hand the server to someone else")
@pytest.mark.parametrize("identity", ["namespace", "nobody"])
def test_root_hands_the_server_to_someone_without_rights(
    home: Path, monkeypatch: pytest.MonkeyPatch, identity: str
) -> None:
    monkeypatch.setenv("LOYALTY_POSTGRES_USER", identity)
    user = begin("dev")
    assert server_of(user)
    process = Path(f"/proc/{postmaster('dev')}/status").read_text()
    assert "CapEff:\t0000000000000000" in process
    end(user)


def test_a_program_started_by_a_user_becomes_a_user_itself(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOYALTY_CLUSTER", "test")
    parent = begin()
    assert server_of(parent)
    url = Server("test", find_cluster("test").place.sockets).url
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.setenv("LOYALTY_EMBEDDED_URL", url)
    child = begin(program=CHILD)
    assert server_of(child) == url
    end(parent)
    time.sleep(0.5)
    assert is_running()
    end(child)
