"""Points that live from activity (domain 1.6): what ended before an activity expires first, what lives goes on.

Only programs with a point type that ends by inactivity ask anything here.
"""

from collections.abc import Mapping, Sequence

from activities.models import MemberActivity
from activities.rules.wave import Postings
from activities.types import type_by_id
from common.actor import Actor
from memberships.models import Membership
from points import expiry
from points.inactivity import ends_of
from points.models import PointAccount
from programs.design import Design
from programs.models import ExpiryPolicy


def wake(
    activities: Sequence[MemberActivity], memberships: Mapping[int, Membership], *, design: Design, actor: Actor
) -> None:
    """Let the points expire that ended without activity before these events."""
    ending = _ending(design)
    if not ending:
        return
    events = {pk: one for one in activities for pk in _sets(memberships[one.membership_id])}
    rows = PointAccount.objects.filter(account_set__in=events, point_type__in=ending).order_by("pk")
    accounts = list(rows.values_list("pk", "account_set_id", "point_type_id"))
    for type_id in ending:
        ends = ends_of([pk for pk, _, of in accounts if of == type_id], design.point_types[type_id], zone=design.zone)
        for pk, set_id, _ in accounts:
            at = events[set_id].occurred_at
            if pk in ends and ends[pk] <= at:
                expiry.ensure_not_rested(pk, design=design, actor=actor, at=at)


def keep_alive(
    activities: Sequence[MemberActivity],
    memberships: Mapping[int, Membership],
    postings: Mapping[int, Postings],
    *,
    design: Design,
    actor: Actor,
) -> None:
    """Count inactivity anew: on the own set and the pool where nothing was posted, on the pool where it was to the own
    set alone."""
    if not _ending(design):
        return
    for one in sorted(activities, key=lambda one: one.membership_id):
        if type_by_id(design, one.type_id).counts_as_activity:
            home = memberships[one.membership_id]
            touched = _touched(postings.get(one.pk))
            for set_id in _sets(home):
                if set_id == home.pool_id or not touched:
                    expiry.keep_alive(set_id, design=design, actor=actor, at=one.occurred_at)


def _touched(postings: Postings | None) -> bool:
    return postings is not None and postings.first is not None


def _ending(design: Design) -> list[int]:
    return [pk for pk, one in design.point_types.items() if one.expiry_policy == ExpiryPolicy.INACTIVITY]


def _sets(home: Membership) -> list[int]:
    return [pk for pk in (home.own_set_id, home.pool_id) if pk is not None]
