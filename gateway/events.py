"""Leave an event of a change, in the change's own transaction."""

from collections.abc import Mapping
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from common.arrays import array
from gateway.models import Event

encoded = DjangoJSONEncoder().encode
# Real time, taken while the statement runs: numbering relies on its being later than the transaction's start.
INSERT = """
INSERT INTO gateway_event (program_id, kind, subject_id, facts, recorded_at)
VALUES (%s, %s, %s, %s::jsonb, clock_timestamp()) RETURNING id, recorded_at
"""
MANY = """
INSERT INTO gateway_event (program_id, kind, subject_id, facts, recorded_at)
SELECT %s, %s, subject, facts, clock_timestamp()
FROM ROWS FROM (unnest(%s::bigint[]), jsonb_array_elements(%s::jsonb)) AS t(subject, facts)
"""


def record_events(kind: str, *, program_id: int | None, facts: Mapping[int, Mapping[str, Any]]) -> None:
    """One event of the kind per subject, with its facts."""
    with connection.cursor() as cursor:
        # As one text: to make a thousand small ones takes longer, here and in the server.
        cursor.execute(MANY, [program_id, kind, array(facts), encoded([dict(one) for one in facts.values()])])


def record_event(kind: str, *, program_id: int | None, subject_id: int, facts: Mapping[str, Any]) -> Event:
    """`facts` hold ids and figures, never a person's values. `program_id` None: outside of programs."""
    with connection.cursor() as cursor:
        cursor.execute(INSERT, [program_id, kind, subject_id, encoded(dict(facts))])
        pk, recorded_at = cursor.fetchone()
    return Event(
        pk=pk,
        program_id=program_id,
        kind=kind,
        subject_id=subject_id,
        facts=dict(facts),
        recorded_at=recorded_at,
    )
