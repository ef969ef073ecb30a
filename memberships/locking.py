"""Memberships under lock, as they are after the wait (architecture 2.2)."""

from collections.abc import Iterable

from cards.models import Card
from common.db import lock_rows
from common.errors import NotFound
from memberships.models import Membership


def locked_memberships(ids: Iterable[int], *, key_change: bool = False) -> list[Membership]:
    """The rows in order of their ids. `key_change` where `current` may change: their members follow that key."""
    wanted = sorted(set(ids))
    rows = Membership.objects.filter(pk__any_of=wanted)
    locked = list(rows.order_by("pk").select_for_update(of=("self",))) if key_change else lock_rows(rows)
    if len(locked) != len(wanted):
        raise NotFound("No such membership.")
    return locked


def shared_membership(membership_id: int) -> Membership:
    """The row FOR SHARE: nobody suspends, merges or ends it until the transaction is over."""
    table = Membership._meta.db_table
    for membership in Membership.objects.raw(
        f"SELECT * FROM {table} WHERE id = %s FOR SHARE",  # noqa: S608 - the name of our own table
        [membership_id],
    ):
        return membership
    raise NotFound("No such membership.")


def shared_memberships(ids: Iterable[int]) -> list[Membership]:
    """The rows FOR SHARE in order of their ids."""
    wanted = sorted(set(ids))
    table = Membership._meta.db_table
    found = Membership.objects.raw(
        f"SELECT * FROM {table} WHERE id = ANY(%s) ORDER BY id FOR SHARE",  # noqa: S608 - the name of our own table
        [wanted],
    )
    memberships = list(found)
    if len(memberships) != len(wanted):
        raise NotFound("No such membership.")
    return memberships


def shared_card(card_id: int) -> Card:
    """The row FOR SHARE, behind the lock of its membership: nobody blocks, reports or replaces it until the transaction
    is over."""
    table = Card._meta.db_table
    found: list[Card] = list(
        Card.objects.raw(
            f"SELECT * FROM {table} WHERE id = %s FOR SHARE",  # noqa: S608 - the name of our own table
            [card_id],
        )
    )
    return found[0]
