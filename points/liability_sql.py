"""Statements of the liability report: what was recorded in a time, by day of the program's zone, type and kind.

Postings are found by the block range index over their time of recording, which holds as long as rows lie in the table
in the order they were recorded; a range of days is read, never the whole ledger.
"""

# Every entry of the time, summed. Credits and debits stay apart, so that what only moves points shows both sides.
MOVED = """
SELECT a.point_type_id, (p.recorded_at AT TIME ZONE %(zone)s::text)::date AS day, p.kind,
    COALESCE(o.kind, '') AS reverses,
    COALESCE(sum(e.amount) FILTER (WHERE e.amount > 0), 0)::bigint AS credited,
    COALESCE(-sum(e.amount) FILTER (WHERE e.amount < 0), 0)::bigint AS debited, count(*) AS entries
FROM points_posting p JOIN points_entry e ON e.posting_id = p.id JOIN points_pointaccount a ON a.id = e.account_id
LEFT JOIN points_posting o ON o.id = p.reverses_id
WHERE p.program_id = %(program)s AND p.recorded_at >= %(since)s AND p.recorded_at < %(until)s
GROUP BY 1, 2, 3, 4
"""
KEEP = f"""
INSERT INTO points_dayfigure (program_id, point_type_id, day, kind, reverses, credited, debited, entries)
SELECT %(program)s, moved.* FROM ({MOVED}) moved
"""  # noqa: S608 - our own text only
KEPT = """
SELECT point_type_id, day, kind, reverses, credited, debited, entries FROM points_dayfigure
WHERE program_id = %(program)s AND day < %(before)s
"""
# What came before the first month in one row per type, then month by month.
BY_MONTH = """
SELECT point_type_id, CASE WHEN day >= %(first)s::date THEN date_trunc('month', day::timestamp)::date END,
    CASE WHEN day >= %(first)s::date THEN kind END, CASE WHEN day >= %(first)s::date THEN reverses END,
    sum(credited)::bigint, sum(debited)::bigint, sum(entries)::bigint
FROM ({figures}) f GROUP BY 1, 2, 3, 4
"""
FIRST_POSTING = "SELECT min(recorded_at) FROM points_posting WHERE program_id = %s"

ENTRIES_OF_DAYS = """
SELECT day, sum(entries)::bigint FROM points_dayfigure
WHERE program_id = %(program)s AND point_type_id = %(type)s AND day >= %(first)s AND day < %(before)s
    AND kind = ANY(%(kinds)s) AND (reverses = '' OR reverses = ANY(%(reversed)s))
GROUP BY 1 ORDER BY 1
"""
ENTRIES = """
SELECT e.id, e.amount, e.balance_after, a.account_set_id, s.is_pool, p.id, p.kind, o.kind, p.reverses_id,
    p.occurred_at, p.recorded_at, p.reason_code
FROM points_posting p JOIN points_entry e ON e.posting_id = p.id JOIN points_pointaccount a ON a.id = e.account_id
JOIN points_pointaccountset s ON s.id = a.account_set_id LEFT JOIN points_posting o ON o.id = p.reverses_id
WHERE p.program_id = %(program)s AND a.point_type_id = %(type)s AND p.kind = ANY(%(kinds)s)
    AND (o.kind IS NULL OR o.kind = ANY(%(reversed)s))
    AND p.recorded_at >= %(since)s AND p.recorded_at < %(until)s AND (p.recorded_at, e.id) > (%(at)s, %(after)s)
ORDER BY p.recorded_at, e.id LIMIT %(limit)s
"""
