"""What the tables should say of sales, rules, tiers and rewards, by the model; and where they say something else."""

from collections import Counter
from datetime import datetime
from typing import Any

from tests.stateful.rewarding import Rewards


def differences(one: Any, other: Any) -> list[tuple[Any, Any]]:
    if not isinstance(one, dict) or not isinstance(other, dict):
        return [] if one == other else [(one, other)]
    keys = sorted(one.keys() | other.keys(), key=str)
    return [((key, one.get(key)), other.get(key)) for key in keys if one.get(key) != other.get(key)]


def told(model: Rewards) -> dict[str, Any]:
    """What the tables should say, by the model."""
    return {
        "points": {person: _points(model, person) for person in range(model.people)},
        "status": {person: sum(model.status[person].values()) for person in range(model.people)},
        "sales": [one.status for one in model.sales],
        "vouchers": +model.vouchers,
        "fans": model.fans,
        "stock": model.stock,
        "spent": model.spent,
        "visits": +model.visits,
        "colors": model.colors,
        "visit_points": dict(+model.visit_points),
        "visit_times": dict(+model.visit_times),
        "rungs": {person: one.lasting for person, one in enumerate(model.climbers)},
    }


def _points(model: Rewards, person: int) -> Any:
    who = model.with_whom(person)
    lots: Counter[tuple[int | None, datetime | None]] = Counter()
    for lot in model.lots:
        if lot.points and lot.person in who:
            lots[lot.person, lot.expires_at] += lot.points
    debts: Counter[int] = Counter()
    for one, left in model.debts:
        if left and one in who:
            debts[one] += left
    return model.balance(person), dict(lots), dict(debts)
