"""Servers that do not answer are left alone for a moment, so that waiting for one holds up no other."""

import threading
import time

# Seconds after the first, second ... try in a row without an answer.
LONGEST = 60.0
FIRST = 5.0


class Pauses:
    """Known to one process only: another finds out by itself."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failures: dict[int, int] = {}
        self._until: dict[int, float] = {}

    def failed(self, endpoint_id: int) -> None:
        with self._lock:
            times = self._failures[endpoint_id] = self._failures.get(endpoint_id, 0) + 1
            self._until[endpoint_id] = time.monotonic() + min(LONGEST, FIRST * 2 ** min(times - 1, 10))

    def answered(self, endpoint_id: int) -> None:
        """Whatever it said, it is there."""
        with self._lock:
            self._failures.pop(endpoint_id, None)
            self._until.pop(endpoint_id, None)

    def resting(self) -> list[int]:
        now = time.monotonic()
        with self._lock:
            return [one for one, until in self._until.items() if now < until]
