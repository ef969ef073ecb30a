"""What a card was used for, by the index of its holders' memberships."""

from activities.models import MemberActivity
from cards.models import Card
from memberships.models import CardHolding, Member, Membership

MOST = 20


def uses_of(card: Card, *, most: int = MOST) -> list[MemberActivity]:
    """The latest first. A late event stands where its person takes part since, so those memberships are read too."""
    held = CardHolding.objects.filter(card=card)
    holders = held.filter(customer__isnull=False).values("customer")
    theirs = Member.objects.filter(customer__in=holders, program=card.program_id).values("membership")
    # First the ids: they are few, and each is then an entry of the index of activities.
    known = set(held.values_list("membership", flat=True)) | set(theirs.values_list("membership", flat=True))
    into = Membership.objects.filter(pk__in=known, superseded_by__isnull=False).values_list("superseded_by", flat=True)
    found = MemberActivity.objects.filter(membership__in=known | set(into), card=card).select_related("type", "posting")
    return list(found.order_by("-pk")[:most])
