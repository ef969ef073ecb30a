"""Make the tables from the models instead of by the migrations: four seconds instead of more than a minute.

What our migrations do besides tables is taken from them: extensions before, SQL and Python after. That both ways come
to the same database is a test (tests/loyalty_site/test_migrations.py).
"""

import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.postgres.operations import CreateExtension
from django.core.management import call_command
from django.db import connection, migrations
from django.db.migrations.operations.base import Operation
from django.db.models.signals import pre_migrate


class NoMigrations:
    """For MIGRATION_MODULES: no app has any."""

    def __contains__(self, label: str) -> bool:
        return True

    def __getitem__(self, label: str) -> None:
        return None


def own_operations() -> Iterator[Operation]:
    """Of all migrations of this project, app by app in their order."""
    for config in apps.get_app_configs():
        folder = Path(config.path) / "migrations"
        if folder.parent.parent != Path(settings.BASE_DIR):
            continue
        for module in sorted(one.name for one in pkgutil.iter_modules([str(folder)])):
            yield from importlib.import_module(f"{config.name}.migrations.{module}").Migration.operations


def make_extensions(**_: Any) -> None:
    with connection.cursor() as cursor:
        for name in {one.name for one in own_operations() if isinstance(one, CreateExtension)}:
            cursor.execute(f"CREATE EXTENSION IF NOT EXISTS {name}")


def run_the_rest() -> None:
    with connection.schema_editor() as editor:
        for one in own_operations():
            if isinstance(one, migrations.RunSQL):
                editor.execute(str(one.sql))
            elif isinstance(one, migrations.RunPython):
                one.code(apps, editor)


def before_tables() -> None:
    """Have the extensions made as soon as the database stands and before its first table."""
    pre_migrate.connect(make_extensions, dispatch_uid="extensions")


def make_tables() -> None:
    """In the empty current database."""
    before_tables()
    settings.MIGRATION_MODULES = NoMigrations()
    call_command("migrate", run_syncdb=True, verbosity=0)
    run_the_rest()
