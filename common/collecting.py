"""Python's collector of cycles, kept from looking at thousands of rows again and again while they are needed."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

# Objects made since the last look; a wave of activities makes some hundred thousand and then drops them all.
OFTEN, SELDOM = 200_000, 20


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Within the block the collector looks less often; what no cycle holds goes at once as ever."""
    before = gc.get_threshold()
    gc.set_threshold(OFTEN, SELDOM, SELDOM)
    try:
        yield
    finally:
        gc.set_threshold(*before)
