"""Reverse a posting by its number: find where its points live now, take the part back, say what became of it."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from activities.expiring import holds_points
from activities.general import posting_shape
from activities.models import ActivityStatus, MemberActivity
from activities.orders import refuse_paid_order
from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from common.errors import NotAllowed, NotFound
from memberships.ending import rest_again
from memberships.locking import locked_memberships, shared_membership
from memberships.models import Membership
from memberships.tiering import after_posting
from memberships.types import type_of
from points.accounts import account_for
from points.adjusting import refuse_own
from points.balances import balances_of
from points.models import Entry, PointAccountSet, Posting
from points.reversal_parts import Line, Part, Reversed
from points.reversals import reverse
from programs.design import Design, design_of


def visible_posting(actor: Actor, posting_id: int) -> Posting:
    """NotFound where it does not exist or belongs to a program the actor has no part in."""
    posting = Posting.objects.filter(pk=posting_id).first()
    if posting is None or (actor.programs is not None and posting.program_id not in actor.programs):
        raise NotFound("There is no such posting that you can see.")
    return posting


def may_reverse(actor: Actor, program_id: int) -> bool:
    """Staff need the right to reverse; a channel's scope to adjust includes it."""
    return actor.may("points:reverse", program_id) or (not actor.is_staff and actor.may("points:adjust", program_id))


def reverse_posting(posting_id: int, part: Part, *, actor: Actor) -> dict[str, Any]:
    """Take a part of the posting back, or all that is left of it; the API's answer.

    Allowed in every status, and in a locked program. Raises NotFound, NotAllowed, PaidOrder, OwnPoints,
    NotReversible, PointsSpent.
    """
    posting = visible_posting(actor, posting_id)
    if not may_reverse(actor, posting.program_id):
        raise NotAllowed("Reversing postings needs the right points:reverse in this program.")
    refuse_paid_order(posting)
    return retrying(lambda: reverse_asked(posting, part, actor=actor))


def reverse_asked(posting: Posting, part: Part, *, actor: Actor) -> dict[str, Any]:
    """The same for a verb that has asked already whether it may. Raises OwnPoints, NotReversible, PointsSpent."""
    with in_program(posting.program_id):
        refuse_own(actor, [] if posting.person_id is None else [posting.person_id])
        done, home = take_back(posting, part, actor=actor)
        return _answer(posting, done, home, design_of(posting.program_id))


def take_back(posting: Posting, part: Part, *, actor: Actor) -> tuple[Reversed, Membership]:
    """What was taken back, and the membership the points belong to now, in the caller's transaction; whether the actor
    may is asked before. Raises NotReversible, PointsSpent."""
    entries = list(Entry.objects.filter(posting=posting).select_related("account__account_set"))
    homes = _locked_homes(posting, entries)
    design = design_of(posting.program_id)
    done = reverse(posting, part, actor=actor, landing=_landing(entries, homes, design))
    _review_again(posting, done, homes[posting.for_set_id], actor=actor, design=design)
    _let_rest(homes.values(), actor=actor, at=clock.program_now(design.program))
    if done.in_full:
        MemberActivity.objects.filter(posting=posting).update(status=ActivityStatus.REVERSED, problem=None)
    return done, homes[posting.for_set_id]


def _locked_homes(posting: Posting, entries: Sequence[Entry]) -> dict[int, Membership]:
    """Per own set of the posting the membership its points belong to now, all locked in order of their ids."""
    return _locked_homes_of({posting.for_set_id} | {entry.account.account_set_id for entry in entries})


def _review_again(posting: Posting, done: Reversed, home: Membership, *, actor: Actor, design: Design) -> None:
    """Tiers earned by what was taken back are judged anew, by the time of the event."""
    if done.posted is None:
        return
    after_posting(
        home.pk,
        {line.point_type.pk for line in done.lines},
        occurred_at=posting.occurred_at,
        design=design,
        actor=actor,
        taken_back=True,
    )


def _let_rest(homes: Iterable[Membership], *, actor: Actor, at: datetime) -> None:
    """What came back to memberships that were done resting goes with the next run."""
    over = {home.pk: home for home in homes if not home.current and home.rests_until is None}
    for _, home in sorted(over.items()):
        if holds_points(home):
            rest_again(home, actor=actor, at=at)


def _locked_homes_of(sets: set[int], *, exclusively: bool = False) -> dict[int, Membership]:
    found = list(Membership.objects.filter(own_set_id__in=sets))
    first = {m.own_set_id: m.pk for m in found}
    # An ended one may have to rest again: the stronger lock from the start, lest two reversals wait for each other.
    ended = {m.pk for m in found if not m.current}
    wanted = set(first.values())
    while True:
        strong = wanted if exclusively else ended
        locked = {pk: locked_memberships([pk])[0] if pk in strong else shared_membership(pk) for pk in sorted(wanted)}
        missing = {m.superseded_by_id for m in locked.values() if m.superseded_by_id} - wanted
        if not missing:
            return {own_set: _survivor(pk, locked) for own_set, pk in first.items()}
        wanted |= missing


def survivor_of(own_set_id: int) -> Membership:
    """The membership an own set's points belong to now, locked."""
    return _locked_homes_of({own_set_id})[own_set_id]


def survivors_of(own_sets: set[int]) -> dict[int, Membership]:
    """Per own set the membership its points belong to now, locked against other verbs that change it."""
    return _locked_homes_of(own_sets, exclusively=True)


def _survivor(pk: int, locked: dict[int, Membership]) -> Membership:
    membership = locked[pk]
    while not membership.current and membership.superseded_by_id:
        membership = locked[membership.superseded_by_id]
    return membership


def _landing(entries: Sequence[Entry], homes: dict[int, Membership], design: Design) -> dict[int, int]:
    """For each closed account the one its points live on now; none where nobody took over."""
    found: dict[int, int] = {}
    for entry in entries:
        account = entry.account
        home = homes.get(account.account_set_id) or homes.get(entry.posting.for_set_id)
        if not account.closed or home is None:
            continue
        point_type = design.point_types[account.point_type_id]
        set_id = type_of(home.type).account_set_for(home, point_type)
        if set_id != account.account_set_id:
            found[account.pk] = account_for(PointAccountSet.objects.get(pk=set_id), point_type).pk
    return found


def _answer(posting: Posting, done: Reversed, home: Membership, design: Design) -> dict[str, Any]:
    touched = {home.own_set_id} | ({home.pool_id} if home.pool_id else set())
    balances = balances_of(sorted(touched), design=design)
    return {
        "posting": posting_shape(done.posted, design) if done.posted else None,
        "expired": [posting_shape(one, design) for one in done.expired],
        "reverses": posting.pk,
        "part": done.part,
        "in_full": done.in_full,
        "reversed": [line_shape(line, design) for line in done.lines],
        "membership": home.pk,
        "balances": [one for shown in balances.values() for one in shown],
    }


def line_shape(line: Line, design: Design) -> dict[str, Any]:
    return {
        "point_type": line.point_type.code,
        "asked": line.asked,
        "posted": line.posted,
        "debt": line.debt,
        "shortfall": line.shortfall,
        "cut": line.cut,
        "cut_from_refund": money(line.cut_value, design) if line.cut else None,
    }


def money(amount: Decimal, design: Design) -> dict[str, str]:
    """An amount in the program's currency, as a string that no reader makes a float of."""
    return {"amount": str(amount), "currency": design.program.currency}
