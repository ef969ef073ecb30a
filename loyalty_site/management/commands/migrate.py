"""Django's own `migrate`, which makes a new database at once, and looks seldom for garbage otherwise.

Every step draws the state of most models anew; a third of the time went into collecting what it leaves
(docs/performance.md).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connection

from loyalty_site.new_database import is_new, make_everything

# Objects more than were freed, before the youngest are looked through; 700 by default.
SELDOM = 200_000
# With one of these somebody wants something else than a database that is up to date.
SPECIAL = ("app_label", "migration_name", "fake", "fake_initial", "plan", "check_unapplied", "prune")


@contextmanager
def collecting_seldom() -> Iterator[None]:
    ordinary = gc.get_threshold()
    gc.set_threshold(SELDOM, *ordinary[1:])
    try:
        yield
    finally:
        gc.set_threshold(*ordinary)


class Command(migrate.Command):
    help = f"{migrate.Command.help} A new database is made from the models at once, unless --one-by-one is given."

    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.add_argument("--one-by-one", action="store_true", help="run every migration on a new database too")

    def handle(self, *args: Any, one_by_one: bool = False, **options: Any) -> None:
        with collecting_seldom():
            if not one_by_one and not any(options.get(name) for name in SPECIAL) and is_new():
                self.verbosity = 0
                make_everything(lambda labels: self.sync_apps(connection, labels))
            super().handle(*args, **options)
