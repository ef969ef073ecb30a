"""What every action of a rule answers."""

from collections.abc import Mapping
from typing import ClassVar, Protocol, Self

from activities.rules.expressions import Compiled
from activities.rules.reader import Fields
from activities.rules.working import Turn

NEVER_SO_LONG = 36_500


class Action(Protocol):
    """`do` is its name in a definition. `points_read` are the codes of the point types whose balance it asks for;
    `labels_read`, `attributes_read`, `tiers_read` and `items_read` (the lines of a sale) whether it asks for those,
    `counts_money` whether it gives by amounts outside of its expressions."""

    do: ClassVar[str]
    labels_read: ClassVar[bool]
    attributes_read: ClassVar[bool]
    tiers_read: ClassVar[bool]

    @property
    def points_read(self) -> frozenset[str]: ...

    @property
    def items_read(self) -> bool: ...

    @property
    def counts_money(self) -> bool: ...

    @classmethod
    def read(cls, fields: Fields) -> Self:
        """From JSON; where that has mistakes they are collected and the answer is not used."""

    def act(self, turn: Turn) -> None:
        """Its effects; raises RuleFailed."""

    def expressions(self) -> Mapping[str, Compiled]:
        """Those it computes, by field."""


class Plain:
    """What most actions answer: they ask for nothing and compute nothing."""

    points_read: frozenset[str] = frozenset()
    labels_read: ClassVar[bool] = False
    attributes_read: ClassVar[bool] = False
    tiers_read: ClassVar[bool] = False
    items_read: bool = False
    counts_money: bool = False

    def expressions(self) -> Mapping[str, Compiled]:
        return {}
