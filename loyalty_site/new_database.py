"""Make a new database from the models, in seconds: by its migrations it takes more than a minute.

Every step of a migration draws the state of most models anew, thirty thousand times in all. What our migrations do
besides tables is taken from them: extensions before, SQL and Python after. Then all count as applied. That both ways
come to the same database is a test (tests/loyalty_site/test_migrations.py).
"""

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import CreateExtension
from django.db import connection, migrations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import StateApps


def is_new() -> bool:
    """Whether the database has no table at all."""
    return not connection.introspection.table_names()


def make_everything(make_tables: Callable[[set[str]], None]) -> None:
    """`make_tables` makes those of the apps it is given."""
    operations = list(_own_operations())
    with connection.cursor() as cursor:
        for one in operations:
            if isinstance(one, CreateExtension):
                cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {one.name}")
    make_tables({config.label for config in apps.get_app_configs()})
    with connection.schema_editor() as editor:
        for one in operations:
            if isinstance(one, migrations.RunSQL):
                editor.execute(str(one.sql))
            elif isinstance(one, migrations.RunPython):
                # Ours ask nothing of the state of models: there was none before.
                one.code(StateApps([], {}), editor)
    _count_all_as_applied()


def _own_operations() -> Iterator[Operation]:
    """Of all migrations of this project, app by app in their order."""
    for config in apps.get_app_configs():
        folder = Path(config.path) / "migrations"
        if folder.parent.parent != Path(settings.BASE_DIR):
            continue
        for module in sorted(one.name for one in pkgutil.iter_modules([str(folder)])):
            yield from importlib.import_module(f"{config.name}.migrations.{module}").Migration.operations


def _count_all_as_applied() -> None:
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    for app, name in MigrationLoader(connection).graph.nodes:
        recorder.record_applied(app, name)
