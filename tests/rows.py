"""All rows of all tables, to prove that nothing at all has changed."""

from django.db import connection

TABLES = """
SELECT table_name FROM information_schema.tables
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name NOT LIKE 'django_%' ORDER BY 1
"""


def all_rows() -> dict[str, tuple[int, str]]:
    """Per table the number of its rows and a digest of their texts."""
    with connection.cursor() as cursor:
        cursor.execute(TABLES)
        tables = [row[0] for row in cursor.fetchall()]
        parts = [
            f"SELECT '{table}', count(*), coalesce(md5(string_agg(t::text, '|' ORDER BY t::text)), '') FROM {table} t"
            for table in tables
        ]
        cursor.execute(" UNION ALL ".join(parts))
        return {table: (count, digest) for table, count, digest in cursor.fetchall()}
