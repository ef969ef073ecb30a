"""The memberships of a change under lock, as they are after the wait (architecture 2.2)."""

from collections.abc import Iterable

from memberships.changes.sides import affected_ids, umbrella_ids
from memberships.locking import locked_memberships, shared_memberships
from memberships.models import MembershipChange


def lock_sides(change: MembershipChange, *, key_change: bool = False, also: Iterable[int] = ()) -> list[int]:
    """Those it affects and those named `also`; their ids, ascending.

    Organizations behind them and FOR SHARE only: nobody suspends or ends one meanwhile, and two who join or leave the
    same one do not wait for each other.
    """
    ids = sorted({*affected_ids(change), *also})
    umbrellas = umbrella_ids(change)
    locked_memberships(ids, key_change=key_change)
    if umbrellas:
        shared_memberships(umbrellas)
    return ids
