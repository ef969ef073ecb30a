"""The Idempotency-Key of the request being carried out, for the one posting it may make.

The gate of writes puts the key here; the ledger takes it and keeps it for ever with that posting. A request that
makes several postings marks the first.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

Key = tuple[bytes, int]

_carried: ContextVar[list[Key] | None] = ContextVar("carried_key", default=None)


@contextmanager
def carrying_key(digest: bytes, ordinal: int = 0) -> Iterator[None]:
    """Within the block one call of `take_key` answers (SHA-256 of the key, ordinal)."""
    token = _carried.set([(digest, ordinal)])
    try:
        yield
    finally:
        _carried.reset(token)


@contextmanager
def without_key() -> Iterator[None]:
    """Within the block no posting takes the key: what is written there will not be kept."""
    token = _carried.set(None)
    try:
        yield
    finally:
        _carried.reset(token)


def take_key() -> Key | None:
    """The key, once; None outside a request with a key and after it was taken."""
    carried = _carried.get()
    return carried.pop() if carried else None
