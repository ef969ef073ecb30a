"""Activities that failed, processed again: when the rule or what it asked for was set right (domain 1.11).

A corrected rule is in force from its release on, after the event. So the rules that stopped the activity are asked as
they stand now; all others are those of its time.
"""

from collections import Counter
from collections.abc import Sequence
from functools import partial

from activities.errors import NotFailed
from activities.models import ActivityStatus, MemberActivity
from activities.processing import process
from activities.queueing import put_at_home
from activities.rules.wave import Processed
from activities.targeting import require_right
from common.actor import Actor
from common.db import in_program, lock_rows, retrying
from common.errors import NotFound
from gateway.events import record_events
from memberships.locking import locked_memberships
from memberships.models import Membership
from programs.models import Program

RIGHT = "activities:write"


def reprocess(activity: MemberActivity, *, actor: Actor) -> Processed:
    """By the rules of its time, those that stopped it as they stand now. Raises NotAllowed, NotFailed."""
    require_right(actor, RIGHT, activity.program_id)
    return retrying(partial(_reprocess, activity.pk, program_id=activity.program_id, actor=actor))


def reprocess_many(activities: Sequence[MemberActivity], *, actor: Actor) -> Counter[str]:
    """Each by itself, in order of the events; how many ended in which status. Those that wait no more are left out."""
    counts: Counter[str] = Counter()
    for one in sorted(activities, key=lambda one: (one.occurred_at, one.pk)):
        try:
            counts[str(reprocess(one, actor=actor).activity.status)] += 1
        except NotFailed:
            counts["unchanged"] += 1
    return counts


def queue_again(program: Program, *, actor: Actor, rule: str | None = None) -> int:
    """All that failed in the program, or by one of its rules, wait for a worker again; how many."""
    require_right(actor, RIGHT, program.pk)
    with in_program(program):
        failed = MemberActivity.objects.filter(program=program, status=ActivityStatus.FAILED)
        if rule is not None:
            failed = failed.filter(problem__rule=rule)
        rows = lock_rows(failed)
        # The problem stays: it names the rules that are asked as they stand now.
        MemberActivity.objects.filter(pk__in=[one.pk for one in rows]).update(status=ActivityStatus.RECEIVED)
        facts = {one.pk: {"membership": one.membership_id, "again": True} for one in rows}
        if facts:
            record_events("activity.received", program_id=program.pk, facts=facts)
        return len(rows)


def _reprocess(activity_id: int, *, program_id: int, actor: Actor) -> Processed:
    with in_program(program_id):
        activity, home = _locked(activity_id)
        if activity.status != ActivityStatus.FAILED:
            raise NotFailed(
                f"Activity {activity_id} is {activity.get_status_display()}: only what failed is processed again.",
                facts={"activity": activity_id, "status": str(activity.status)},
            )
        return process([activity], actor=actor, memberships={home.pk: home})[activity_id]


def _locked(activity_id: int) -> tuple[MemberActivity, Membership]:
    """The activity behind the lock of the membership where its person takes part now."""
    while True:
        first = MemberActivity.objects.filter(pk=activity_id).values_list("membership_id", flat=True).first()
        if first is None:
            raise NotFound("There is no such activity that you can see.")
        (home,) = locked_memberships([first])
        activity = MemberActivity.objects.get(pk=activity_id)
        if activity.membership_id != home.pk:
            continue
        if activity.status != ActivityStatus.FAILED or not put_at_home([activity], {home.pk: home}):
            return activity, home
