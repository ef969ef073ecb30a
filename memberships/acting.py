"""Who acts in a membership where a call names nobody (interfaces 3.1)."""

from memberships.models import Member, Membership


def acting_member(membership: Membership) -> Member | None:
    """The main or only member; None in a membership of nobody. Reads none that were loaded as `open_members`."""
    if membership.main_member_id is not None:
        return membership.main_member
    loaded = getattr(membership, "open_members", None)
    if loaded is not None:
        return next(iter(loaded), None)
    return Member.objects.filter(membership=membership, ended_at__isnull=True).order_by("pk").first()
