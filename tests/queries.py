"""What was asked of the database, for tests that count statements."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection
from django.test.utils import CaptureQueriesContext


@contextmanager
def asked() -> Iterator[list[str]]:
    """The SQL of the block, known at its end.

    Drawing a block of ids is left out: whether it falls into this block depends on what ran before.
    """
    found: list[str] = []
    with CaptureQueriesContext(connection) as captured:
        yield found
    found += [one["sql"] for one in captured if "nextval" not in one["sql"]]
