"""Who acts: passed into every verb, never looked up by one."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, Self

Kind = Literal["user", "channel", "system"]
May = Callable[[str, int | None], bool]
Programs = frozenset[int] | None


def _always(action: str, program_id: int | None) -> bool:
    return True


@dataclass(frozen=True)
class Actor:
    """A member of staff (through the channel `desk`), a channel, or a run (through the channel `system`).

    `may(action, program_id)` answers for one program, or with None for calls outside programs.
    `programs` are the ids of the visible programs, None for all; `where(action)` those in which the actor may do
    something. `on_behalf_of` is a customer's id. `unmasked` are the customers whose personal values a member of
    staff has asked to see.
    """

    kind: Kind
    user_id: int | None
    channel_id: int
    label: str
    may: May
    programs: Programs
    on_behalf_of: int | None = None
    unmasked: frozenset[int] = frozenset()
    where: Callable[[str], Programs] | None = None

    @property
    def is_staff(self) -> bool:
        return self.kind == "user"

    def sees(self, customer_id: int) -> bool:
        """Are this customer's personal values shown whole? Channels and runs need them."""
        return not self.is_staff or customer_id in self.unmasked

    def programs_for(self, action: str) -> Programs:
        """Ids of the programs in which the actor may do that; None for all."""
        if self.where is not None:
            return self.where(action)
        if self.programs is None:
            return None if self.may(action, None) else frozenset()
        return frozenset(one for one in self.programs if self.may(action, one))

    @classmethod
    def system(cls, channel_id: int) -> Self:
        """The actor of runs and migrations of data; it may do everything everywhere."""
        return cls(kind="system", user_id=None, channel_id=channel_id, label="system", may=_always, programs=None)

    def for_customer(self, customer_id: int) -> Self:
        """The same actor, speaking for a customer."""
        return replace(self, on_behalf_of=customer_id)
