"""Points of one type made into points of another of the same program, at a dated rate (domain 1.6)."""

from datetime import datetime

from common.actor import Actor
from points.accounts import account_for
from points.drafts import Posted
from points.inactivity import refuse_rested
from points.ledger import post
from points.models import PointAccountSet, PostingKind
from points.moves import Cause, Credit, Debit, NewLot
from points.reasons import checked_reason
from programs.conversion import converted, rate_at
from programs.design import Design
from programs.models import PointType


def convert(
    from_type: PointType,
    *,
    to_type: PointType,
    points: int,
    from_set_id: int,
    to_set_id: int,
    own_set_id: int,
    person_id: int | None,
    design: Design,
    cause: Cause,
    occurred_at: datetime,
    actor: Actor,
    expires_at: datetime | None,
    reason_code: str = "",
) -> Posted:
    """Take `points` of one type and give what the rate of that time makes of them, rounded down.

    `expires_at` is what the rule of the new type makes of the time of the conversion. Neither lifetime figure
    counts a conversion, and it is no activity.
    """
    gained = converted(points, rate_at(from_type, to_type, occurred_at))
    source = account_for(PointAccountSet.objects.get(pk=from_set_id), from_type).pk
    target = account_for(PointAccountSet.objects.get(pk=to_set_id), to_type).pk
    refuse_rested(source, from_type, design=design, at=occurred_at, whose="These")
    refuse_rested(target, to_type, design=design, at=occurred_at, whose="The")
    lot = NewLot(
        gained,
        earned_at=occurred_at,
        expires_at=expires_at,
        earner_id=person_id,
        contributor_id=person_id,
    )
    return post(
        PostingKind.CONVERT,
        program_id=design.program.pk,
        for_set_id=own_set_id,
        person_id=person_id,
        cause=cause,
        occurred_at=occurred_at,
        actor=actor,
        moves=[Debit(source, points), Credit(target, [lot])],
        reason_code=reason_code and checked_reason(reason_code),
    )
