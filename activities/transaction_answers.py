"""The answer of a sale that was taken online: its facts as they are stored, and the <transaction> they are shown as."""

import json
from collections.abc import Sequence
from typing import Any

from activities.calls import balance_of, moment, sent_json
from gateway.answers import register_form

SALE_FORM = "sale/1"


def render(facts: Sequence[Any]) -> dict[str, Any]:
    """The API's <transaction> from what was known before it was written, the time the points were recorded, and the
    balances: pooled, code, kind and figures of each.

    Stored answers are rendered by this function again: another shape needs another form name.
    """
    body, recorded_at, balances = facts
    (activity,) = body["activities"]
    for posting in activity["postings"]:
        posting["recorded_at"] = moment(recorded_at)
    body["balances"] = [
        {"membership": activity["membership"], **balance_of(code, kind, figures, pooled=pooled)}
        for pooled, code, kind, *figures in balances
    ]
    shown: dict[str, Any] = body
    return shown


def body_of(facts: Sequence[Any]) -> bytes:
    """The answer as it is sent."""
    return sent_json(render(facts))


def _body_of_stored(stored: bytes) -> bytes:
    return body_of(json.loads(stored))


register_form(SALE_FORM, _body_of_stored)
