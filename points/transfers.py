"""Points that go from one set to another of the same program: transfers and donations (domain 1.6)."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection

from common.actor import Actor
from points.accounts import account_for
from points.drafts import Posted
from points.errors import DifferentProgram, NotTransferable, SameAccount, TransferOutOfLimits
from points.inactivity import refuse_rested
from points.ledger import post
from points.models import PointAccountSet, PostingKind
from points.moves import Carry, Cause
from points.reasons import checked_reason
from programs.design import Design
from programs.models import ExpiryPolicy, PointKind, PointType

SENT = """
SELECT COALESCE(sum(sent.points - back.points), 0)::bigint
FROM points_posting p
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(-e.amount), 0) AS points FROM points_entry e WHERE e.posting_id = p.id AND e.amount < 0
) sent
CROSS JOIN LATERAL (
    SELECT COALESCE(sum(e.amount), 0) AS points FROM points_posting r JOIN points_entry e ON e.posting_id = r.id
    WHERE r.reverses_id = p.id AND e.amount > 0
) back
WHERE p.for_set_id = %(set)s AND p.kind IN ('transfer', 'donate')
  AND p.occurred_at >= %(start)s AND p.occurred_at < %(end)s
"""
ACCOUNTS = "SELECT account_set_id, id FROM points_pointaccount WHERE account_set_id = ANY(%s) AND point_type_id = %s"


@dataclass(frozen=True, slots=True)
class Party:
    """A side of a transfer: the own set it acts for, the set that holds its points of the type, the person."""

    program_id: int
    own_set_id: int
    set_id: int
    person_id: int | None


def transfer(
    point_type: PointType,
    *,
    points: int,
    sender: Party,
    receiver: Party,
    design: Design,
    cause: Cause,
    occurred_at: datetime,
    actor: Actor,
    donate: bool = False,
    reason_code: str = "",
) -> Posted:
    """One posting with an entry on each side; the receiver's lots are children of the lots drawn.

    The caller holds both memberships' locks, the sender's alone where the program has a yearly limit.
    """
    check_transferable(point_type, sender=sender, receiver=receiver)
    check_limits(points, sender=sender, design=design, at=occurred_at)
    source, target = _accounts(point_type, sender.set_id, receiver.set_id)
    if point_type.expiry_policy == ExpiryPolicy.INACTIVITY:
        refuse_rested(source, point_type, design=design, at=occurred_at, whose="The sender's")
        refuse_rested(target, point_type, design=design, at=occurred_at, whose="The receiver's")
    return post(
        PostingKind.DONATE if donate else PostingKind.TRANSFER,
        program_id=sender.program_id,
        for_set_id=sender.own_set_id,
        person_id=sender.person_id,
        cause=cause,
        occurred_at=occurred_at,
        actor=actor,
        moves=[Carry(source, target, points, contributor_id=receiver.person_id)],
        reason_code=reason_code and checked_reason(reason_code),
    )


def check_transferable(point_type: PointType, *, sender: Party, receiver: Party) -> None:
    """Redeemable points of one program, between two accounts."""
    if point_type.kind != PointKind.REDEEMABLE:
        raise NotTransferable(
            f"{point_type.name} are earned towards a tier and stay where they are. Choose a redeemable point type.",
            facts={"point_type": point_type.code, "kind": point_type.kind},
        )
    if sender.program_id != receiver.program_id or sender.program_id != point_type.program_id:
        raise DifferentProgram("Both memberships must be of the program whose points are transferred.")
    if sender.set_id == receiver.set_id:
        raise SameAccount("Both sides use one account of these points, so there is nothing to transfer.")


def check_limits(points: int, *, sender: Party, design: Design, at: datetime) -> None:
    """The program's minimum, maximum and what a membership may send in a calendar year of its zone."""
    program = design.program
    if points < program.transfer_minimum:
        raise TransferOutOfLimits(
            f"{points} points are below the least of {program.transfer_minimum} per transfer.",
            facts={"points": points, "minimum": program.transfer_minimum},
        )
    if program.transfer_maximum is not None and points > program.transfer_maximum:
        raise TransferOutOfLimits(
            f"{points} points are above the most of {program.transfer_maximum} per transfer.",
            facts={"points": points, "maximum": program.transfer_maximum},
        )
    if program.transfer_year_limit is None:
        return
    sent = sent_in_year(sender.own_set_id, design=design, at=at)
    if sent + points > program.transfer_year_limit:
        raise TransferOutOfLimits(
            f"{sent} points were sent in {at.astimezone(design.zone).year}; {points} more would be above the "
            f"yearly limit of {program.transfer_year_limit}.",
            facts={"points": points, "sent": sent, "year_limit": program.transfer_year_limit},
        )


def sent_in_year(own_set_id: int, *, design: Design, at: datetime) -> int:
    """Points a membership transferred and donated in the calendar year of `at`, less what came back by reversal."""
    year = at.astimezone(design.zone).year
    start, end = (datetime(y, 1, 1, tzinfo=design.zone).astimezone(UTC) for y in (year, year + 1))
    with connection.cursor() as cursor:
        cursor.execute(SENT, {"set": own_set_id, "start": start, "end": end})
        return int(cursor.fetchone()[0])


def _accounts(point_type: PointType, *set_ids: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(ACCOUNTS, [list(set_ids), point_type.pk])
        found = dict(cursor.fetchall())
    return [found.get(i) or account_for(PointAccountSet.objects.get(pk=i), point_type).pk for i in set_ids]
