"""One planted fault for every invariant, and what the audit must answer to it: exactly these ids.

Some rules follow from others together (a balance equals its lots where it equals its entries and those their lots):
a fault against one of them can't be planted without another.
"""

from collections.abc import Callable
from dataclasses import dataclass

from .world import World


@dataclass(frozen=True)
class Fault:
    name: str
    ids: frozenset[str]
    plant: Callable[[World], object]


FAULTS: list[Fault] = []


def fault(*ids: str) -> Callable[[Callable[[World], object]], Callable[[World], object]]:
    def planted(plant: Callable[[World], object]) -> Callable[[World], object]:
        FAULTS.append(Fault(plant.__name__, frozenset(ids), plant))
        return plant

    return planted
