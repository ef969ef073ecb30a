"""What a balance shows beside its sum, as a function of the database: a posting asks it within its own statement.

Volatile, so that it reads behind the lock its caller waited for, and sees what the caller's statement wrote before.
A held part of a lot past its time counts once, as held.
"""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION {schema}.points_figures(account bigint, event_at timestamptz, held_at timestamptz,
    OUT pending bigint, OUT held bigint, OUT unusable bigint, OUT next_points bigint, OUT next_at timestamptz)
LANGUAGE plpgsql VOLATILE AS $body$
BEGIN
SELECT COALESCE(sum(hl.points), 0) INTO held
FROM {schema}.points_hold h JOIN {schema}.points_holdlot hl ON hl.hold_id = h.id
WHERE h.account_id = account AND h.status = 'open' AND h.expires_at > held_at;
SELECT (SELECT COALESCE(sum(l.remaining), 0) FROM {schema}.points_lot l
        WHERE l.account_id = account AND l.is_open AND l.available_at > event_at),
    (SELECT COALESCE(sum(l.remaining - COALESCE((
            SELECT sum(hl.points) FROM {schema}.points_holdlot hl JOIN {schema}.points_hold h ON h.id = hl.hold_id
            WHERE held > 0 AND hl.lot_id = l.id AND h.status = 'open' AND h.expires_at > held_at), 0)), 0)
        FROM {schema}.points_lot l
        WHERE l.account_id = account AND l.is_open AND l.expires_at <= event_at
            AND (l.available_at IS NULL OR l.available_at <= event_at)
            AND NOT EXISTS (SELECT 1 FROM {schema}.points_pointaccount a
                JOIN {schema}.points_pointaccountset s ON s.id = a.account_set_id
                WHERE a.id = account AND s.exempt_until > event_at)),
    n.points, n.at
INTO pending, unusable, next_points, next_at
FROM (VALUES (1)) one LEFT JOIN LATERAL (
    SELECT l.expires_at AS at, sum(l.remaining)::bigint AS points FROM {schema}.points_lot l
    WHERE l.account_id = account AND l.is_open AND l.expires_at > event_at
    GROUP BY l.expires_at ORDER BY 1 LIMIT 1
) n ON true;
unusable := unusable + pending;
END
$body$
"""


def create(apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("SELECT quote_ident(current_schema())")
        (schema,) = cursor.fetchone()
        cursor.execute(FUNCTION.format(schema=schema))


class Migration(migrations.Migration):
    dependencies = [("points", "0002_room_for_updates")]
    operations = [
        migrations.RunPython(
            create,
            lambda apps, schema_editor: schema_editor.execute(
                "DROP FUNCTION points_figures(bigint, timestamptz, timestamptz)"
            ),
        )
    ]
