"""File locks between the processes that share a cluster.

`users` is held shared by every process that uses the server, `start` exclusively while it is started or
stopped, `keeper` by the process that stops it. The kernel drops them with the process, even after kill -9.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def open_lock(folder: Path, name: str) -> int:
    return os.open(folder / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


@contextmanager
def locked(folder: Path, name: str) -> Iterator[None]:
    descriptor = open_lock(folder, name)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def try_exclusive(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def is_free(folder: Path, name: str) -> bool:
    descriptor = open_lock(folder, name)
    try:
        return try_exclusive(descriptor)
    finally:
        os.close(descriptor)
