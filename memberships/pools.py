"""Which pools a membership shared, and from when to when, as the changes that made it so tell (domain 1.13)."""

from collections.abc import Iterator

from memberships.changes.record import altered_rows
from memberships.models import DONE, Membership, MembershipChange
from points.statement import Moment, Span


def pools_of(membership: Membership) -> list[Span]:
    """Every time it used a pool, the first one first; the last one is open while it still does."""
    steps = list(_steps(membership.pk))
    pool_id = steps[0][1] if steps else membership.pool_id
    # One that was made within a pool shared it from its start.
    since = Moment(membership.enrolled_at)
    spans = []
    for moment, before, after in steps:
        if before == after:
            continue
        if pool_id is not None:
            spans.append(Span(pool_id, since, moment))
        pool_id, since = after, moment
    if pool_id is not None:
        spans.append(Span(pool_id, since))
    return spans


def _steps(membership_id: int) -> Iterator[tuple[Moment, int | None, int | None]]:
    """(when, pool before, pool after) of each change that altered it."""
    changes = MembershipChange.objects.filter(parties__membership=membership_id, status__in=DONE)
    for change in changes.select_related("posting").order_by("carried_out_at", "pk"):
        posting = change.posting
        moment = Moment(change.carried_out_at) if posting is None else Moment(posting.recorded_at, posting.pk)
        for pk, before, after in altered_rows(change.outcome, "memberships.Membership"):
            if pk == membership_id and "pool_id" in after:
                yield moment, before["pool_id"], after["pool_id"]
