"""The menu of the desk: what stands in it says a setting, as it names pages of every app."""

from dataclasses import dataclass

from django.conf import settings
from django.utils.module_loading import import_string

from common.actor import Actor


@dataclass(frozen=True)
class Entry:
    """`count` is how much work waits there, None where nothing is counted."""

    section: str
    label: str
    url: str
    count: int | None = None


@dataclass(frozen=True)
class Group:
    """Entries of one kind of work under a heading, unfolded when they are wanted."""

    label: str
    entries: tuple[Entry, ...]

    @property
    def count(self) -> int:
        """How much work waits in all of it."""
        return sum(entry.count or 0 for entry in self.entries)

    @property
    def sections(self) -> frozenset[str]:
        return frozenset(entry.section for entry in self.entries)


def menu_of(actor: Actor) -> list[Group]:
    """The pages this member of staff may open; no group is empty."""
    found: list[Group] = import_string(settings.LOYALTY_DESK_MENU)(actor)
    return found
