"""Who acts: passed into every verb, never looked up by one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Self

Kind = Literal["user", "channel", "system"]
May = Callable[[str, int | None], bool]


def _always(action: str, program_id: int | None) -> bool:
    return True


@dataclass(frozen=True)
class Actor:
    """A member of staff (through the channel `desk`), a channel, or a run (through the channel `system`).

    `may(action, program_id)` answers for one program, or with None for calls outside programs.
    `programs` are the ids of the visible programs, None for all. `on_behalf_of` is a customer's id.
    """

    kind: Kind
    user_id: int | None
    channel_id: int
    label: str
    may: May
    programs: frozenset[int] | None
    on_behalf_of: int | None = None

    @property
    def is_staff(self) -> bool:
        return self.kind == "user"

    @classmethod
    def system(cls, channel_id: int) -> Self:
        """The actor of runs and migrations of data; it may do everything everywhere."""
        return cls(kind="system", user_id=None, channel_id=channel_id, label="system", may=_always, programs=None)

    def for_customer(self, customer_id: int) -> Self:
        """The same actor, speaking for a customer."""
        return replace(self, on_behalf_of=customer_id)
