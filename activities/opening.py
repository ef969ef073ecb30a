"""Take over the balances of memberships from another system (domain 1.6, kind `opening`).

Above the limits of an adjustment it takes the right points:approve: whoever may only ask for adjustments can't give
by a file what they could not give by hand. Nobody takes over points of their own.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time

from activities.adjusting import ADJUST, members_sharing
from activities.lot_dates import lot_dates
from activities.targeting import require_right
from common import clock
from common.actor import Actor
from memberships.able import require_able
from memberships.models import Membership
from memberships.types import type_of
from points.accounts import account_for
from points.adjusting import APPROVE, queue_requester, refuse_own
from points.drafts import Posted
from points.errors import AboveLimit, OpeningKnown, OpeningRefused
from points.expiry import ensure_not_rested
from points.inactivity import refuse_rested
from points.models import PointAccount, PointAccountSet
from points.moves import Cause
from points.opening import NewOpening, OpenLot, is_same, open_balances, opened, opened_today
from points.opening_many import open_plain
from programs.design import Design, design_of
from programs.expiry import end_of_day, inactivity_ends_at
from programs.models import ExpiryPolicy, PointType


@dataclass(frozen=True, slots=True)
class GivenLot:
    """What a line says: signed points (below 0: owed) of a type, with times where they are known.

    Without `expires_on` the type's rule dates the points from `earned_at`; without `earned_at` from now on.
    """

    points: int
    point_type: str | None = None
    earned_at: datetime | None = None
    usable_from: datetime | None = None
    expires_on: date | None = None


class Takeover:
    """Opening balances of a batch of memberships of one program, which the caller holds locked."""

    def __init__(self, memberships: Sequence[Membership], *, program_id: int, actor: Actor) -> None:
        require_right(actor, ADJUST, program_id)
        self.actor = actor
        self.design: Design = design_of(program_id)
        self.now = clock.program_now(self.design.program)
        self.alone = not actor.may(APPROVE, program_id)
        if self.alone:
            queue_requester(actor, program_id=program_id)
        self._opened = opened(one.own_set_id for one in memberships)
        self._accounts = _accounts_of(memberships)

    def open(
        self, membership: Membership, lots: Sequence[GivenLot], *, person_id: int, last_activity_at: datetime | None
    ) -> Posted | None:
        """Post what the lots say; None where exactly that was taken over before. Raises as `plan` does."""
        plan = self.plan(membership, lots, person_id=person_id, last_activity_at=last_activity_at)
        return None if plan is None else open_balances(plan, program_id=membership.program_id, actor=self.actor)

    def open_new(self, plans: Sequence[NewOpening]) -> None:
        """Post plans of memberships enrolled in this transaction."""
        open_plain(plans, program_id=self.design.program.pk, actor=self.actor)

    def plan(
        self, membership: Membership, lots: Sequence[GivenLot], *, person_id: int, last_activity_at: datetime | None
    ) -> NewOpening | None:
        """What is to be posted, everything asked; None where exactly that was taken over before.

        Raises OpeningKnown, OpeningRefused, AboveLimit, OwnPoints, AccountRested, MembershipNotAble, NoPointType.
        """
        given = self._by_type(lots)
        known = self._opened.get(membership.own_set_id, {})
        if given and given.keys() <= known.keys():
            self._refuse_unless_same(membership, given, known)
            return None
        require_able(membership, "adjust", self.design)
        if again := given.keys() & known.keys():
            self._refuse_known(membership, again)
        accounts = {type_id: self._account(membership, type_id) for type_id in given}
        self._refuse_beyond(membership, given, accounts)
        at = last_activity_at or self.now
        if at > self.now:
            raise OpeningRefused("last_activity_at: This lies in the future.")
        dated = {
            type_id: [self._dated(lot, self.design.point_types[type_id], membership) for lot in ones]
            for type_id, ones in given.items()
        }
        for type_id, account in accounts.items():
            self._refuse_over(account, self.design.point_types[type_id], membership, at)
        return NewOpening(
            lots=dated,
            accounts={type_id: account.pk for type_id, account in accounts.items()},
            for_set_id=membership.own_set_id,
            person_id=person_id,
            cause=Cause("membership", membership.pk),
            occurred_at=at,
            counts_as_activity=last_activity_at is not None,
        )

    def _by_type(self, lots: Iterable[GivenLot]) -> dict[int, list[OpenLot]]:
        found: dict[int, list[OpenLot]] = {}
        for lot in lots:
            point_type = self.design.point_type(lot.point_type)
            ends = end_of_day(lot.expires_on, self.design.zone) if lot.expires_on else None
            found.setdefault(point_type.pk, []).append(OpenLot(lot.points, lot.earned_at, lot.usable_from, ends))
        return found

    def _dated(self, lot: OpenLot, point_type: PointType, membership: Membership) -> OpenLot:
        """With the times that were not given, by the type's rule; refused where the points are past their time."""
        earned_at = lot.earned_at or self.now
        if earned_at > self.now:
            raise OpeningRefused("earned_at: This lies in the future.", facts={"earned_at": earned_at.isoformat()})
        if lot.expires_at is not None and point_type.expiry_policy == ExpiryPolicy.INACTIVITY:
            raise OpeningRefused(
                f"expires_on: {point_type.code} points live from the last activity; they have no date of their own."
            )
        expires_at = lot.expires_at
        if expires_at is None:
            _, expires_at = lot_dates(point_type, self.design, at=earned_at, enrolled_at=membership.enrolled_at)
        if lot.points > 0 and expires_at is not None and expires_at <= self.now:
            raise OpeningRefused(
                f"{lot.points} {point_type.code} points earned on {earned_at.date()} ended before "
                f"{expires_at.astimezone(self.design.zone).date()}: leave them out, or give their last day.",
                facts={"expires_at": expires_at.isoformat()},
            )
        return replace(lot, earned_at=earned_at, expires_at=expires_at)

    def _refuse_over(self, account: PointAccount, point_type: PointType, membership: Membership, at: datetime) -> None:
        """Points that live from the last activity, where it is too long ago: given here, or known already."""
        if account.entry_count or account.last_activity_at:
            ensure_not_rested(account.pk, design=self.design, actor=self.actor, at=at)
            refuse_rested(account.pk, point_type, design=self.design, at=self.now, whose="These")
        if point_type.expiry_policy != ExpiryPolicy.INACTIVITY:
            return
        if inactivity_ends_at(point_type, last_activity=at, zone=self.design.zone) <= self.now:
            raise OpeningRefused(
                f"last_activity_at: {point_type.code} points end {point_type.expiry_length} months after the last "
                "activity, and that is over: leave them out.",
                facts={"membership": membership.pk},
            )

    def _refuse_unless_same(
        self, membership: Membership, given: Mapping[int, list[OpenLot]], known: Mapping[int, list[OpenLot]]
    ) -> None:
        if other := [type_id for type_id, lots in given.items() if not is_same(lots, known[type_id])]:
            self._refuse_known(membership, other)

    def _refuse_known(self, membership: Membership, type_ids: Iterable[int]) -> None:
        codes = sorted(self.design.point_types[type_id].code for type_id in type_ids)
        raise OpeningKnown(
            f"{membership.number} took over another balance of {', '.join(codes)} already. Adjust it.",
            facts={"membership": membership.pk, "point_types": codes},
        )

    def _refuse_beyond(
        self,
        membership: Membership,
        given: Mapping[int, Sequence[OpenLot]],
        accounts: Mapping[int, PointAccount],
    ) -> None:
        if self.actor.is_staff:
            refuse_own(self.actor, {one for account in accounts.values() for one in members_sharing(account)})
        if not self.alone:
            return
        program = self.design.program
        sums = [sum(abs(lot.points) for lot in lots) for lots in given.values()]
        midnight = datetime.combine(self.now.astimezone(self.design.zone).date(), time.min, tzinfo=self.design.zone)
        today = opened_today(self.actor, program_id=program.pk, since=midnight.astimezone(UTC))
        if max(sums) > program.adjustment_limit or today + sum(sums) > program.adjustment_day_limit:
            raise AboveLimit(
                f"{sum(sums)} points are more than you may take over alone ({program.adjustment_limit} a balance, "
                f"{program.adjustment_day_limit} a day): let somebody with the right points:approve import the line.",
                facts={"points": sum(sums), "today": today},
            )

    def _account(self, membership: Membership, type_id: int) -> PointAccount:
        point_type = self.design.point_types[type_id]
        set_id = type_of(membership.type).account_set_for(membership, point_type)
        return self._accounts.get((set_id, type_id)) or account_for(PointAccountSet.objects.get(pk=set_id), point_type)


def _accounts_of(memberships: Sequence[Membership]) -> dict[tuple[int, int], PointAccount]:
    sets = {one.own_set_id for one in memberships} | {one.pool_id for one in memberships if one.pool_id}
    return {(one.account_set_id, one.point_type_id): one for one in PointAccount.objects.filter(account_set__in=sets)}
