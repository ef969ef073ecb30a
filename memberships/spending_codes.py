"""A member lets a till or the desk spend points of theirs, in somebody's purchase or alone, by a code that goes to the
registered address (domain 1.11: "with that person's card or code").

A code belongs to one membership, person, channel and point type, and stands for so many points at most. All of a
channel's codes of one membership are sent, judged and used up in turn: no try is judged while another one is.
"""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from common import clock
from common.actor import Actor
from common.db import in_program, next_ids, retrying, take_turn
from customers.models import Message, MessagePurpose, MessageStatus
from customers.outbox import put_message
from gateway.events import record_event
from memberships.able import require_able
from memberships.codes import (
    CODE_LASTS,
    MOST_SENT,
    MOST_TRIES,
    SENT_WITHIN,
    code_digest,
    count_wrong_try,
    fits,
    minutes,
    new_code,
)
from memberships.errors import CodeNotEnough, CodeNotSent, CodeNotValid, TooManyCodes
from memberships.locking import shared_membership
from memberships.models import Member, Membership, SpendingCode
from memberships.targets import find_target
from programs.design import Design, design_of
from programs.models import PointType

PURPOSE = "spending-code"


@dataclass(frozen=True, slots=True)
class CodeCall:
    """`member` is the customer who is asked, in a membership of several; `points` the most that may be spent."""

    membership_id: int
    points: int
    point_type: str | None = None
    member: int | None = None


def send_spending_code(call: CodeCall, *, actor: Actor) -> SpendingCode:
    """Sent by the outbox; the channel's code before for this person ends.

    Raises what finding the member raises, MembershipNotAble, NoPointType, CodeNotSent, TooManyCodes.
    """
    return retrying(lambda: _send(call, actor=actor))


def proven(membership: Membership, code: str, *, actor: Actor) -> SpendingCode:
    """The code that waits and is the one given, in turn until the transaction ends. Whatever is the matter with another
    one, the answer is CodeNotValid, and the try counts for every code that waits."""
    _in_turn(membership, actor)
    waiting = list(_waiting(membership, actor, clock.now()))
    for one in waiting:
        if fits(one.secret_digest, PURPOSE, _bound_to(one), code):
            return one
    for one in waiting:
        count_wrong_try(one)
    raise CodeNotValid(
        "This is no code that waits for this membership and channel: have a new one sent.",
        facts={"membership": membership.pk},
    )


def refuse_beyond(code: SpendingCode, *, points: int, point_type: PointType) -> None:
    """Raises CodeNotEnough for more, or other, points than the person was told."""
    if points > code.most_points or point_type.pk != code.point_type_id:
        told = design_of(code.program_id).point_types[code.point_type_id]
        raise CodeNotEnough(
            f"The person was asked for up to {code.most_points} {told.name}: have a code sent for what it takes.",
            facts={"points": code.most_points, "point_type": told.code},
        )


def use_up(code: SpendingCode, *, transaction_id: int | None = None, activity_id: int | None = None) -> None:
    """In the transaction of the sale or the redemption it allows, behind `proven`."""
    code.used_at, code.transaction_id, code.activity_id = clock.now(), transaction_id, activity_id
    code.save(update_fields=["used_at", "transaction_id", "activity_id"])


def _send(call: CodeCall, *, actor: Actor) -> SpendingCode:
    target = find_target(actor, at=clock.now(), membership_id=call.membership_id, member=call.member)
    with in_program(target.membership.program_id):
        _in_turn(target.membership, actor)
        membership = shared_membership(target.membership.pk)
        design = design_of(membership.program_id)
        require_able(membership, "redeem", design, member=target.member)
        member = _to_ask(membership, target.member)
        now = clock.now()
        _refuse_too_many(member, now)
        open_codes = SpendingCode.objects.filter(used_at=None, ended_at=None)
        open_codes.filter(membership=membership, customer=member.customer, channel_id=actor.channel_id).update(
            ended_at=now
        )
        return _sent(call, member, design, actor=actor, now=now)


def _sent(call: CodeCall, member: Member, design: Design, *, actor: Actor, now: datetime) -> SpendingCode:
    code = new_code()
    row = SpendingCode(
        pk=next_ids("memberships_spendingcode_id_seq")[0],
        program=design.program,
        membership=member.membership,
        customer=member.customer,
        point_type=design.point_type(call.point_type),
        channel_id=actor.channel_id,
        user_id=actor.user_id,
        most_points=call.points,
        sent_at=now,
        expires_at=now + CODE_LASTS,
    )
    row.secret_digest = code_digest(PURPOSE, _bound_to(row), code)
    row.message = _told(row, code)
    row.save(force_insert=True)
    record_event(
        "spending_code.sent",
        program_id=row.program_id,
        subject_id=row.pk,
        facts={"membership": row.membership_id, "customer": row.customer_id, "points": row.most_points},
    )
    return row


def _told(row: SpendingCode, code: str) -> Message:
    context = {
        "code": code,
        "minutes": minutes(),
        "points": row.most_points,
        "point_type": row.point_type.name,
        "membership": row.membership.number,
    }
    messages = put_message(
        row.customer,
        purpose=MessagePurpose.CODE,
        template="spending-code",
        context=context,
        program=row.program,
        cause=("spending", row.pk),
    )
    if messages[0].status == MessageStatus.SUPPRESSED:
        raise CodeNotSent(
            f"Nothing can be sent: {messages[0].why_not}. Ask for the person's card instead.",
            facts={"membership": row.membership_id, "customer": row.customer_id},
        )
    return messages[0]


def _in_turn(membership: Membership, actor: Actor) -> None:
    take_turn(f"spending-code:{membership.pk}:{actor.channel_id}")


def _waiting(membership: Membership, actor: Actor, now: datetime) -> QuerySet[SpendingCode]:
    rows = SpendingCode.objects.filter(membership=membership, channel_id=actor.channel_id, used_at=None, ended_at=None)
    return rows.filter(expires_at__gt=now, tries__lt=MOST_TRIES).order_by("pk")


def _to_ask(membership: Membership, member: Member | None) -> Member:
    if member is None:
        raise CodeNotSent(
            f"Nobody is known to whom a code for {membership.number} could be sent.",
            facts={"membership": membership.pk},
        )
    return member


def _refuse_too_many(member: Member, now: datetime) -> None:
    """Over all channels: each of them could have codes sent until one is guessed."""
    rows = SpendingCode.objects.filter(membership=member.membership_id, customer=member.customer_id)
    if rows.filter(sent_at__gt=now - SENT_WITHIN).count() >= MOST_SENT:
        raise TooManyCodes(
            f"{MOST_SENT} were sent within a day. Ask for the person's card instead.",
            facts={"membership": member.membership_id, "sent": MOST_SENT},
        )


def _bound_to(code: SpendingCode) -> str:
    return f"{code.pk}/{code.membership_id}/{code.channel_id}/{code.point_type_id}/{code.most_points}"
