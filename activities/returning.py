"""Take a sale back, wholly or in parts, by its lines or by an amount (domain 1.6, returns in parts).

Points earned and points that paid come back in the share of the sale that did; what rules of the type `return` say
happens besides.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Sum

from activities.models import ActivityStatus, MemberActivity, RuleEffect, Transaction, TransactionItem, TransactionType
from activities.return_shares import Credited, ReturnedLine, points_due
from activities.returnable import Back, ReturnCall, refuse_before, refuse_waiting, what_comes_back
from activities.reversing import line_shape, survivors_of, take_back
from activities.targeting import require_right
from activities.transaction_calls import TAKE
from activities.transaction_shown import (
    Told,
    answer_of,
    posting_ids_of,
    told_again,
    visible_transaction,
)
from activities.transactions import activity_for, noted, record_taken, refuse_taken, time_of, write_once
from common import clock
from common.actor import Actor
from common.db import in_program, lock_rows, next_ids, retrying
from memberships.acting import acting_member
from memberships.capabilities import can
from memberships.models import Member, Membership
from memberships.targets import Target
from points.adjusting import refuse_own
from points.models import Entry, Posting, PostingKind, Reversal, ReversalLine
from points.reversal_parts import Part, Reversed, totals_of
from points.reversal_shares import Rounding
from programs.design import design_of

REASON = "returned"


def return_transaction(sale_id: int, call: ReturnCall, *, actor: Actor) -> dict[str, Any]:
    """The API's <transaction> of the return, with what became of the points.

    Allowed in every status of a membership. Raises NotFound, NotReturnable, AlreadyReturned, UnknownItem,
    ReturnTooLarge, ReferenceTaken, PointsSpent where the program refuses a refund after spending.
    """
    return retrying(lambda: _return(sale_id, call, actor=actor))


def _return(sale_id: int, call: ReturnCall, *, actor: Actor) -> dict[str, Any]:
    sale = visible_transaction(actor, sale_id)
    with in_program(sale.program_id):
        require_right(actor, TAKE, sale.program_id)
        refuse_taken(call.reference, actor)
        # The sale before its memberships: nobody who holds a membership waits for it.
        (sale,) = lock_rows(Transaction.objects.filter(pk=sale_id))
        activities = list(
            MemberActivity.objects.filter(transaction=sale).select_related("type", "membership").order_by("pk")
        )
        refuse_own(actor, [one.customer_id for one in activities if one.customer_id is not None])
        back = what_comes_back(sale, call)
        refuse_waiting(activities, back)
        at = time_of(call.occurred_at, None if sale.program_id is None else design_of(sale.program_id))
        refuse_before(sale, at)
        homes = survivors_of({one.membership.own_set_id for one in activities})
        row = _recorded(sale, call, back, actor=actor, at=at)
        taken = [one for activity in activities for one in _taken_back(activity, back, row, actor=actor)]
        told = _noted(row, activities, homes, actor=actor)
        record_taken(row, told)
        return answer_of(row, told) | {"reversed": [_shape(*one) for one in taken], "in_full": back.in_full}


def _recorded(sale: Transaction, call: ReturnCall, back: Back, *, actor: Actor, at: datetime) -> Transaction:
    design = None if sale.program_id is None else design_of(sale.program_id)
    row = Transaction(
        pk=next_ids("activities_transaction_id_seq")[0],
        channel_id=actor.channel_id,
        reference=call.reference,
        type=TransactionType.RETURN,
        program_id=sale.program_id,
        business_unit=sale.business_unit,
        customer_id=sale.customer_id,
        amount=back.amount,
        currency=sale.currency,
        location=call.location,
        original=sale,
        occurred_at=at,
        recorded_at=clock.now() if design is None else clock.program_now(design.program),
        user_id=actor.user_id,
    )
    write_once(row)
    sold = {one.pk: one for one in sale.items.all()}
    TransactionItem.objects.bulk_create(
        _item(row, line, sold[one.sold.id], one) for line, one in enumerate(back.lines, start=1)
    )
    return row


def _item(row: Transaction, line: int, sold: TransactionItem, back: ReturnedLine) -> TransactionItem:
    return TransactionItem(
        transaction=row,
        line=line,
        sku=sold.sku,
        category=sold.category,
        quantity=back.quantity,
        amount=back.amount,
        returns=sold,
    )


def _taken_back(
    activity: MemberActivity, back: Back, row: Transaction, *, actor: Actor
) -> list[tuple[MemberActivity, Reversed]]:
    """Each posting of the activity, by its share; one that did nothing is only marked.

    What rules took away comes back first: it may be of the very points that are taken back then.
    """
    found = []
    postings = Posting.objects.filter(pk__in=posting_ids_of({activity.pk: activity})).order_by("pk")
    for posting in sorted(postings, key=lambda one: one.kind != PostingKind.REDEEM):
        each = share_of(posting, back)
        if each:
            part = Part(REASON, note=row.reference, each=each)
            found.append((activity, take_back(posting, part, actor=actor)[0]))
    if back.in_full and activity.status != ActivityStatus.REFUSED:
        MemberActivity.objects.filter(pk=activity.pk).update(status=ActivityStatus.REVERSED, problem=None)
    return found


def share_of(posting: Posting, back: Back) -> dict[int, int]:
    """Points per type of the posting that this return takes back: each effect's share by its own rounding."""
    entries = list(Entry.objects.filter(posting=posting).select_related("account"))
    earlier = ReversalLine.objects.filter(reversal__reverses=posting).values("point_type_id")
    before = {row["point_type_id"]: row["asked"] for row in earlier.annotate(asked=Sum("asked"))}
    totals = totals_of(entries)
    return points_due(_credited(posting, totals), returned=back.returned, sold=back.sold, before=before)


def _credited(posting: Posting, totals: Mapping[int, int]) -> list[Credited]:
    """The parts the posting's points were worked out in; what no rule gave is rounded half up."""
    rest = dict(totals)
    found = []
    for effect in RuleEffect.objects.filter(posting=posting, activity=posting.cause_id).order_by("position"):
        type_id = effect.point_type_id or 0
        points = min(abs(effect.points or 0), rest.get(type_id, 0))
        if points:
            rest[type_id] -= points
            found.append(Credited(type_id, points, Rounding(effect.because.get("rounding", Rounding.DOWN))))
    return found + [Credited(type_id, points, Rounding.HALF_UP) for type_id, points in rest.items() if points]


def _noted(
    row: Transaction, activities: Sequence[MemberActivity], homes: Mapping[int, Membership], *, actor: Actor
) -> list[Told]:
    """What the return is to the memberships: an activity of its own where the sale earned."""
    told = []
    for sold in activities:
        if sold.transaction_id is None or sold.type.code != TransactionType.PURCHASE:
            continue
        home, design = homes[sold.membership.own_set_id], design_of(sold.program_id)
        target = _target(sold, home)
        if can(home, "earn", design, member=target.member):
            told.append(noted(row, target, design=design, actor=actor))
        else:
            # A return is a correction, allowed in every status; rules reward only who may earn.
            activity = activity_for(row, target, design=design, actor=actor)
            activity.status = ActivityStatus.PROCESSED
            activity.save(force_insert=True)
            told += told_again([activity])
    return told


def _target(sold: MemberActivity, home: Membership) -> Target:
    """Who returned is whoever bought, where they still are in it."""
    members = Member.objects.filter(membership=home, ended_at__isnull=True)
    same = members.filter(customer_id=sold.customer_id).first() if sold.customer_id else None
    member = same or acting_member(home)
    moved = sold.membership_id if sold.membership_id != home.pk else None
    return Target(home, member.customer_id if member else None, redirected_from=moved, member=member)


def _shape(activity: MemberActivity, done: Reversed) -> dict[str, Any]:
    design = design_of(activity.program_id)
    return {
        "membership": activity.membership_id,
        "posting": done.posted and done.posted.id,
        "points": [line_shape(line, design) for line in done.lines],
    }


def reversals_of(row: Transaction) -> list[Reversal]:
    """What a return took back of its sale's postings."""
    sold = {one.pk: one for one in MemberActivity.objects.filter(transaction=row.original_id)}
    rows = Reversal.objects.filter(reverses__in=posting_ids_of(sold), note=row.reference).order_by("pk")
    return list(rows.select_related("reverses").prefetch_related("lines__point_type"))
