"""Give committed events their numbers, so that a reader who goes on from the last number it saw misses none.

Ids become visible out of order, numbers do not: one run at a time gives them, after commit. To find what waits
without reading all events, a horizon is kept: no event recorded before it can still become visible. It may not
pass the start of a transaction that may yet commit an event, so that start is read first, and what is visible
only afterwards, by a statement of its own.
"""

from datetime import UTC, datetime, timedelta

from django.db import connection, transaction

# Any number, the same in every process.
LOCK = 7_310_420_118
BATCH = 10_000
# For a clock that is set back a little.
MARGIN = timedelta(seconds=5)

FRESH = "SELECT pg_stat_clear_snapshot(), clock_timestamp()"

# A transaction with an id may have written events since its start; one without has written nothing yet, so
# only the statement it is just running counts. Whoever hides that from our role might have done anything.
OPEN = """
SELECT coalesce(bool_or(query = '<insufficient privilege>'), false),
       min(CASE WHEN backend_xid IS NOT NULL THEN xact_start WHEN state = 'active' THEN query_start END)
FROM pg_stat_activity
WHERE pid <> pg_backend_pid() AND datname = current_database()
"""

# Read after the activity: a transaction may be prepared in between. Its start is not told.
PREPARED = "SELECT EXISTS (SELECT FROM pg_prepared_xacts WHERE database = current_database())"

NUMBER = """
INSERT INTO gateway_eventnumber (number, event_id)
SELECT (SELECT coalesce(max(number), 0) FROM gateway_eventnumber) + row_number() OVER (ORDER BY recorded_at, id), id
FROM (
    SELECT id, recorded_at FROM gateway_event event
    WHERE recorded_at >= %s
      AND NOT EXISTS (SELECT FROM gateway_eventnumber numbered WHERE numbered.event_id = event.id)
    ORDER BY recorded_at, id LIMIT %s
) waiting
"""

LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def number_waiting_events() -> int:
    """Number the committed events that have none, oldest first; returns how many, at most BATCH.

    0 also if another run is at it. Call it outside of any transaction.
    """
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [LOCK])
        if not cursor.fetchone()[0]:
            return 0
        safe = safe_horizon()
        cursor.execute("SELECT at FROM gateway_eventhorizon")
        row = cursor.fetchone()
        cursor.execute(NUMBER, [row[0] if row else LONG_AGO, BATCH])
        numbered = int(cursor.rowcount)
        # A full batch may have left events waiting.
        if safe is not None and numbered < BATCH:
            _advance(safe - MARGIN)
        return numbered


def number_all_waiting_events() -> int:
    """The same until nothing waits."""
    total = 0
    while numbered := number_waiting_events():
        total += numbered
    return total


def safe_horizon() -> datetime | None:
    """Nothing a transaction that has not ended yet may still commit is older; None if that can't be known now."""
    with connection.cursor() as cursor:
        cursor.execute(FRESH)
        now: datetime = cursor.fetchone()[1]
        cursor.execute(OPEN)
        is_hidden, oldest = cursor.fetchone()
        cursor.execute(PREPARED)
        (is_prepared,) = cursor.fetchone()
    if is_hidden or is_prepared:
        return None
    return min(now, oldest) if oldest else now


def _advance(horizon: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO gateway_eventhorizon (id, at) VALUES (1, %s)"
            " ON CONFLICT (id) DO UPDATE SET at = GREATEST(gateway_eventhorizon.at, EXCLUDED.at)",
            [horizon],
        )
