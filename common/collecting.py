"""Python's collector of cycles, kept from looking at thousands of rows again and again while they are needed."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Objects made since the last look; a wave of activities makes some hundred thousand and then drops them all.
OFTEN, SELDOM = 200_000, 20

_lock = threading.Lock()
# How often the collector looked before the first block that is under way, and how many are.
_ordinary: list[tuple[int, int, int]] = []


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Within the block the collector looks less often; what no cycle holds goes at once as ever.

    One collector serves all threads: of blocks that overlap the last one to end sets it back.
    """
    with _lock:
        _ordinary.append(_ordinary[0] if _ordinary else gc.get_threshold())
        gc.set_threshold(OFTEN, SELDOM, SELDOM)
    try:
        yield
    finally:
        with _lock:
            ordinary = _ordinary.pop()
            if not _ordinary:
                gc.set_threshold(*ordinary)
