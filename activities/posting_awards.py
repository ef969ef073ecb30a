"""Post the lines of approved awards, each once: it can be cut off anywhere and go on (domain 1.6)."""

from collections.abc import Callable
from dataclasses import replace

from activities.adjusting import correction_for
from activities.awarding import totals_of
from activities.models import AwardRow, AwardStatus, BulkAward
from activities.reversing import survivor_of
from common.actor import Actor
from common.db import in_program, lock_rows, retrying
from common.errors import LoyaltyError
from gateway.channels import system_actor
from gateway.events import record_event
from memberships.able import require_able
from memberships.models import Membership
from points.adjusting import Listed, adjust_listed
from programs.design import design_of

Progress = Callable[[int], object]


def post_awards(progress: Progress = lambda count: None) -> int:
    """Every approved award of all programs, the oldest first; how many lines were looked at."""
    waiting = BulkAward.objects.filter(status=AwardStatus.APPROVED).order_by("pk")
    return sum(post_award(award, progress=progress) for award in waiting)


def post_award(award: BulkAward, *, progress: Progress = lambda count: None) -> int:
    """Each line in a transaction of its own: posted, or kept with its problem. How many were looked at."""
    open_rows = AwardRow.objects.filter(award=award, posting__isnull=True, problem="").order_by("line")
    done = 0
    for row_id in list(open_rows.values_list("pk", flat=True)):
        retrying(lambda row_id=row_id: _post(row_id, award))  # type: ignore[misc]
        done += 1
        progress(1)
    _finish(award)
    return done


def _post(row_id: int, award: BulkAward) -> None:
    actor = replace(system_actor(), user_id=award.decided_by_id or award.requested_by_id)
    with in_program(award.program_id):
        (row,) = lock_rows(AwardRow.objects.select_related("membership").filter(pk=row_id))
        if row.posting_id is not None or row.problem or row.membership is None or row.points is None:
            return
        try:
            with in_program(award.program_id):
                row.posting_id = _adjust(row, row.membership, row.points, award, actor)
        except LoyaltyError as error:
            row.problem = error.message[:300]
        row.save(update_fields=["posting", "problem"])


def _adjust(row: AwardRow, seen: Membership, points: int, award: BulkAward, actor: Actor) -> int:
    """To where the membership's points are by now."""
    design = design_of(award.program_id)
    membership = survivor_of(seen.own_set_id)
    require_able(membership, "adjust", design)
    correction = correction_for(
        membership,
        row.person_id,
        design.point_types[award.point_type_id],
        points=points,
        reason_code=award.reason_code,
        design=design,
    )
    listed = Listed(
        requested_by_id=award.requested_by_id,
        requested_at=award.requested_at,
        needs_approval=award.needs_approval,
        decided_by_id=award.decided_by_id,
        decided_at=award.decided_at,
    )
    return adjust_listed(correction, listed, actor=actor).id


def _finish(award: BulkAward) -> None:
    with in_program(award.program_id):
        (row,) = lock_rows(BulkAward.objects.select_related("point_type").filter(pk=award.pk))
        left = AwardRow.objects.filter(award=row, posting__isnull=True, problem="").exists()
        if row.status != AwardStatus.APPROVED or left:
            return
        row.status = AwardStatus.POSTED
        row.save(update_fields=["status"])
        totals = totals_of(row)
        facts = {"rows": totals.posted, "points": totals.points, "faulty": totals.faulty}
        record_event("award.posted", program_id=row.program_id, subject_id=row.pk, facts=facts)
