"""Mistakes planted one by one: the story against the model, the audit at its end or the database notices each."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, timedelta
from typing import Any

import pytest
from django.db import Error

from activities import timing, transferring
from points import (
    adjusting as points_adjusting,
)
from points import (
    conversions,
    expiring_sql,
    holds,
    ledger,
    lineage,
    reversals,
    spending,
    transfers,
    writing,
)
from points.models import HoldStatus
from programs import expiry
from tests.stateful.machine import Machine
from tests.stateful.story import tell

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.deep]
DAY = timedelta(days=1)
Plant = Callable[[pytest.MonkeyPatch], None]


def text(module: Any, name: str, right: str, wrong: str) -> Plant:
    """A statement that says something else in one place."""

    def plant(patch: pytest.MonkeyPatch) -> None:
        statement = getattr(module, name)
        assert right in statement
        patch.setattr(module, name, statement.replace(right, wrong))

    return plant


def instead(module: Any, name: str, make: Callable[[Any], Any]) -> Plant:
    """A function in the place of another, made from it."""
    return lambda patch: patch.setattr(module, name, make(getattr(module, name)))


def nothing(answer: Any) -> Callable[[Any], Any]:
    return lambda right: lambda *arguments, **named: answer


def later_children(right: Any) -> Any:
    return lambda takes, **named: [
        replace(lot, expires_at=lot.expires_at and lot.expires_at + 30 * DAY) for lot in right(takes, **named)
    ]


def end_unless_released(right: Any) -> Any:
    return lambda hold, status, **named: None if status == HoldStatus.RELEASED else right(hold, status, **named)


HELD = spending.SPENDABLE[spending.SPENDABLE.index("- COALESCE((") : spending.SPENDABLE.index("::bigint AS free")]
PLANTS: dict[str, Plant] = {
    "expiry off by one day": instead(expiry, "end_of_day", lambda right: lambda day, zone: right(day - DAY, zone)),
    "midnight of Greenwich": instead(expiry, "end_of_day", lambda right: lambda day, zone: right(day, UTC)),
    "lots by id": text(spending, "SPENDABLE", "ORDER BY l.expires_at, l.earned_at, l.id", "ORDER BY l.id"),
    "oldest lot first": text(spending, "SPENDABLE", "ORDER BY l.expires_at, l.earned_at", "ORDER BY l.earned_at"),
    "usable at its end": text(spending, "SPENDABLE", "l.expires_at > %(at)s", "l.expires_at >= %(at)s"),
    "run a moment late": text(expiring_sql, "DATED_LOTS", "l.expires_at <= %(until)s", "l.expires_at < %(until)s"),
    "held lots spendable": text(spending, "SPENDABLE", HELD, "- 0"),
    "hold outlives its limit": text(spending, "SPENDABLE", "AND h.expires_at > %(now)s", ""),
    "pending spendable": text(spending, "SPENDABLE", "(l.available_at IS NULL OR l.available_at <= %(at)s)", "true"),
    "spending by now, not by event": instead(
        ledger, "choose_lots", lambda right: lambda account, **named: right(account, **named | {"at": named["now"]})
    ),
    "draw not written": text(
        writing,
        "WRITE",
        "%(d_amount)s::bigint[]) AS t(entry, lot, amount)",
        "%(d_amount)s::bigint[]) AS t(entry, lot, amount) WHERE false",
    ),
    "lot not drawn": text(writing, "WRITE", "SET remaining = l.remaining - t.points", "SET remaining = l.remaining"),
    "lifetime figures mixed up": text(writing, "WRITE", "lifetime_earned = t.earned", "lifetime_earned = t.redeemed"),
    "debt not repaid": instead(ledger, "_repay", nothing({})),
    "transfer renews expiry": instead(ledger, "child_lots", later_children),
    "transfer without limits": instead(transfers, "check_limits", nothing(None)),
    "suspended member sends": instead(transferring, "require_able", nothing(None)),
    "rested points sent": instead(transfers, "refuse_rested", nothing(None)),
    "conversion rounds up": instead(
        conversions, "converted", lambda right: lambda points, rate: -(-points * rate.numerator // rate.denominator)
    ),
    "reversed twice": instead(reversals, "wanted_points", lambda right: lambda case, before: right(case, {})),
    "first draw back first": text(lineage, "DRAWN", "ORDER BY d.id DESC", "ORDER BY d.id"),
    "reversal keeps lifetime": instead(reversals, "LIFETIMES", lambda right: {}),
    "points back past their time live on": instead(reversals, "expire_freed", nothing(None)),
    "release forgets": instead(holds, "_end", end_unless_released),
    "part capture loses the rest": instead(
        holds, "divide", lambda right: lambda lots, points: (right(lots, points)[0], [])
    ),
    "capture brings the set back to life": instead(holds, "ensure_not_rested", nothing([])),
    "requester approves": instead(points_adjusting, "check_decider", nothing(None)),
    "day limit forgotten": instead(
        points_adjusting,
        "is_above_limit",
        lambda right: lambda one, *, design, **_: abs(one.points) > design.program.adjustment_limit,
    ),
    "any event time": instead(timing, "AHEAD", lambda right: DAY),
}


def noticed_by(machine: Machine, policy: str) -> str:
    """What speaks up first while the story is told: the model, the database, or the audit at the end."""
    try:
        tell(machine, policy)
        machine.expire()
        machine.agree()
    except AssertionError:
        return "model"
    except Error:
        return "database"
    try:
        machine.prove()
    except (AssertionError, Error):
        return "audit"
    return ""


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_mistake_is_noticed(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    PLANTS[name](monkeypatch)
    machine = Machine()
    try:
        assert noticed_by(machine, "negative")
    finally:
        machine.give_up()


def test_without_a_mistake_nobody_speaks_up() -> None:
    machine = Machine()
    try:
        assert noticed_by(machine, "negative") == ""
    finally:
        machine.give_up()
