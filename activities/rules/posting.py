"""What rules credit and take away, as postings: one that earns and one that redeems for each activity.

An entry per point type, a lot per type and end. They name the channel that sent the activity, whoever processes it.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import datetime
from typing import Any, TypeVar

from activities.lot_dates import lot_dates
from activities.models import MemberActivity, PointFlow
from activities.rules.wave import Decided, Postings
from activities.types import type_by_id
from common.actor import Actor
from common.keys import without_key
from memberships.models import Membership
from memberships.types import type_of
from points.accounts import accounts_for
from points.crediting_many import PlainCredit, credit_many
from points.drafts import Posted
from points.ledger import lock_accounts, post
from points.models import PointAccount, PostingKind
from points.moves import Cause, Debit, Lifetime, NewLot
from programs.design import Design
from programs.models import PointType

Row = TypeVar("Row", bound=tuple[Any, ...])
# A set and the id of a point type.
Place = tuple[int, int]


def lock_points(memberships: Iterable[Membership], *, design: Design) -> None:
    """All accounts of the memberships, so that what they hold stays so until the transaction ends."""
    sets = {pk for one in memberships for pk in (one.own_set_id, one.pool_id) if pk}
    ids = PointAccount.objects.filter(account_set__any_of=sets).values_list("pk", flat=True)
    lock_accounts(set(ids), program_id=design.program.pk)


def credit_directly(
    activities: Sequence[MemberActivity], memberships: Mapping[int, Membership], *, design: Design, actor: Actor
) -> dict[int, Posted]:
    """What activities of a type that earns carry as figures, in points of the default type; those posted already are
    left out."""
    earning = [one for one in activities if one.posting_id is None and _earns(one, design)]
    if not earning:
        return {}
    point_type = design.point_type()
    homes = [memberships[one.membership_id] for one in earning]
    places = [(type_of(home.type).account_set_for(home, point_type), point_type.pk) for home in homes]
    accounts = accounts_for(set(places), program_id=design.program.pk)
    done: dict[int, Posted] = {}
    for sender, rows in _by_sender(list(zip(earning, homes, places, strict=True)), actor).items():
        credits = [
            _plain(one, home, {accounts[place]: [_lot(one, home, point_type, one.points or 0, None, design)]}, design)
            for one, home, place in rows
        ]
        with _key_of(sender, actor):
            posted = credit_many(credits, program_id=design.program.pk, actor=sender)
        done |= {one.pk: each for (one, _, _), each in zip(rows, posted, strict=True)}
    return done


def post_effects(wave: Sequence[Decided], *, design: Design, actor: Actor) -> dict[int, Postings]:
    """By activity what was posted; nothing for activities without points."""
    places = {one.activity.pk: places_of(one, design) for one in wave}
    wanted = {place for found in places.values() for place in found.values()}
    if not wanted:
        return {}
    found = accounts_for(wanted, program_id=design.program.pk)
    debiting = [one for one in wave if any((effect.points or 0) < 0 for effect in one.decision.effects)]
    if debiting:
        # All of them at once and in order: a debit follows a credit. Credits lock what they need.
        lock_accounts(set(found.values()), program_id=design.program.pk)
    accounts = {pk: {code: found[place] for code, place in at.items()} for pk, at in places.items()}
    done: dict[int, Postings] = defaultdict(Postings)
    for sender, rows in _by_sender([(one.activity, one) for one in wave], actor).items():
        with _key_of(sender, actor):
            _credit([one for _, one in rows], accounts, done, design=design, actor=sender)
    for one in debiting:
        sender = _sender(one.activity, actor)
        with _key_of(sender, actor):
            done[one.activity.pk].spent = _debit(one, accounts[one.activity.pk], design=design, actor=sender)
    return dict(done)


def _earns(one: MemberActivity, design: Design) -> bool:
    return type_by_id(design, one.type_id).flow == PointFlow.EARN


def _by_sender(rows: Iterable[Row], actor: Actor) -> dict[Actor, list[Row]]:
    """Rows that begin with an activity."""
    found: dict[tuple[int, int | None], list[Row]] = defaultdict(list)
    for row in rows:
        found[row[0].channel_id, row[0].user_id].append(row)
    return {_sender(rows[0][0], actor): rows for rows in found.values()}


def _key_of(sender: Actor, actor: Actor) -> AbstractContextManager[None]:
    """A posting keeps the key of the request only where it names the channel that sent it."""
    return nullcontext() if sender.channel_id == actor.channel_id else without_key()


def _sender(one: MemberActivity, actor: Actor) -> Actor:
    return replace(actor, channel_id=one.channel_id, user_id=one.user_id)


def places_of(one: Decided, design: Design) -> dict[str, Place]:
    """By code of the point type where the membership keeps it."""
    kind = type_of(one.membership.type)
    codes = {effect.point_type for effect in one.decision.effects if effect.point_type and effect.points}
    types = (design.by_code[code] for code in sorted(codes))
    return {each.code: (kind.account_set_for(one.membership, each), each.pk) for each in types}


def _credit(
    wave: Sequence[Decided],
    accounts: Mapping[int, Mapping[str, int]],
    done: dict[int, Postings],
    *,
    design: Design,
    actor: Actor,
) -> None:
    earning = [(one, credit) for one in wave if (credit := credit_of(one, accounts[one.activity.pk], design))]
    posted = credit_many([credit for _, credit in earning], program_id=design.program.pk, actor=actor)
    for (one, _), earned in zip(earning, posted, strict=True):
        done[one.activity.pk].earned = earned


def credit_of(one: Decided, accounts: Mapping[str, int], design: Design) -> PlainCredit | None:
    """What its effects credit, with the account by code of each point type; None where that is nothing."""
    lots = _lots(one, accounts, design)
    return _plain(one.activity, one.membership, lots, design) if lots else None


def _plain(
    activity: MemberActivity, home: Membership, lots: Mapping[int, Sequence[NewLot]], design: Design
) -> PlainCredit:
    return PlainCredit(
        for_set_id=home.own_set_id,
        person_id=activity.customer_id,
        cause=Cause("activity", activity.pk),
        occurred_at=activity.occurred_at,
        lots=lots,
        counts_as_activity=type_by_id(design, activity.type_id).counts_as_activity,
    )


def _lots(one: Decided, accounts: Mapping[str, int], design: Design) -> dict[int, list[NewLot]]:
    """By account; what ends at the same time is one lot."""
    points: dict[tuple[str, datetime | None], int] = {}
    for effect in one.decision.effects:
        if effect.point_type is not None and effect.points is not None and effect.points > 0:
            ends = (effect.point_type, effect.expires_at)
            points[ends] = points.get(ends, 0) + effect.points
    found: dict[int, dict[datetime | None, NewLot]] = {}
    for (code, expires_at), given in points.items():
        lot = _lot(one.activity, one.membership, design.by_code[code], given, expires_at, design)
        beside = found.setdefault(accounts[code], {})
        # A rule may say the very end that the type itself has.
        same = beside.get(lot.expires_at)
        beside[lot.expires_at] = lot if same is None else replace(same, points=same.points + given)
    return {account: list(lots.values()) for account, lots in found.items()}


def _lot(
    one: MemberActivity,
    home: Membership,
    point_type: PointType,
    points: int,
    expires_at: datetime | None,
    design: Design,
) -> NewLot:
    """Dated by the event; `expires_at` where the rule says so itself."""
    at, person_id = one.occurred_at, one.customer_id
    usable_from, until = lot_dates(point_type, design, at=at, enrolled_at=home.enrolled_at)
    return NewLot(
        points=points,
        earned_at=at,
        available_at=usable_from,
        expires_at=expires_at or until,
        earner_id=person_id,
        contributor_id=person_id,
    )


def _debit(one: Decided, accounts: Mapping[str, int], *, design: Design, actor: Actor) -> Posted:
    taken: dict[int, int] = defaultdict(int)
    for effect in one.decision.effects:
        if effect.point_type is not None and effect.points is not None and effect.points < 0:
            taken[accounts[effect.point_type]] -= effect.points
    return post(
        PostingKind.REDEEM,
        program_id=design.program.pk,
        for_set_id=one.membership.own_set_id,
        person_id=one.activity.customer_id,
        cause=Cause("activity", one.activity.pk),
        occurred_at=one.activity.occurred_at,
        actor=actor,
        moves=[Debit(account, points, lifetime=Lifetime.REDEEMED) for account, points in sorted(taken.items())],
        counts_as_activity=type_by_id(design, one.activity.type_id).counts_as_activity,
    )
