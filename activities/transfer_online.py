"""Transfers in one round trip, for the plain case (architecture 2.2): lock, then move behind the lock, then read.

What is not plain writes nothing and answers None; `activities.transferring` then takes the general form.
"""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from activities.calls import AnswerKey, balance_of, moment, sent_json
from activities.online import Sent, send
from activities.statements import answering, statement
from common import clock
from common.actor import Actor
from common.db import ids_of, next_ids
from common.pipeline import Bound, Statement
from gateway import sql as gateway_sql
from gateway.answers import register_form
from memberships import sql as memberships_sql
from memberships.capabilities import able_states
from points import sql as points_sql
from points import transfer_sql
from points.balances import iso
from programs.design import Design
from programs.models import PointType

# Most transfers draw a lot or two.
MOST_LOTS = 4
TRANSFER_FORM = "transfer/1"
SEQUENCES = (
    "points_posting_id_seq",
    "gateway_event_id_seq",
    "gateway_idempotencyrecord_id_seq",
    "points_entry_id_seq",
    "points_entry_id_seq",
)


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
MOVE = answering(
    {
        "giver": memberships_sql.ABLE,
        "taker": memberships_sql.ABLE_TO_RECEIVE,
        "locked": transfer_sql.SOURCE.format(unanswered=gateway_sql.UNANSWERED, is_locked=points_sql.IS_LOCKED),
        "target": transfer_sql.TARGET.format(is_locked=points_sql.IS_LOCKED),
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
        "ev": transfer_sql.EVENT,
    },
    account="given",
    pooled="(SELECT in_set <> own_set_id FROM giver)",
    changed="ul",
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
) -> Sent | None:
    """The facts of the answer or the earlier one; None where nothing was written. The caller asked the limits."""
    program = design.program
    at = clock.program_now(program)
    posting, event, record, out, in_ = ids_of(SEQUENCES)
    parameters = {
        "membership": membership_id,
        "to": to,
        "member": member,
        "points": points,
        "at": at,
        "channel": actor.channel_id,
        "user": actor.user_id,
        "key": key and key.digest,
        "request": key and key.request,
        "context": context(posting, membership_id, to, at, points, point_type),
        "posting": posting,
        "event": event,
        "record": record,
        "out": out,
        "in": in_,
        "lots": next_ids("points_lot_id_seq", MOST_LOTS),
    }
    first, second, move = _bound(design, point_type)
    return send([first if membership_id < to else second, move], parameters)


def _bound(design: Design, point_type: PointType) -> list[Bound]:
    """Both ways round of locking, and the move, with what stays the same in this version of the design."""
    name = f"bound/transfer/{point_type.pk}"
    bound = design.derived.get(name)
    if not isinstance(bound, list):
        fixed = {
            "nobody": None,
            "program": design.program.pk,
            "design": design.version,
            "offset": design.program.clock_offset,
            "states": able_states(design, "transfer_out"),
            "in_states": able_states(design, "transfer_in"),
            "pooled": True,
            "type": point_type.pk,
            "form": TRANSFER_FORM,
        }
        bound = design.derived[name] = [one.bind(fixed) for one in (LOCK_GIVER_FIRST, LOCK_TAKER_FIRST, MOVE)]
    return bound


def context(posting: int, membership: int, to: int, occurred_at: datetime, points: int, point_type: PointType) -> str:
    """The part of the answer that is known before the ledger is written, as JSON (see activities.calls)."""
    return f'[{posting},{membership},{to},"{iso(occurred_at)}",{points},"{point_type.code}","{point_type.kind}"]'


def render_transfer(facts: Sequence[Any]) -> dict[str, Any]:
    """The body of an answer from its facts; another shape needs another form name (see activities.calls)."""
    head, recorded_at, balance_after, pooled, *figures = facts
    posting, membership, to, occurred_at, points, type_code, type_kind = head
    return {
        "posting": {
            "id": posting,
            "kind": "transfer",
            "occurred_at": occurred_at,
            "recorded_at": moment(recorded_at),
            "reason": "",
            "reverses": None,
            "entries": [{"point_type": type_code, "amount": -points, "balance_after": balance_after}],
        },
        "membership": membership,
        "to_membership": to,
        "redirected_from": None,
        "balances": [balance_of(type_code, type_kind, figures, pooled=pooled)],
    }


def transfer_body(facts: Sequence[Any]) -> bytes:
    """The answer as it is sent."""
    return sent_json(render_transfer(facts))


def transfer_body_of_stored(stored: bytes) -> bytes:
    return transfer_body(json.loads(stored))


register_form(TRANSFER_FORM, transfer_body_of_stored)
