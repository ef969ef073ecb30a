"""Transfers in one round trip, for the plain case (architecture 2.2): lock, then move behind the lock, then read.

What is not plain writes nothing and answers None; `activities.transferring` then takes the general form.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from activities.calls import AnswerKey, sent_json
from activities.online import send
from activities.statements import ANSWER, STORED_ANSWER, statement
from common import clock
from common.actor import Actor
from common.db import next_ids
from common.pipeline import Statement
from gateway import sql as gateway_sql
from gateway.answers import register_form
from memberships import sql as memberships_sql
from memberships.capabilities import able_states
from points import sql as points_sql
from points import transfer_sql
from points.balances import iso, shape
from programs.design import Design
from programs.models import PointType

# Most transfers draw a lot or two.
MOST_LOTS = 4
TRANSFER_FORM = "transfer/1"


def _lock(first: str, second: str) -> Statement:
    return statement(
        {
            "giver": memberships_sql.HOME,
            "taker": memberships_sql.HOME_OF_RECEIVER,
            "able": f"SELECT in_set FROM {first} UNION ALL SELECT in_set FROM {second}",  # noqa: S608 - names of ours
        },
        transfer_sql.LOCK,
    )


# Rows of a common table expression are locked when it is read: the lower id first.
LOCK_GIVER_FIRST, LOCK_TAKER_FIRST = _lock("giver", "taker"), _lock("taker", "giver")
MOVE = statement(
    {
        "giver": memberships_sql.ABLE,
        "taker": memberships_sql.ABLE_TO_RECEIVE,
        "locked": transfer_sql.SOURCE.format(unless_answered=gateway_sql.UNLESS_ANSWERED),
        "target": transfer_sql.TARGET,
        "candidates": points_sql.CANDIDATES,
        "takes": points_sql.TAKES,
        "ready": transfer_sql.READY,
        "given": transfer_sql.GIVEN,
        "got": transfer_sql.GOT,
        "p": transfer_sql.POSTING,
        "e": transfer_sql.ENTRIES,
        "l": transfer_sql.CHILDREN,
        "d": transfer_sql.DRAWS,
        "ul": transfer_sql.TAKE_LOTS,
    },
    transfer_sql.EVENT,
)


def transfer_online(
    membership_id: int,
    *,
    to: int,
    points: int,
    member: int | None,
    point_type: PointType,
    design: Design,
    actor: Actor,
    key: AnswerKey | None = None,
) -> list[Any] | None:
    """The facts of the answer; None where nothing was written. The caller has asked the program's limits."""
    program = design.program
    at = clock.program_now(program)
    posting, event, record = (
        next_ids(f"{table}_id_seq")[0] for table in ("points_posting", "gateway_event", "gateway_idempotencyrecord")
    )
    out, in_ = next_ids("points_entry_id_seq", 2)
    head = context(posting=posting, membership=membership_id, to=to, occurred_at=at, points=points, type_=point_type)
    parameters = {
        "membership": membership_id,
        "to": to,
        "member": member,
        "nobody": None,
        "program": program.pk,
        "design": design.version,
        "offset": program.clock_offset,
        "states": able_states(design, "transfer_out"),
        "in_states": able_states(design, "transfer_in"),
        "pooled": True,
        "type": point_type.pk,
        "points": points,
        "at": at,
        "shown_at": at,
        "channel": actor.channel_id,
        "user": actor.user_id,
        "key": key and key.digest,
        "request": key and key.request,
        "form": TRANSFER_FORM,
        "context": json.dumps(head),
        "posting": posting,
        "event": event,
        "record": record,
        "entry": out,
        "out": out,
        "in": in_,
        "lots": next_ids("points_lot_id_seq", MOST_LOTS),
    }
    lock = LOCK_GIVER_FIRST if membership_id < to else LOCK_TAKER_FIRST
    return send([lock, MOVE, STORED_ANSWER if key else ANSWER], parameters)


def context(
    *, posting: int, membership: int, to: int, occurred_at: datetime, points: int, type_: PointType
) -> list[Any]:
    """The part of the answer that is known before the ledger is written."""
    return [posting, membership, to, iso(occurred_at), points, type_.code, type_.kind]


def render_transfer(facts: Sequence[Any]) -> dict[str, Any]:
    """The body of an answer from its facts; another shape needs another form name (see activities.calls)."""
    head, recorded_at, balance_after, pooled, *figures = facts
    posting, membership, to, occurred_at, points, type_code, type_kind = head
    return {
        "posting": {
            "id": posting,
            "kind": "transfer",
            "occurred_at": occurred_at,
            "recorded_at": iso(recorded_at),
            "reason": "",
            "reverses": None,
            "entries": [{"point_type": type_code, "amount": -points, "balance_after": balance_after}],
        },
        "membership": membership,
        "to_membership": to,
        "redirected_from": None,
        "balances": [shape(type_code, type_kind, figures, pooled=pooled)],
    }


def transfer_body(facts: Sequence[Any]) -> bytes:
    """The answer as it is sent."""
    return sent_json(render_transfer(facts))


def transfer_body_of_stored(stored: bytes) -> bytes:
    return transfer_body(json.loads(stored))


register_form(TRANSFER_FORM, transfer_body_of_stored)
