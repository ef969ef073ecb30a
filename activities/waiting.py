"""Work that waits for staff: what a second person decides about, activities that failed, open orders and changes."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from django.core.cache import cache
from django.db import connection

from common.actor import Actor
from customers.models import StaffCustomer
from memberships.models import Member, Membership
from points.adjusting import APPROVE
from points.models import Adjustment, AdjustmentStatus
from staff.models import User

PAGE = 50
# The menu counts no further, and asks anew after so many seconds.
MOST_COUNTED = 100
COUNTED_FOR = 10

# By the section of the menu: where it stands, and which of it waits.
WAITING = {
    "adjustments": ("points_adjustment t", "t.status = 'waiting'"),
    "activities": ("activities_memberactivity t", "t.status = 'failed'"),
    "claims": ("activities_claim t", "t.status = 'open'"),
    "awards": ("activities_bulkaward t", "t.status = 'waiting'"),
    "orders": ("activities_rewardorder t", "t.status = 'ordered'"),
    "changes": (
        "memberships_membershipchange t JOIN programs_program p ON p.id = t.program_id",
        "t.is_open AND t.expires_at > now() + p.clock_offset",
    ),
}
# Our own names only are put in.
ONE = (
    "(SELECT count(*) FROM (SELECT 1 FROM {} WHERE {} "
    "AND (%(programs)s::bigint[] IS NULL OR t.program_id = ANY(%(programs)s)) LIMIT %(most)s) one)"
)
COUNTS = f"SELECT {', '.join(ONE.format(table, waits) for table, waits in WAITING.values())}"


@dataclass(frozen=True, slots=True)
class WaitingAdjustment:
    """`against` says why this viewer may not decide about it; empty where they may."""

    adjustment: Adjustment
    membership: Membership | None
    asked_by: str
    against: str


@dataclass(frozen=True, slots=True)
class Page:
    """`after` continues it, None at the end."""

    rows: tuple[Any, ...]
    after: int | None


def waiting_counts(actor: Actor) -> dict[str, int]:
    """How much waits in the actor's programs, some seconds old."""
    programs = None if actor.programs is None else sorted(actor.programs)
    # Caches shared by several hosts take short keys without blanks.
    key = f"waiting:{sha256(repr(programs).encode()).hexdigest()}"
    found: dict[str, int] | None = cache.get(key)
    if found is None:
        with connection.cursor() as cursor:
            cursor.execute(COUNTS, {"programs": programs, "most": MOST_COUNTED})
            found = dict(zip(WAITING, cursor.fetchone(), strict=True))
        cache.set(key, found, COUNTED_FOR)
    return found


def adjustments_waiting(actor: Actor, *, after: int = 0) -> Page:
    """The oldest first, in the actor's programs."""
    found = Adjustment.objects.filter(status=AdjustmentStatus.WAITING, pk__gt=after)
    if actor.programs is not None:
        found = found.filter(program_id__in=actor.programs)
    rows = list(found.select_related("account__point_type", "program", "person").order_by("pk")[: PAGE + 1])
    shown = rows[:PAGE]
    homes = {one.own_set_id: one for one in Membership.objects.filter(own_set_id__in={one.for_set_id for one in shown})}
    users = dict(User.objects.filter(pk__in={one.requested_by_id for one in shown}).values_list("pk", "username"))
    against = _own_points(actor, shown, homes)
    return Page(
        tuple(
            WaitingAdjustment(
                one,
                homes.get(one.for_set_id),
                users.get(one.requested_by_id or 0, ""),
                _against(one, actor, against),
            )
            for one in shown
        ),
        shown[-1].pk if len(rows) > PAGE else None,
    )


def _against(one: Adjustment, actor: Actor, own: Mapping[int, bool]) -> str:
    """The rule itself stands in points.adjusting.check_decider, which asks again under the lock."""
    if one.requested_by_id is not None and one.requested_by_id == actor.user_id:
        return "own_request"
    if own.get(one.for_set_id):
        return "own_points"
    return "" if actor.may(APPROVE, one.program_id) else "no_right"


def _own_points(actor: Actor, rows: list[Adjustment], homes: Mapping[int, Membership]) -> dict[int, bool]:
    """Per set whether one of its members is the viewer, or linked to them."""
    mine = set(StaffCustomer.objects.filter(user_id=actor.user_id or 0).values_list("customer_id", flat=True))
    if not mine:
        return {}
    memberships = Member.objects.filter(membership__in=homes.values(), customer_id__in=mine, ended_at__isnull=True)
    return dict.fromkeys(memberships.values_list("membership__own_set_id", flat=True), True)
