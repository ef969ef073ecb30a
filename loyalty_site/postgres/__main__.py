"""`python -m loyalty_site.postgres start|stop|remove|status|psql|url [--cluster dev]`."""

import argparse
import signal
import sys

from loyalty_site.postgres.cluster import find_cluster
from loyalty_site.postgres.errors import LauncherError
from loyalty_site.postgres.launcher import ensure_running
from loyalty_site.postgres.locks import locked


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m loyalty_site.postgres", description="The embedded PostgreSQL.")
    parser.add_argument("action", choices=sorted(ACTIONS), help="start holds the server until Ctrl-C or TERM")
    parser.add_argument("--cluster", default="dev", help="dev (default), test or bench")
    given, rest = parser.parse_known_args()
    try:
        return ACTIONS[given.action](given.cluster, rest)
    except LauncherError as refused:
        sys.stderr.write(f"{refused}\n")
        return 1


def start(cluster: str, rest: list[str]) -> int:
    say(ensure_running(cluster).url)
    endings = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, endings)
    signal.sigwait(endings)
    return 0


def stop(cluster: str, rest: list[str]) -> int:
    found = find_cluster(cluster)
    with locked(found.place.locks, "start"):
        found.stop()
    return status(cluster, rest)


def remove(cluster: str, rest: list[str]) -> int:
    found = find_cluster(cluster)
    with locked(found.place.locks, "start"):
        found.remove()
    return 0


def status(cluster: str, rest: list[str]) -> int:
    found = find_cluster(cluster)
    say(f"{cluster}: {'running' if found.is_running() else 'stopped'}, data in {found.place.data}")
    return 0


def psql(cluster: str, rest: list[str]) -> int:
    ensure_running(cluster)
    return find_cluster(cluster).psql(*rest)


def url(cluster: str, rest: list[str]) -> int:
    say(ensure_running(cluster).url)
    return 0


def say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


ACTIONS = {"start": start, "stop": stop, "remove": remove, "status": status, "psql": psql, "url": url}

if __name__ == "__main__":
    sys.exit(main())
