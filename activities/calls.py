"""What a channel asks when it earns or redeems by figures, and the answer it gets."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from gateway.answers import register_form
from points.balances import iso, shape
from programs.models import PointType

EARN_FORM, REDEEM_FORM = "earn/1", "redeem/1"
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class PointsCall:
    """`points` is positive; `member` a customer's id. Without `point_type` the program's default is meant.

    `code` was sent to the member who lets the points be spent (memberships.spending_codes); nobody earns by one.
    """

    membership_id: int
    points: int
    point_type: str | None = None
    member: int | None = None
    occurred_at: datetime | None = None
    reference: str = ""
    location: str = ""
    note: str = ""
    code: str | None = None


@dataclass(frozen=True, slots=True)
class AnswerKey:
    """Digests of the Idempotency-Key and of the request it came with (gateway.answers)."""

    digest: bytes
    request: bytes


def context(
    activity: int, posting: int, kind: str, membership: int, occurred_at: datetime, amount: int, point_type: PointType
) -> str:
    """The part of an answer that is known before the ledger is written, as JSON.

    By hand: kinds and codes hold no character that JSON would have to escape.
    """
    return (
        f'[{activity},{posting},"{kind}",{membership},"{iso(occurred_at)}",{amount},"{point_type.code}",'
        f'"{point_type.kind}"]'
    )


def render(facts: Sequence[Any]) -> dict[str, Any]:
    """The body of an answer from its facts: the context, then what the ledger added.

    Stored answers are rendered by this function again: another shape needs another form name.
    """
    head, recorded_at, balance_after, pooled, *figures = facts
    activity, posting, kind, membership, occurred_at, amount, type_code, type_kind = head
    return {
        "activity": activity,
        "posting": {
            "id": posting,
            "kind": kind,
            "occurred_at": occurred_at,
            "recorded_at": moment(recorded_at),
            "reason": "",
            "reverses": None,
            "entries": [{"point_type": type_code, "amount": amount, "balance_after": balance_after}],
        },
        "membership": membership,
        "redirected_from": None,
        "balances": [balance_of(type_code, type_kind, figures, pooled=pooled)],
    }


def balance_of(code: str, kind: str, figures: Sequence[Any], *, pooled: bool) -> dict[str, Any]:
    """The API's <balance> from figures as points.sql.FACTS gives them."""
    *numbers, next_at = figures
    return shape(code, kind, [*numbers, None if next_at is None else moment(next_at)], pooled=pooled)


def moment(microseconds: int) -> str:
    """ISO 8601 of a time counted from 1970 on."""
    return iso(EPOCH + timedelta(microseconds=microseconds))


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
