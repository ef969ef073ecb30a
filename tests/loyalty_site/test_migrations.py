"""A new database, as that of the tests, is made from the models: the migrations must come to the same."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

REPOSITORY = Path(__file__).parents[2]
OF_A_PROCESS = """
import sys, django
django.setup()
from django.conf import settings
settings.DATABASES["default"]["NAME"] = sys.argv[1]
from django.core.management import call_command
call_command("migrate", one_by_one=sys.argv[2] == "one-by-one", verbosity=0)
"""
# Libraries have tables of their own beside ours.
APPS = ("activities", "cards", "customers", "gateway", "memberships", "points", "programs", "staff")
OURS = f"c.relnamespace = 'public'::regnamespace AND c.relname ~ '^({'|'.join(APPS)})_'"
CATALOG = {
    "columns": f"""SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
            a.attgenerated, pg_get_expr(d.adbin, d.adrelid)
        FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_attrdef d ON d.adrelid = c.oid AND d.adnum = a.attnum WHERE c.relkind = 'r' AND {OURS}""",
    "options": f"SELECT c.relname, c.reloptions::text FROM pg_class c WHERE c.relkind IN ('r', 'i') AND {OURS}",
    "constraints": f"""SELECT c.relname, k.conname, pg_get_constraintdef(k.oid), k.condeferrable, k.condeferred
        FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid WHERE k.contype <> 'n' AND {OURS}""",
    "indexes": f"""SELECT pg_get_indexdef(i.indexrelid)
        FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid WHERE {OURS}""",
    "triggers": f"""SELECT c.relname, pg_get_triggerdef(t.oid), t.tgenabled
        FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid WHERE NOT t.tgisinternal AND {OURS}""",
    "functions": """SELECT p.proname, p.prosrc FROM pg_proc p
        WHERE p.pronamespace = 'public'::regnamespace AND NOT EXISTS (
            SELECT 1 FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')""",
    "extensions": "SELECT extname FROM pg_extension",
}


def read(cursor: Any) -> dict[str, set[tuple[Any, ...]]]:
    found = {}
    for name, question in CATALOG.items():
        cursor.execute(question)
        found[name] = set(cursor.fetchall())
    return found


def made(way: str) -> dict[str, set[tuple[Any, ...]]]:
    """What the catalog says of a new database. Not of that of the tests: they make indexes anew, in other words."""
    name = f"{connection.settings_dict['NAME']}_{way.replace('-', '_')}"
    parameters: dict[str, Any] = connection.get_connection_params()
    own = {key: parameters[key] for key in ("host", "port", "user", "password") if parameters.get(key)}
    with psycopg.connect(**own, dbname="postgres", autocommit=True) as server:
        server.execute(f'DROP DATABASE IF EXISTS "{name}"')
        server.execute(f'CREATE DATABASE "{name}"')
        command = [sys.executable, "-c", OF_A_PROCESS, name, way]
        environment = os.environ | {"DJANGO_SETTINGS_MODULE": "loyalty_site.settings"}
        try:
            subprocess.run(command, cwd=REPOSITORY, env=environment, check=True, capture_output=True)
            with psycopg.connect(**own, dbname=name) as other, other.cursor() as cursor:
                return read(cursor)
        finally:
            server.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.mark.deep
def test_migrations_and_models_make_the_same_database(db: None) -> None:
    migrated, by_models = made("one-by-one"), made("from-models")
    differing = {name: migrated[name] ^ by_models[name] for name in CATALOG}
    assert differing == dict.fromkeys(CATALOG, set())
    assert MigrationExecutor(connection).migration_plan(MigrationExecutor(connection).loader.graph.leaf_nodes()) == []
    assert len(migrated["columns"]) > 1000
    assert len(migrated["triggers"]) > 20
