"""Django's own `migrate`, with less looking for garbage.

Every step draws the state of most models anew, thirty thousand times in all for an empty database; a third of the
time went into collecting what it leaves (docs/performance.md).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.commands import migrate

# Objects more than were freed, before the youngest are looked through; 700 by default.
SELDOM = 200_000


@contextmanager
def collecting_seldom() -> Iterator[None]:
    ordinary = gc.get_threshold()
    gc.set_threshold(SELDOM, *ordinary[1:])
    try:
        yield
    finally:
        gc.set_threshold(*ordinary)


class Command(migrate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        with collecting_seldom():
            super().handle(*args, **options)
