"""Who acts in a membership where a call names nobody (interfaces 3.1)."""

from collections.abc import Iterable

from memberships.models import Member, Membership


def acting_member(membership: Membership) -> Member | None:
    """The main or only member; None in a membership of nobody. Reads none that were loaded as `open_members`."""
    if membership.main_member_id is not None:
        return membership.main_member
    loaded = getattr(membership, "open_members", None)
    if loaded is not None:
        return next(iter(loaded), None)
    return Member.objects.filter(membership=membership, ended_at__isnull=True).order_by("pk").first()


def acting_people(membership_ids: Iterable[int]) -> dict[int, int]:
    """By membership the customer who acts, for many at once; memberships of nobody are left out."""
    rows = Member.objects.filter(membership__any_of=set(membership_ids), ended_at__isnull=True).order_by("pk")
    found: dict[int, int] = {}
    for member, main, membership, customer in rows.values_list(
        "pk", "membership__main_member_id", "membership_id", "customer_id"
    ):
        if main == member or (main is None and membership not in found):
            found[membership] = customer
    return found
