"""What the tables and the answers say, in the words of the model."""

from datetime import datetime
from typing import Any

from points.balances import balances_of
from programs.design import design_of
from tests.stateful.model import TYPES, Ledger
from tests.stateful.world import ACCOUNTS, LOTS, World, rows


def accounts_of(world: World) -> dict[tuple[int, str], dict[str, Any]]:
    """Every account as the tables have it, with what the answers to channels add."""
    shown = balances_of(world.sets, design=design_of(world.program.pk))
    found = {}
    for who, code, balance, entries, debt, earned, redeemed, _ in rows(ACCOUNTS, [world.sets]):
        seen = next(one for one in shown[world.sets[who]] if one["point_type"] == code)
        assert (seen["balance"], seen["debt"]) == (balance, debt)
        assert (seen["lifetime_earned"], seen["lifetime_redeemed"]) == (earned, redeemed)
        nearest = seen["next_expiry"]
        found[who, code] = {
            "balance": balance,
            "available": seen["available"],
            "pending": seen["pending"],
            "held": seen["held"],
            "debt": debt,
            "entries": entries,
            "earned": earned,
            "redeemed": redeemed,
            "next_expiry": nearest and (datetime.fromisoformat(nearest["at"]), nearest["points"]),
        }
    return found


def lots_of(world: World) -> list[tuple[int, tuple[Any, ...]]]:
    """(id, lot) in the order of their making; the model numbers them alike."""
    accounts = {row[-1]: (row[0], row[1]) for row in rows(ACCOUNTS, [world.sets])}
    found = rows(LOTS, [list(accounts)])
    return sorted((pk, (accounts[account], *figures)) for pk, account, *figures in found)


def differences(world: World, ledger: Ledger, now: datetime) -> list[str]:
    real, found = accounts_of(world), []
    for account in sorted(ledger.accounts):
        wanted = ledger.shown(account, now)
        found += [
            f"{account} {name}: {real[account][name]}, the model says {value}"
            for name, value in wanted.items()
            if real[account][name] != value
        ]
    lots = [(lot.account, lot.amount, lot.left, lot.available_at, lot.expires_at) for lot in ledger.lots]
    there = [lot for _, lot in lots_of(world)]
    found += [f"lot {n}: {a}, the model says {b}" for n, (a, b) in enumerate(zip(there, lots, strict=False)) if a != b]
    found += [f"{len(there)} lots, the model has {len(lots)}"] if len(there) != len(lots) else []
    assert set(real) == {(who, code) for who in range(len(world.sets)) for code in TYPES}
    return found
