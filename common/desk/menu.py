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


def menu_of(actor: Actor) -> list[Entry]:
    """The pages this member of staff may open."""
    found: list[Entry] = import_string(settings.LOYALTY_DESK_MENU)(actor)
    return found
