"""Stops a cluster with its last user: `python -m loyalty_site.postgres.keeper CLUSTER`.

A process of its own, so that a user killed with -9 does not leave the server running.
"""

import fcntl
import os
import sys

from loyalty_site.postgres.cluster import Cluster, find_cluster
from loyalty_site.postgres.locks import locked, open_lock, try_exclusive


def keep(cluster: Cluster) -> None:
    place = cluster.place
    keeper = open_lock(place.locks, "keeper")
    if not try_exclusive(keeper):
        return
    os.truncate(keeper, 0)
    os.write(keeper, f"{os.getpid()}\n".encode())
    users = open_lock(place.locks, "users")
    while True:
        # Waits for the last user, then lets go: a newcomer holds the start lock while it waits for this one.
        fcntl.flock(users, fcntl.LOCK_EX)
        fcntl.flock(users, fcntl.LOCK_UN)
        with locked(place.locks, "start"):
            if try_exclusive(users):
                cluster.stop()
                # Both end with the start lock, so that a newcomer finds no keeper and posts its own.
                fcntl.flock(users, fcntl.LOCK_UN)
                fcntl.flock(keeper, fcntl.LOCK_UN)
                return


if __name__ == "__main__":
    keep(find_cluster(sys.argv[1]))
