"""Emptying the test database after a test that committed: only the tables that hold something.

Django truncates all of them, some hundred and thirty with their indexes, and makes content types and permissions
anew: a second for each such test, of which there are hundreds.
"""

from django.contrib.auth.models import Permission
from django.contrib.contenttypes.models import ContentType
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from gateway.channels import make_built_in_channels

# What migrating makes and no test changes.
KEPT = [model._meta.db_table for model in (MigrationRecorder.Migration, ContentType, Permission)]
# Without their triggers, for append-only tables refuse to be emptied; all of it takes place or nothing does.
EMPTY = """
DO $empty$
DECLARE
    one record;
    guard name;
    guards name[];
    filled boolean;
BEGIN
    PERFORM set_config('session_replication_role', 'replica', true);
    FOR one IN
        SELECT c.oid, c.oid::regclass AS name FROM pg_class c
        WHERE c.relkind = 'r' AND c.relnamespace = current_schema()::regnamespace AND c.relname <> ALL (%(kept)s)
    LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %%s)', one.name) INTO filled;
        CONTINUE WHEN NOT filled;
        guards := ARRAY(SELECT tgname FROM pg_trigger WHERE tgrelid = one.oid AND tgenabled = 'A');
        FOREACH guard IN ARRAY guards LOOP
            EXECUTE format('ALTER TABLE %%s DISABLE TRIGGER %%I', one.name, guard);
        END LOOP;
        EXECUTE format('DELETE FROM %%s', one.name);
        FOREACH guard IN ARRAY guards LOOP
            EXECUTE format('ALTER TABLE %%s ENABLE ALWAYS TRIGGER %%I', one.name, guard);
        END LOOP;
    END LOOP;
END
$empty$
"""


def empty_tables() -> None:
    """As after migrating. Needs a superuser, as whom the embedded server lets tests in."""
    kept = ", ".join(f"'{table}'" for table in KEPT)
    with connection.cursor() as cursor:
        cursor.execute(EMPTY.replace("%(kept)s", f"ARRAY[{kept}]::name[]").replace("%%", "%"))
    make_built_in_channels()


def is_superuser() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('is_superuser') = 'on'")
        return bool(cursor.fetchone()[0])
