"""The test database is kept from run to run while models and migrations stay the same: making it takes its time.

A comment on the database says what made it; a run that broke off leaves no comment, and the next one
makes the database anew.
"""

import hashlib
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.db import connection

OWN = Path(settings.BASE_DIR)


def fingerprint() -> str:
    """Of every migration, ours and the libraries', of Django's own version of them, and of our models."""
    digest = hashlib.sha256()
    for config in sorted(apps.get_app_configs(), key=lambda one: one.label):
        for file in sorted((Path(config.path) / "migrations").glob("*.py")):
            digest.update(f"{config.label}/{file.name}\n".encode() + file.read_bytes())
    for file in sorted(
        [
            *OWN.glob("*/models.py"),
            *OWN.glob("*/models/*.py"),
            *OWN.glob("common/*/*.py"),
            OWN / "loyalty_site" / "new_database.py",
        ]
    ):
        digest.update(file.read_bytes())
    return digest.hexdigest()


def name_of_test_database() -> str:
    return connection.creation._get_test_db_name()


def is_current() -> bool:
    """Whether the test database stands there as these migrations make it. Asked before it is the default one."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s",
            [name_of_test_database()],
        )
        row = cursor.fetchone()
    return row is not None and row[0] == fingerprint()


def sign(text: str) -> None:
    """Write onto the current database what made it; nothing while a run is at work in it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT format('COMMENT ON DATABASE %%I IS %%L', current_database(), %s::text)", [text])
        cursor.execute(cursor.fetchone()[0])
