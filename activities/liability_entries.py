"""Whose the entries behind a figure of the liability report are."""

from collections.abc import Sequence

from memberships.models import Membership
from points.liability_entries import LedgerEntry


def with_memberships(entries: Sequence[LedgerEntry]) -> list[tuple[LedgerEntry, Membership | None]]:
    """Each entry with the membership whose own set it changed; none for a pool."""
    sets = {entry.set_id for entry in entries}
    owners = {one.own_set_id: one for one in Membership.objects.filter(own_set_id__in=sets)}
    return [(entry, owners.get(entry.set_id)) for entry in entries]
