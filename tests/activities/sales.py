"""Sales as a till sends them, and rules that reward them, for the tests of transactions."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import transaction

from activities.models import RewardRule, RuleGroup, RuleStatus, RuleVersion
from activities.transaction_calls import ItemCall, SpendCall, TransactionCall
from activities.transactions import take_transaction
from common.actor import Actor
from common.history import audit_context
from memberships.models import Membership
from programs.models import Program
from tests.factories import ACTOR

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_receipts = count(1)


def sale(
    membership: Membership | None,
    amount: str | None,
    *items: tuple[str, str, str],
    actor: Actor = ACTOR,
    **values: Any,
) -> dict[str, Any]:
    """The answer to a sale in EUR; items are (sku, quantity, amount)."""
    given = {"reference": f"S{next(_receipts)}", "currency": "EUR", "membership_id": membership and membership.pk}
    call = TransactionCall(
        amount=None if amount is None else Decimal(amount),
        items=tuple(ItemCall(Decimal(money), Decimal(quantity), sku) for sku, quantity, money in items),
        **(given | values),
    )
    return take_transaction(call, actor=actor)


def paying(membership: Membership, points: int, **values: Any) -> SpendCall:
    return SpendCall(membership.pk, points, **values)


def entries_of(told: Mapping[str, Any]) -> list[tuple[str, int]]:
    """(point type, amount) of all postings of all activities of an answer."""
    return [
        (entry["point_type"], entry["amount"])
        for activity in told["activities"]
        for posting in activity["postings"]
        for entry in posting["entries"]
    ]


def released(
    program: Program, *actions: Mapping[str, Any], code: str = "", types: tuple[str, ...] = ("purchase",)
) -> None:
    """A rule in force since the beginning, made as rows: each action as definitions have it."""
    name = code or f"rule-{next(_receipts)}"
    definition = {"activity_types": list(types), "condition": "", "actions": list(actions), "caps": []}
    with transaction.atomic(), audit_context(ACTOR, "test"):
        group, _ = RuleGroup.objects.get_or_create(program=program, code="all", defaults={"name": "All"})
        rule = RewardRule.objects.create(program=program, group=group, code=name, name=name, definition=definition)
        RuleVersion.objects.create(
            rule=rule, program=program, version=1, name=name, priority=0, definition=definition, released_at=LONG_AGO
        )
        rule.status, rule.released = RuleStatus.RELEASED, 1
        rule.save()


def per_euro(points: int = 1, **values: Any) -> dict[str, Any]:
    return {"do": "credit", "per": "1.00", "points": points} | values


def without_words(told: Mapping[str, Any]) -> dict[str, Any]:
    """The answer without the sentences of its effects: those just decided call a point type by its code."""
    for effect in [*told["effects"], *(one for activity in told["activities"] for one in activity["effects"])]:
        effect.pop("because", None)
    return dict(told)
