"""Steps of a long work done by two threads, each on a connection of its own."""

from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor

from django.db import connection

# The database works for one while the other draws numbers; it has two cores itself.
HANDS = 2


def side_by_side(step: Callable[[int], int], sizes: Iterable[int]) -> int:
    """The sum of what the steps answer, each called with one of the sizes.

    After an error of one, or an interruption, the others end with the step they are at.
    """
    todo = deque(sizes)

    def work() -> int:
        done = 0
        try:
            while todo:
                try:
                    size = todo.popleft()
                except IndexError:
                    break
                done += step(size)
        finally:
            todo.clear()
            connection.close()
        return done

    with ThreadPoolExecutor(HANDS) as threads:
        hands = [threads.submit(work) for _ in range(HANDS)]
        try:
            return sum(hand.result() for hand in hands)
        finally:
            todo.clear()
