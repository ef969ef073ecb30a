"""What a change lets go of when it closes without being carried out (domain 1.9)."""

from datetime import datetime

from common import clock
from memberships.locking import locked_memberships
from memberships.models import ConsentDocument, ConsentInvitation, MembershipChange
from memberships.registrations import withdraw_with
from points.freezing import thaw


def let_go(change: MembershipChange, *, at: datetime) -> None:
    """Codes and links nobody answered by lead nowhere, paper waits no more, points are spent again, and the card whose
    registration it was is nobody's."""
    unanswered = ConsentInvitation.objects.filter(consent__change=change, used_at=None, ended_at=None)
    unanswered.update(ended_at=clock.now())
    waiting = ConsentDocument.objects.filter(consent__change=change, confirmed_at=None, ended_at=None)
    waiting.update(ended_at=at)
    withdraw_with(change, at=at)
    if change.freezes:
        _thaw_pools(change)


def _thaw_pools(change: MembershipChange) -> None:
    """Memberships before accounts, as whoever spends locks them."""
    parties = locked_memberships(change.parties.values_list("membership_id", flat=True))
    for pool_id in sorted({one.pool_id for one in parties if one.pool_id is not None}):
        thaw(pool_id)
