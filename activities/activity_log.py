"""Activities as staff look for them: the newest first, by program, status, type and membership."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import QuerySet

from activities.models import ActivityStatus, MemberActivity
from common.actor import Actor

PAGE = 50
# A page looks at no more rows than these, however few of them are wanted.
LOOK = 20_000
READ = "memberships:read"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked for; empty: anything. `reference` exactly."""

    program_id: int | None = None
    status: str = ""
    type_code: str = ""
    reference: str = ""
    membership_id: int | None = None


@dataclass(frozen=True, slots=True)
class LogPage:
    """`before` continues it, None at the end."""

    rows: Sequence[MemberActivity]
    before: int | None


def log_page(asked: Asked, *, actor: Actor, before: int | None = None) -> LogPage:
    """A page may be short, or empty, and go on: what is wanted may stand further back."""
    found = _wanted(asked, actor)
    if before is not None:
        found = found.filter(pk__lt=before)
    lowest = None
    if not _has_index(asked):
        newest = before or (MemberActivity.objects.order_by("-pk").values_list("pk", flat=True).first() or 0) + 1
        lowest = newest - LOOK
        found = found.filter(pk__gte=lowest)
    rows = list(found.select_related("type", "membership", "program", "channel").order_by("-pk")[: PAGE + 1])
    if len(rows) > PAGE:
        return LogPage(rows[:PAGE], rows[PAGE - 1].pk)
    if lowest is not None and lowest > 0 and MemberActivity.objects.filter(pk__lt=lowest).exists():
        return LogPage(rows, lowest)
    return LogPage(rows, None)


def activity_of(actor: Actor, pk: int) -> MemberActivity | None:
    """One the actor may know of."""
    found = MemberActivity.objects.filter(pk=pk).select_related(
        "type", "membership", "program", "channel", "customer", "posting", "partner", "batch", "transaction", "card"
    )
    return _in_sight(found, actor).first()


def failed_in(program_id: int) -> QuerySet[MemberActivity]:
    """Those of a program that wait to be processed again, the oldest first."""
    return MemberActivity.objects.filter(program=program_id, status=ActivityStatus.FAILED).order_by("pk")


def _wanted(asked: Asked, actor: Actor) -> QuerySet[MemberActivity]:
    found = _in_sight(MemberActivity.objects.all(), actor)
    wanted = {
        "program": asked.program_id,
        "status": asked.status,
        "type__code": asked.type_code,
        "reference": asked.reference,
        "membership": asked.membership_id,
    }
    return found.filter(**{name: value for name, value in wanted.items() if value})


def _in_sight(found: QuerySet[MemberActivity], actor: Actor) -> QuerySet[MemberActivity]:
    programs = actor.programs_for(READ)
    return found if programs is None else found.filter(program__in=programs)


def _has_index(asked: Asked) -> bool:
    """Few have failed, a membership has few, and a reference is told apart by its own index."""
    return asked.status == ActivityStatus.FAILED or bool(asked.membership_id) or bool(asked.reference)
