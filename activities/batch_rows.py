"""Activities that wait for their rules, written by COPY: as text, for the driver writes nothing faster."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.db import connection

from activities.batch_lines import Given
from activities.batch_targets import Landing
from activities.models import ActivityBatch, ActivityStatus
from common.actor import Actor

COLUMNS = (
    *("program_id", "type_id", "membership_id", "customer_id", "card_id", "channel_id", "user_id", "status", "points"),
    *("reference", "location", "note", "occurred_at", "recorded_at", "partner_id", "amount", "currency"),
    *("attributes", "batch_id", "line", "redirected_from"),
)
COPY = f"COPY activities_memberactivity ({', '.join(COLUMNS)}) FROM STDIN"
# What COPY reads as something else.
ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})
NULL = "\\N"


def write_waiting(
    batch: ActivityBatch, lines: Iterable[tuple[Given, Landing]], *, actor: Actor, recorded_at: datetime
) -> None:
    """A row per line, in the order of the file."""
    now, user = recorded_at.isoformat(), _value(actor.user_id)
    rows = [
        f"{batch.program_id}\t{one.type.pk}\t{to.membership_id}\t{_value(to.person_id)}\t{_value(to.card_id)}\t"
        f"{actor.channel_id}\t{user}\t{ActivityStatus.RECEIVED.value}\t{_value(one.points)}\t{_text(one.reference)}\t"
        f"{_text(one.location)}\t\t{one.at.isoformat()}\t{now}\t{_value(batch.partner_id)}\t{_value(one.amount)}\t"
        f"{_value(one.currency)}\t{_json(one.attributes)}\t{batch.pk}\t{one.line}\t{_value(to.redirected_from)}\n"
        for one, to in lines
    ]
    if not rows:
        return
    # The cursor of Django knows no COPY, so it does not translate its errors.
    with connection.cursor() as cursor, connection.wrap_database_errors:
        copying: Any = cursor.copy(COPY)
        with copying as copy:
            copy.write("".join(rows))


def _value(value: object) -> str:
    return NULL if value is None else str(value)


def _text(text: str) -> str:
    return text.translate(ESCAPES)


def _json(values: dict[str, Any] | None) -> str:
    return NULL if values is None else _text(json.dumps(values, ensure_ascii=False))
