from django.db import migrations

TABLES = ["points_pointaccount", "points_lot", "points_debt"]


class Migration(migrations.Migration):
    """Balances and lots are updated in place: room on their pages keeps such updates off the indexes (HOT)."""

    dependencies = [("points", "0001_initial")]

    operations = [
        migrations.RunSQL(f"ALTER TABLE {table} SET (fillfactor = 80)", f"ALTER TABLE {table} RESET (fillfactor)")
        for table in TABLES
    ]
