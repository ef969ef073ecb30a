"""What a channel asks when it earns or redeems by figures, and the answer it gets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.answers import register_form
from points.balances import iso, shape
from programs.models import PointType

EARN_FORM, REDEEM_FORM = "earn/1", "redeem/1"


@dataclass(frozen=True, slots=True)
class PointsCall:
    """`points` is positive; `member` a customer's id. Without `point_type` the program's default is meant."""

    membership_id: int
    points: int
    point_type: str | None = None
    member: int | None = None
    occurred_at: datetime | None = None
    reference: str = ""
    location: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """SHA-256 of the Idempotency-Key and of the request it came with."""

    digest: bytes
    request: bytes


def context(
    *,
    activity: int,
    posting: int,
    kind: str,
    membership: int,
    redirected_from: int | None,
    occurred_at: datetime,
    amount: int,
    point_type: PointType,
) -> list[Any]:
    """The part of an answer that is known before the ledger is written."""
    return [
        activity, posting, kind, membership, redirected_from, iso(occurred_at), amount, point_type.code,
        point_type.kind,
    ]  # fmt: skip


def render(facts: Sequence[Any]) -> dict[str, Any]:
    """The body of an answer from its facts: the context, then what the ledger added.

    Stored answers are rendered by this function again: another shape needs another form name.
    """
    head, recorded_at, balance_after, pooled, *figures = facts
    activity, posting, kind, membership, redirected_from, occurred_at, amount, type_code, type_kind = head
    return {
        "activity": activity,
        "posting": {
            "id": posting,
            "kind": kind,
            "occurred_at": occurred_at,
            "recorded_at": iso(recorded_at),
            "reason": "",
            "reverses": None,
            "entries": [{"point_type": type_code, "amount": amount, "balance_after": balance_after}],
        },
        "membership": membership,
        "redirected_from": redirected_from,
        "balances": [shape(type_code, type_kind, figures, pooled=pooled)],
    }


def sent_json(body: dict[str, Any]) -> bytes:
    """JSON as every answer of the online forms is sent."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


def body_of(facts: Sequence[Any]) -> bytes:
    """The answer as it is sent."""
    return sent_json(render(facts))


def body_of_stored(stored: bytes) -> bytes:
    return body_of(json.loads(stored))


register_form(EARN_FORM, body_of_stored)
register_form(REDEEM_FORM, body_of_stored)
