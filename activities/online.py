"""Earning and redeeming in one round trip, for the plain case (architecture 2.2).

Everything that is not plain - a refusal, a merged membership, a debt to repay, an account that rested - writes
nothing here and answers None; the caller then takes the general form, which explains or handles it.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connections

from activities.calls import AnswerKey, PointsCall, context
from activities.rules.compiled import rules_for
from activities.timing import event_time
from activities.types import activity_type
from common.actor import Actor
from common.clock import program_now
from common.db import LOCK_NOT_AVAILABLE, TRANSIENT, UNIQUE_VIOLATION, ids_of, sqlstate
from common.pipeline import Bound, Statement, run_pipeline
from gateway.answers import StoredAnswer
from memberships.capabilities import able_states
from memberships.ladders import feeding
from memberships.models import MembershipType
from points.inactivity import active_since
from programs.design import Design
from programs.expiry import available_at, expires_at
from programs.models import ExpiryPolicy, PointKind, PointType

# Another transaction came first or was in the way; the general form finds out and says it.
RACES = TRANSIENT | {LOCK_NOT_AVAILABLE, UNIQUE_VIOLATION}
SEQUENCES = tuple(
    f"{table}_id_seq"
    for table in (
        "points_posting",
        "points_entry",
        "points_lot",
        "activities_memberactivity",
        "gateway_event",
        "gateway_idempotencyrecord",
    )
)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# The facts of a new answer, or the answer that stands under the key already.
Sent = list[Any] | StoredAnswer


@dataclass(frozen=True, slots=True)
class Flow:
    """What sets earning and redeeming apart here."""

    kind: str
    sign: int
    form: str
    statements: tuple[Statement, ...]


def post_online(flow: Flow, call: PointsCall, *, design: Design, actor: Actor, key: AnswerKey | None) -> Sent | None:
    """The facts of the answer or the earlier answer; None where nothing was written. Only outside a transaction."""
    point_type = design.point_type(call.point_type)
    if point_type.expiry_policy == ExpiryPolicy.TIER_PERIOD or point_type.pk in feeding(design).point_types:
        # The end of the period may depend on the membership; so does whether a threshold is reached.
        return None
    if rules_for(design, call.occurred_at or program_now(design.program), flow.kind):
        return None
    return send(_bound(flow, design, point_type), _parameters(flow, call, design, point_type, actor, key))


def send(queries: Sequence[Bound], parameters: Mapping[str, Any]) -> Sent | None:
    """All statements in one round trip and one transaction; what the last one found or did, None for neither."""
    # Asked once: each question to the proxy `connection` costs as much as a parameter.
    database = connections[DEFAULT_DB_ALIAS]
    if database.in_atomic_block:
        return None
    database.ensure_connection()
    try:
        with database.wrap_database_errors:
            row = run_pipeline(database.connection, queries, parameters)
    except DatabaseError as error:
        if sqlstate(error) in RACES:
            return None
        raise
    if row is None:
        return None
    facts, *earlier = row
    return _stored(earlier) if facts is None else list(json.loads(facts))


def _stored(earlier: Sequence[bytes | None]) -> StoredAnswer:
    """From the columns of gateway.sql.RETURNED in their binary form."""
    asked, status, form, body, erased, created = earlier
    return StoredAnswer(
        request_digest=asked or b"",
        status=None if status is None else int.from_bytes(status, "big"),
        form=(form or b"").decode(),
        body=body or b"",
        erased=erased == b"\x01",
        created_at=EPOCH + timedelta(microseconds=int.from_bytes(created or b"", "big")),
    )


def _bound(flow: Flow, design: Design, point_type: PointType) -> list[Bound]:
    """The flow's statements with what stays the same in this version of the design written once."""
    name = f"bound/{flow.kind}/{point_type.pk}"
    bound = design.derived.get(name)
    if not isinstance(bound, list):
        kind = activity_type(design, flow.kind)
        fixed = {
            "program": design.program.pk,
            "design": design.version,
            "offset": design.program.clock_offset,
            "states": _states(flow, design, point_type),
            "pooled": point_type.kind == PointKind.REDEEMABLE,
            "type": point_type.pk,
            "kind": flow.kind,
            "active": kind.counts_as_activity,
            "activity_type": kind.pk,
            "card": None,
            "redirected": None,
            "form": flow.form,
        }
        bound = design.derived[name] = [statement.bind(fixed) for statement in flow.statements]
    return bound


def _states(flow: Flow, design: Design, point_type: PointType) -> list[str]:
    """Who shares a pool and acts on their own account keeps the pool alive too, which takes the general form."""
    states = able_states(design, flow.kind)
    resting = any(
        one.expiry_policy == ExpiryPolicy.INACTIVITY and one.kind == PointKind.REDEEMABLE
        for one in design.point_types.values()
    )
    if point_type.kind == PointKind.QUALIFYING and resting:
        return [state for state in states if not state.endswith(f"/{MembershipType.SHARED}")]
    return states


def _parameters(
    flow: Flow, call: PointsCall, design: Design, point_type: PointType, actor: Actor, key: AnswerKey | None
) -> dict[str, Any]:
    at = event_time(call.occurred_at, design)
    ends, since = _of_day(at.astimezone(design.zone).date(), at, design, point_type)
    posting, entry, lot, activity, event, record = ids_of(SEQUENCES)
    amount = flow.sign * call.points
    return {
        "membership": call.membership_id,
        "member": call.member,
        "points": call.points,
        "amount": amount,
        "at": at,
        "active_since": since,
        "available_at": available_at(point_type, earned_at=at),
        "expires_at": ends,
        "reference": call.reference,
        "location": call.location,
        "note": call.note,
        "channel": actor.channel_id,
        "user": actor.user_id,
        "key": key and key.digest,
        "request": key and key.request,
        "context": context(activity, posting, flow.kind, call.membership_id, at, amount, point_type),
        "posting": posting,
        "entry": entry,
        "lot": lot,
        "activity": activity,
        "event": event,
        "record": record,
    }


def _of_day(day: date, at: datetime, design: Design, point_type: PointType) -> tuple[datetime | None, datetime | None]:
    """What all events of one local day share: when points earned then expire, and the earliest last activity with
    which no points of a set have ended by inactivity (None: any will do)."""
    name = f"day/{point_type.pk}/{day}"
    found = design.derived.get(name)
    if not isinstance(found, tuple):
        since = [active_since(one, at=at, zone=design.zone) for one in design.point_types.values()]
        found = design.derived[name] = (
            expires_at(point_type, earned_at=at, zone=design.zone),
            max((one for one in since if one is not None), default=None),
        )
    return found
