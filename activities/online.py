"""Earning and redeeming in one round trip, for the plain case (architecture 2.2).

Everything that is not plain - a refusal, a merged membership, a debt to repay, an account that rested - writes
nothing here and answers None; the caller then takes the general form, which explains or handles it.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import DatabaseError, connection

from activities import statements
from activities.calls import AnswerKey, PointsCall, context
from activities.models import ActivityType
from activities.timing import event_time
from activities.types import activity_type
from common.actor import Actor
from common.db import LOCK_NOT_AVAILABLE, TRANSIENT, UNIQUE_VIOLATION, next_ids, sqlstate
from common.pipeline import Statement, run_pipeline
from memberships.capabilities import able_states
from points.inactivity import active_since
from programs.design import Design
from programs.expiry import available_at, expires_at
from programs.models import ExpiryPolicy, PointKind, PointType

# Their end depends on the membership or on the set's latest activity.
NOT_PLAIN = frozenset({ExpiryPolicy.TIER_PERIOD, ExpiryPolicy.INACTIVITY})
# Another transaction came first or was in the way; the general form finds out and says it.
RACES = TRANSIENT | {LOCK_NOT_AVAILABLE, UNIQUE_VIOLATION}


@dataclass(frozen=True, slots=True)
class Flow:
    """What sets earning and redeeming apart here."""

    kind: str
    sign: int
    form: str
    statements: tuple[Statement, ...]


def post_online(
    flow: Flow, call: PointsCall, *, design: Design, actor: Actor, key: AnswerKey | None
) -> list[Any] | None:
    """The facts of the answer, or None where nothing was written. Only outside a transaction."""
    point_type = design.point_type(call.point_type)
    if connection.in_atomic_block or point_type.expiry_policy in NOT_PLAIN:
        return None
    parameters = _parameters(flow, call, design, point_type, actor, key)
    last = statements.STORED_ANSWER if key else statements.ANSWER
    return send([*flow.statements, last], parameters)


def send(queries: Sequence[Statement], parameters: dict[str, Any]) -> list[Any] | None:
    """All statements in one round trip and one transaction; the facts the last one answers, None without."""
    connection.ensure_connection()
    try:
        with connection.wrap_database_errors:
            facts = run_pipeline(connection.connection, queries, parameters)
    except DatabaseError as error:
        if sqlstate(error) in RACES:
            return None
        raise
    return None if facts is None else list(json.loads(facts))


def _parameters(
    flow: Flow, call: PointsCall, design: Design, point_type: PointType, actor: Actor, key: AnswerKey | None
) -> dict[str, Any]:
    at = event_time(call.occurred_at, design)
    kind: ActivityType = activity_type(design, flow.kind)
    posting, entry, lot, activity, event, record = (
        next_ids(f"{table}_id_seq")[0]
        for table in (
            "points_posting",
            "points_entry",
            "points_lot",
            "activities_memberactivity",
            "gateway_event",
            "gateway_idempotencyrecord",
        )
    )
    amount = flow.sign * call.points
    head = context(
        activity=activity,
        posting=posting,
        kind=flow.kind,
        membership=call.membership_id,
        redirected_from=None,
        occurred_at=at,
        amount=amount,
        point_type=point_type,
    )
    return {
        "membership": call.membership_id,
        "member": call.member,
        "program": design.program.pk,
        "design": design.version,
        "offset": design.program.clock_offset,
        "states": _states(design, flow.kind),
        "pooled": point_type.kind == PointKind.REDEEMABLE,
        "type": point_type.pk,
        "points": call.points,
        "amount": amount,
        "kind": flow.kind,
        "at": at,
        "active_since": _active_since(design, at),
        "active": kind.counts_as_activity,
        "available_at": available_at(point_type, earned_at=at),
        "expires_at": expires_at(point_type, earned_at=at, zone=design.zone),
        "activity_type": kind.pk,
        "reference": call.reference,
        "location": call.location,
        "note": call.note,
        "card": None,
        "redirected": None,
        "channel": actor.channel_id,
        "user": actor.user_id,
        "key": key and key.digest,
        "request": key and key.request,
        "form": flow.form,
        "context": json.dumps(head),
        "posting": posting,
        "entry": entry,
        "lot": lot,
        "activity": activity,
        "event": event,
        "record": record,
    }


def _active_since(design: Design, at: datetime) -> datetime | None:
    """The earliest last activity with which no points of a set have ended by inactivity; None: any will do."""
    name = f"active_since/{at.astimezone(design.zone).date()}"
    if name not in design.derived:
        found = [active_since(one, at=at, zone=design.zone) for one in design.point_types.values()]
        design.derived[name] = max((since for since in found if since is not None), default=None)
    since = design.derived[name]
    return since if isinstance(since, datetime) else None


def _states(design: Design, capability: str) -> list[str]:
    states = design.derived.get(capability)
    if not isinstance(states, list):
        states = design.derived[capability] = able_states(design, capability)
    return states
