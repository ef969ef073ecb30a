"""Programs of one business unit together; sums only of one currency."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from activities.analytics.programs import ZERO, Analysis


@dataclass(frozen=True, slots=True)
class Unit:
    """Its programs by name. `currency` is empty where they have several: money is then not added up."""

    name: str
    analyses: tuple[Analysis, ...]

    @property
    def currency(self) -> str:
        found = {one.program.currency for one in self.analyses}
        return found.pop() if len(found) == 1 else ""

    @property
    def is_sum(self) -> bool:
        """More than its one program says itself."""
        return len(self.analyses) > 1 and bool(self.currency)

    def count(self, name: str) -> int:
        return sum(getattr(one, name) for one in self.analyses)

    def money(self, name: str) -> Decimal:
        return sum((getattr(one, name) for one in self.analyses), ZERO)


def units_of(analyses: Iterable[Analysis]) -> list[Unit]:
    """By name; programs without a business unit stand last."""
    found: dict[str, list[Analysis]] = {}
    for one in analyses:
        found.setdefault(one.program.business_unit, []).append(one)
    return [Unit(name, tuple(found[name])) for name in sorted(found, key=lambda name: (not name, name))]
