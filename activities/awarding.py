"""Points given to many from a list: drafted with a preview, approved by a second person above the limit (domain 1.6).

What is posted, and how, stands in activities.posting_awards.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time
from decimal import Decimal

from django.db.models import Q, QuerySet, Sum
from django.db.models.functions import Abs

from activities.award_errors import AwardEmpty, AwardNameTaken, AwardWrongStatus
from activities.award_lines import CARD, MEMBER, AwardLine
from activities.models import AwardRow, AwardStatus, BulkAward
from activities.targeting import require_right
from common import clock
from common.actor import Actor
from common.db import in_program, lock_rows
from common.errors import LoyaltyError, NotAllowed, NotFound
from customers.models import StaffCustomer
from gateway.events import record_event
from memberships.models import Member, Membership
from memberships.targets import Target, find_target
from points.models import Adjustment, AdjustmentStatus
from points.reasons import checked_reason
from programs.design import Design, design_of
from programs.models import Program
from programs.money import value_of

REQUEST, APPROVE = "points:adjust", "points:approve"
OWN = "These points are your own, or of somebody linked to you: a colleague asks for them."


@dataclass(frozen=True, slots=True)
class AwardCall:
    """Without `point_type` the program's default is meant; `note` is for colleagues."""

    name: str
    reason_code: str
    point_type: str | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class AwardTotals:
    """`rows` are lines that can be posted, `faulty` those that can't; `value` what the points are worth."""

    rows: int
    points: int
    value: Decimal
    faulty: int
    posted: int


def visible_awards(actor: Actor) -> QuerySet[BulkAward]:
    """Those of the actor's programs."""
    found = BulkAward.objects.all()
    return found if actor.programs is None else found.filter(program_id__in=actor.programs)


def visible_award(award_id: int, actor: Actor) -> BulkAward:
    award = visible_awards(actor).select_related("program", "point_type").filter(pk=award_id).first()
    if award is None:
        raise NotFound("There is no such bulk award that you can see.")
    return award


def draft_award(program: Program, call: AwardCall, lines: Sequence[AwardLine], *, actor: Actor) -> BulkAward:
    """Keep the list with who every line means; nothing is posted. Lines nobody is found for keep their problem.

    Raises NotAllowed, ReasonNotACode, NoPointType, AwardNameTaken.
    """
    require_right(actor, REQUEST, program.pk)
    if actor.user_id is None:
        raise NotAllowed("A bulk award is asked for by a member of staff.")
    checked_reason(call.reason_code)
    with in_program(program.pk):
        design = design_of(program.pk)
        if BulkAward.objects.filter(program=program, name=call.name).exclude(status=AwardStatus.DISCARDED).exists():
            raise AwardNameTaken(
                f"“{call.name}” was awarded before: a name stands for one list.", facts={"name": call.name}
            )
        award = BulkAward.objects.create(
            program=program,
            name=call.name,
            point_type=design.point_type(call.point_type),
            reason_code=call.reason_code,
            note=call.note,
            requested_by_id=actor.user_id,
            requested_at=clock.program_now(design.program),
        )
        AwardRow.objects.bulk_create(_rows(award, lines, actor), batch_size=1_000)
        return award


def submit_award(award: BulkAward, *, actor: Actor) -> BulkAward:
    """Let it be posted, or let it wait for a second person where it is above a limit.

    Raises NotAllowed, AwardWrongStatus, AwardEmpty.
    """
    with in_program(award.program_id):
        row = _locked(award, AwardStatus.DRAFT)
        require_right(actor, REQUEST, row.program_id)
        if row.requested_by_id != actor.user_id:
            raise NotAllowed("Whoever uploaded the list sends it on.")
        totals, design = totals_of(row), design_of(row.program_id)
        if not totals.rows:
            raise AwardEmpty("No line of the list can be posted.", facts={"faulty": totals.faulty})
        row.needs_approval = is_above_limit(row, totals.points, design=design)
        row.status = AwardStatus.WAITING if row.needs_approval else AwardStatus.APPROVED
        row.save(update_fields=["needs_approval", "status"])
        _tell("award.requested" if row.needs_approval else "award.approved", row, totals)
        return row


def discard_award(award: BulkAward, *, actor: Actor, note: str = "") -> BulkAward:
    """Give a draft up: it is kept with its lines, is never posted, and its name is free for a corrected list.

    Raises NotAllowed, AwardWrongStatus.
    """
    with in_program(award.program_id):
        row = _locked(award, AwardStatus.DRAFT)
        if not may_discard(row, actor):
            raise NotAllowed("Whoever uploaded the list discards it, or somebody with the right points:approve.")
        _settle(row, AwardStatus.DISCARDED, actor=actor, note=note)
        return row


def may_discard(award: BulkAward, actor: Actor) -> bool:
    if not actor.is_staff:
        return False
    own = award.requested_by_id == actor.user_id and actor.may(REQUEST, award.program_id)
    return own or actor.may(APPROVE, award.program_id)


def approve_award(award: BulkAward, *, actor: Actor, note: str = "") -> BulkAward:
    """As a second person. Raises NotAllowed, AwardWrongStatus."""
    return _decide(award, AwardStatus.APPROVED, actor=actor, note=note)


def refuse_award(award: BulkAward, *, actor: Actor, note: str = "") -> BulkAward:
    """Nothing of it is posted. Raises NotAllowed, AwardWrongStatus."""
    return _decide(award, AwardStatus.REFUSED, actor=actor, note=note)


def reason_against(award: BulkAward, actor: Actor) -> str:
    """Why this person may not decide about it, in words; empty where they may."""
    if not actor.is_staff or not actor.may(APPROVE, award.program_id):
        return "Deciding about bulk awards needs staff with the right points:approve in this program."
    if award.requested_by_id == actor.user_id:
        return "Whoever asked for an award does not decide about it: ask a second person."
    if own_rows(award, actor).exists():
        return "The list has points of your own, or of somebody linked to you: a colleague decides."
    return ""


def own_rows(award: BulkAward, actor: Actor) -> QuerySet[AwardRow]:
    """Lines for memberships the member of staff, or somebody linked to them, takes part in or shares points with."""
    rows = AwardRow.objects.filter(award=award)
    mine = list(StaffCustomer.objects.filter(user_id=actor.user_id or 0).values_list("customer_id", flat=True))
    return rows.filter(membership__in=_memberships_of(mine))


def totals_of(award: BulkAward) -> AwardTotals:
    rows = AwardRow.objects.filter(award=award)
    usable = rows.filter(problem="")
    points = usable.aggregate(sum=Sum("points"))["sum"] or 0
    return AwardTotals(
        rows=usable.count(),
        points=points,
        value=value_of(points, award.point_type.money_value),
        faulty=rows.exclude(problem="").count(),
        posted=rows.filter(posting__isnull=False).count(),
    )


def is_above_limit(award: BulkAward, points: int, *, design: Design) -> bool:
    """By itself, or with what the requester gives alone that day, by other lists too."""
    program, now = design.program, clock.program_now(design.program)
    if points > program.adjustment_limit:
        return True
    start = datetime.combine(now.astimezone(design.zone).date(), time.min, tzinfo=design.zone)
    alone = Adjustment.objects.filter(
        program=program.pk,
        status=AdjustmentStatus.POSTED,
        needs_approval=False,
        requested_by_id=award.requested_by_id,
        requested_at__gte=start,
    )
    given = alone.aggregate(sum=Sum(Abs("points")))["sum"] or 0
    coming = AwardRow.objects.filter(
        award__program=program.pk,
        award__requested_by_id=award.requested_by_id,
        award__status=AwardStatus.APPROVED,
        award__needs_approval=False,
        posting__isnull=True,
        problem="",
    )
    given += coming.exclude(award=award).aggregate(sum=Sum("points"))["sum"] or 0
    return given + points > program.adjustment_day_limit


def _rows(award: BulkAward, lines: Iterable[AwardLine], actor: Actor) -> list[AwardRow]:
    mine = list(StaffCustomer.objects.filter(user_id=actor.user_id or 0).values_list("customer_id", flat=True))
    own = set(_memberships_of(mine).values_list("pk", flat=True))
    seen: dict[int, int] = {}
    rows = []
    for line in lines:
        target, problem = _target(award, line, actor)
        if target is not None and target.membership.pk in own:
            problem = OWN
        elif target is not None and target.membership.pk in seen:
            problem = f"Line {seen[target.membership.pk]} names the same membership."
        elif target is not None:
            seen[target.membership.pk] = line.number
        rows.append(
            AwardRow(
                award=award,
                program_id=award.program_id,
                line=line.number,
                number=line.who,
                membership=target.membership if target else None,
                person_id=target.person_id if target else None,
                points=line.points,
                problem=problem[:300],
            )
        )
    return rows


def _target(award: BulkAward, line: AwardLine, actor: Actor) -> tuple[Target | None, str]:
    """Whom the line means today; retired numbers lead on."""
    if line.problem:
        return None, line.problem
    try:
        target = find_target(
            actor,
            at=award.requested_at,
            program_id=award.program_id,
            member_number=line.who if line.kind == MEMBER else None,
            card_number=line.who if line.kind == CARD else None,
        )
    except LoyaltyError as error:
        return None, error.message
    if target.membership.program_id != award.program_id:
        return None, "The card belongs to another program."
    return target, ""


def _memberships_of(customers: Sequence[int]) -> QuerySet[Membership]:
    """In which one of them takes part, or whose points they share."""
    parts = Member.objects.filter(customer_id__in=customers, ended_at__isnull=True)
    pools = parts.filter(membership__pool__isnull=False).values("membership__pool")
    found: QuerySet[Membership] = Membership.objects.filter(Q(pk__in=parts.values("membership")) | Q(pool__in=pools))
    return found


def _decide(award: BulkAward, status: AwardStatus, *, actor: Actor, note: str) -> BulkAward:
    with in_program(award.program_id):
        row = _locked(award, AwardStatus.WAITING)
        reason = reason_against(row, actor)
        if reason:
            raise NotAllowed(reason)
        _settle(row, status, actor=actor, note=note)
        return row


def _settle(row: BulkAward, status: AwardStatus, *, actor: Actor, note: str) -> None:
    row.status, row.decision_note = status, note
    row.decided_by_id = actor.user_id
    row.decided_at = clock.program_now(design_of(row.program_id).program)
    row.save(update_fields=["status", "decision_note", "decided_by_id", "decided_at"])
    _tell(f"award.{status}", row, totals_of(row))


def _locked(award: BulkAward, status: AwardStatus) -> BulkAward:
    """The award once nobody else sends it on or decides about it."""
    (row,) = lock_rows(BulkAward.objects.select_related("point_type").filter(pk=award.pk))
    if row.status != status:
        raise AwardWrongStatus(
            f"“{row.name}” is {row.get_status_display()} already.", facts={"award": row.pk, "status": row.status}
        )
    return row


def _tell(kind: str, award: BulkAward, totals: AwardTotals) -> None:
    facts = {"rows": totals.rows, "points": totals.points, "needs_approval": award.needs_approval}
    record_event(kind, program_id=award.program_id, subject_id=award.pk, facts=facts)
