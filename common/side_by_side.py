"""Work in parts that do not ask each other, on several connections at once."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from django.db import connection

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(func: Callable[[T], R], parts: Iterable[T], *, jobs: int) -> Iterator[R]:
    """`func` of each part, in their order; so many are worked on at once, few wait to be asked for.

    Inside a transaction, whose rows no other connection sees, one after the other. Raises what `func` raises; then, or
    interrupted, the others end with the part they are at. Two bring something where the server works half of the time.
    """
    if jobs <= 1 or connection.in_atomic_block:
        yield from map(func, parts)
        return

    def work(part: T) -> R:
        try:
            return func(part)
        finally:
            connection.close()

    waiting: deque[Future[R]] = deque()
    with ThreadPoolExecutor(jobs) as pool:
        try:
            for part in parts:
                waiting.append(pool.submit(work, part))
                if len(waiting) > 2 * jobs:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for one in waiting:
                one.cancel()
