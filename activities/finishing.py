"""What became of activities: their rows, written together, and an event for each."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from activities.models import ActivityStatus, MemberActivity
from activities.rules import sql
from activities.rules.errors import RuleFailed
from activities.rules.wave import Decided, Postings, Processed
from activities.types import type_by_id
from common.arrays import columns, texts
from common.db import constraint_of
from common.errors import Conflict, LoyaltyError, refusal_of
from gateway.events import record_events
from points.drafts import Posted
from programs.design import Design

encoded = DjangoJSONEncoder().encode


def processed(one: Decided, postings: Postings | None, *, design: Design, directly: Posted | None) -> Processed:
    """`directly`: the posting of what the activity earns by figures, which its row names before any of a rule."""
    found = postings or Postings()
    _end(one.activity, ActivityStatus.PROCESSED, directly or found.first)
    return Processed(one.activity, design, one.decision.effects, found)


def refused(one: MemberActivity, error: LoyaltyError, *, design: Design) -> Processed:
    _end(one, ActivityStatus.REFUSED, None, {"code": error.code, "detail": error.message, "facts": error.facts})
    return Processed(one, design)


def failed(one: MemberActivity, error: Exception, *, design: Design, directly: Posted | None) -> Processed:
    """It waits with the reason, until somebody has it processed again."""
    problem = problem_of(error)
    if also := sorted(rules_that_stopped(one) - {problem.get("rule")}):
        problem["also"] = also
    _end(one, ActivityStatus.FAILED, directly, problem)
    return Processed(one, design)


def rules_that_stopped(one: MemberActivity) -> set[str]:
    """The codes of all rules it failed by so far."""
    found = one.problem or {}
    return {*found.get("also", ()), *([found["rule"]] if "rule" in found else ())}


def problem_of(error: Exception) -> dict[str, Any]:
    """As it is kept on the activity: codes and figures, nobody's values."""
    if isinstance(error, RuleFailed):
        return error.problem()
    if isinstance(error, LoyaltyError):
        return {"code": error.code, "detail": error.message, "facts": error.facts}
    known = refusal_of(constraint_of(error))
    if known is not None:
        return {"code": known.code, "detail": known.message}
    return {"code": "not_written", "detail": f"The database refused what the rules made of it: {constraint_of(error)}."}


def finish(results: Sequence[Processed], *, design: Design, now: datetime) -> None:
    """Write the rows as they ended. Raises Conflict where one was finished by somebody else."""
    new = [one.activity for one in results if one.activity._state.adding]
    stored = [one.activity for one in results if not one.activity._state.adding]
    if new:
        MemberActivity.objects.bulk_create(new)
    if stored:
        _update(stored, design=design, now=now)
    for status in (ActivityStatus.PROCESSED, ActivityStatus.REFUSED, ActivityStatus.FAILED):
        facts = {one.activity.pk: event_facts(one, design) for one in results if one.activity.status == status}
        if facts:
            record_events(f"activity.{status}", program_id=design.program.pk, facts=facts)


def _end(one: MemberActivity, status: ActivityStatus, posting: Posted | None, problem: Any = None) -> None:
    one.status, one.problem = status, problem
    if posting is not None and one.posting_id is None:
        one.posting_id = posting.id


def _update(activities: Sequence[MemberActivity], *, design: Design, now: datetime) -> None:
    for one in activities:
        one.processed_at = now
    parameters: dict[str, Any] = {
        "program": design.program.pk,
        "now": now,
        **columns("v", ("id", "status", "posting"), [(one.pk, one.status, one.posting_id) for one in activities]),
        "v_problem": texts(one.problem and encoded(one.problem) for one in activities),
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.FINISH, parameters)
        if cursor.rowcount != len(activities):
            raise Conflict("An activity of these was processed meanwhile.")


def event_facts(one: Processed, design: Design) -> dict[str, Any]:
    """What the activity's event tells."""
    activity = one.activity
    facts: dict[str, Any] = {
        "type": type_by_id(design, activity.type_id).code,
        "membership": activity.membership_id,
    }
    if activity.problem:
        return facts | {
            name: activity.problem[name] for name in ("code", "rule", "version") if name in activity.problem
        }
    points: dict[str, int] = {}
    for effect in one.decided:
        if effect.point_type and effect.points:
            points[effect.point_type] = points.get(effect.point_type, 0) + effect.points
    return facts | {"effects": len(one.decided), "points": points}
