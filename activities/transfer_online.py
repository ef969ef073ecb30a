"""Transfers in one round trip, for the plain case (architecture 2.2): lock, then move behind the lock, then read.

What is not plain writes nothing and answers None; `activities.transferring` then takes the general form.
"""

from typing import Any

from activities.online import send
from activities.statements import statement
from common import clock
from common.actor import Actor
from common.db import next_ids
from memberships import sql as memberships_sql
from memberships.capabilities import able_states
from points import balances, transfer_sql
from points import sql as points_sql
from points.balances import iso, shape
from programs.design import Design
from programs.models import PointType

# Most transfers draw a lot or two.
MOST_LOTS = 4


def _lock(first: str, second: str) -> str:
    return statement(
        {
            "giver": f"{memberships_sql.ABLE} {memberships_sql.LOCK}",
            "taker": f"{memberships_sql.ABLE_TO_RECEIVE} {memberships_sql.LOCK}",
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
        "locked": transfer_sql.SOURCE,
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
FIGURES = f"""
SELECT p.recorded_at, e.balance_after, s.is_pool, {balances.FIGURES}
FROM points_entry e JOIN points_posting p ON p.id = e.posting_id JOIN points_pointaccount a ON a.id = e.account_id
{balances.LATERALS.format(at="%(at)s", now="(clock_timestamp() + %(offset)s)")}
WHERE e.id = %(out)s
"""  # noqa: S608 - our own text only
ANSWER = " ".join(FIGURES.split())


def transfer_online(
    membership_id: int,
    *,
    to: int,
    points: int,
    member: int | None,
    point_type: PointType,
    design: Design,
    actor: Actor,
) -> dict[str, Any] | None:
    """The API's answer; None where nothing was written. The caller has asked the program's limits."""
    program = design.program
    at = clock.program_now(program)
    posting, event = (next_ids(f"{table}_id_seq")[0] for table in ("points_posting", "gateway_event"))
    out, in_ = next_ids("points_entry_id_seq", 2)
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
        "channel": actor.channel_id,
        "user": actor.user_id,
        "key": None,
        "ordinal": 0,
        "posting": posting,
        "event": event,
        "out": out,
        "in": in_,
        "lots": next_ids("points_lot_id_seq", MOST_LOTS),
    }
    lock = LOCK_GIVER_FIRST if membership_id < to else LOCK_TAKER_FIRST
    row = send((lock, MOVE, ANSWER), parameters)
    if row is None:
        return None
    recorded_at, balance_after, pooled, *figures = row
    entry = {"point_type": point_type.code, "amount": -points, "balance_after": balance_after}
    return {
        "posting": {
            "id": posting,
            "kind": "transfer",
            "occurred_at": iso(at),
            "recorded_at": iso(recorded_at),
            "reason": "",
            "reverses": None,
            "entries": [entry],
        },
        "membership": membership_id,
        "to_membership": to,
        "redirected_from": None,
        "balances": [shape(point_type.code, point_type.kind, figures, pooled=pooled)],
    }
