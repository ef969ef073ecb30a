"""What the database carries from a membership to its members, told to their history."""

from memberships.models import Member, Membership


def record_members(membership: Membership) -> None:
    """After an end or a return: `current` followed the membership by a foreign key, which writes no history."""
    for member in Member.objects.filter(membership=membership).order_by("pk"):
        member.save()
