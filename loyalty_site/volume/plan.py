"""How much is made, and by which programs."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from loyalty_site.demo.plan import Ladder, Points, ProgramPlan

MOST_PROGRAMS = 20
# Years the programs have been running.
YEARS = 3


@dataclass(frozen=True)
class Volume:
    """`entries` over all accounts; `seed` decides every draw, so that the same figures make the same world."""

    customers: int = 10_000
    entries: int = 200_000
    programs: int = 3
    seed: int = 1


# One after the other for as many programs as are asked for: code, name, color, how points expire.
KINDS: tuple[tuple[str, str, str, dict[str, Any]], ...] = (
    ("miles", "Miles", "#1c3d5a", {"expiry_policy": "after_months", "expiry_length": 24, "expiry_rounding": "month"}),
    ("bonus", "Bonus", "#2b8a3e", {"expiry_policy": "never"}),
    ("style", "Style", "#d9480f", {"expiry_policy": "after_days", "expiry_length": 540, "pending_days": 14}),
    ("stays", "Stays", "#862e9c", {"expiry_policy": "after_months", "expiry_length": 12, "expiry_rounding": "quarter"}),
)
TIERS = (("Blue", 0), ("Silver", 1_000), ("Gold", 5_000), ("Platinum", 20_000))


def program_plans(count: int) -> list[ProgramPlan]:
    """Programs of a redeemable type and a qualifying one with a ladder of four tiers, each with numbers of its own."""
    return [_program(n) for n in range(count)]


def _program(n: int) -> ProgramPlan:
    code, name, color, values = KINDS[n % len(KINDS)]
    again = n // len(KINDS)
    suffix = f"-{again + 1}" if again else ""
    return ProgramPlan(
        f"volume-{code}{suffix}",
        f"{name} Club{f' {again + 1}' if again else ''}",
        "Volume",
        color,
        f"V{n:02d}",
        Points(code, name, Decimal("0.01"), values),
        Ladder("tier", "Tier", TIERS, Points(f"{code}-status", f"{name} Status")),
        values={"member_number_length": 9, "card_prefix": f"{50 + n}"},
    )
