"""Everything of one customer for one screen, in as many statements as there are kinds of things, not memberships."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from heapq import merge
from itertools import islice

from activities.effects import EffectLine, effects_of_postings
from activities.offers import Offer, offers_for_customer, offers_for_membership
from common import clock
from common.actor import Actor
from customers.models import Customer, CustomerStatus
from customers.overview import whole_customer
from memberships.changes.waiting import Waiting, open_changes
from memberships.changes_seen import Change, changes_of
from memberships.overview import Participation, participations_of
from memberships.progress import climbs_in_words
from points.overview import Latest, Overview, latest_of, overview_of
from programs.design import Design, designs_of_all
from programs.models import Program, ProgramStatus

MOST_LATEST = 5


@dataclass(frozen=True, slots=True)
class MembershipView:
    participation: Participation
    accounts: tuple[Overview, ...]
    latest: tuple[Latest, ...]
    offers: tuple[Offer, ...]
    open_change: Waiting | None = None
    # What is lacking to the next rungs, in words.
    climbs: tuple[str, ...] = ()
    # By posting and point type what the rules that gave or took it say of it.
    why: Mapping[tuple[int, int], Sequence[EffectLine]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CustomerView:
    """`enrollable` are the programs the customer is not in and the actor may enrol in."""

    customer: Customer
    memberships: tuple[MembershipView, ...]
    offers: tuple[Offer, ...]
    enrollable: tuple[Program, ...]
    changes: tuple[Change, ...]

    @property
    def current(self) -> list[MembershipView]:
        return [one for one in self.memberships if one.participation.current]

    @property
    def former(self) -> list[MembershipView]:
        return [one for one in self.memberships if not one.participation.current]


def customer_view(pk: int, actor: Actor) -> CustomerView | None:
    """None where there is no such customer. Memberships of programs the actor has no part in are left out."""
    customer = whole_customer(pk, actor=actor)
    if customer is None:
        return None
    designs = designs_of_all()
    found = participations_of(pk, actor, designs) if actor.may("memberships:read", None) else []
    memberships = membership_views(found, actor, designs)
    ids = [one.participation.membership.pk for one in memberships]
    return CustomerView(
        customer=customer,
        memberships=tuple(memberships),
        offers=tuple(offers_for_customer(customer, actor)),
        enrollable=tuple(_enrollable(customer, memberships, actor, designs.values())),
        changes=tuple(changes_of(pk, ids)),
    )


def membership_views(
    found: Sequence[Participation], actor: Actor, designs: Mapping[int, Design], *, latest: int = MOST_LATEST
) -> list[MembershipView]:
    """Each with its points, why they were given, and its open change: three statements for all points, and more only
    where a change is open."""
    nows = {one.design.program.pk: clock.program_now(one.design.program) for one in found}
    sets: dict[int, datetime] = {pk: nows[one.design.program.pk] for one in found for pk in one.sets}
    accounts = overview_of(sets, designs)
    entries = latest_of([one.account_id for one in accounts], most=latest)
    changes = open_changes([one.open_change_id for one in found if one.open_change_id is not None], actor)
    climbs = climbs_in_words(
        (one.membership, one.design, nows[one.design.program.pk], [each.tier_id for each in one.standings])
        for one in found
    )
    views = [_view(one, accounts, entries, actor, latest, changes.get(one.open_change_id or 0)) for one in found]
    why = _why(posting.posting_id for one in views for posting in one.latest)
    return [replace(one, climbs=tuple(climbs.get(one.participation.membership.pk, ())), why=why) for one in views]


def _why(posting_ids: Iterable[int]) -> dict[tuple[int, int], list[EffectLine]]:
    ids = set(posting_ids)
    found: dict[tuple[int, int], list[EffectLine]] = {}
    for posting, lines in (effects_of_postings(ids) if ids else {}).items():
        for line in lines:
            if line.effect.point_type_id is not None:
                found.setdefault((posting, line.effect.point_type_id), []).append(line)
    return found


def _view(
    one: Participation,
    accounts: Iterable[Overview],
    entries: Mapping[int, list[Latest]],
    actor: Actor,
    most: int,
    open_change: Waiting | None,
) -> MembershipView:
    mine = [account for account in accounts if account.set_id in one.sets and not account.closed]
    # Each account's entries come latest first, so merging keeps that order.
    by_time = merge(*(entries[account.account_id] for account in mine), key=_newest, reverse=True)
    return MembershipView(
        participation=one,
        accounts=tuple(mine),
        latest=tuple(islice(by_time, most)),
        offers=tuple(offers_for_membership(one.membership, one.design, actor)),
        open_change=open_change,
    )


def _newest(entry: Latest) -> tuple[datetime, int]:
    return entry.recorded_at, entry.posting_id


def _enrollable(
    customer: Customer, memberships: Iterable[MembershipView], actor: Actor, designs: Iterable[Design]
) -> list[Program]:
    """Released programs running today; whether the enrolment works out is for its own page to say."""
    if customer.status != CustomerStatus.ACTIVE or customer.merged_into_id is not None:
        return []
    taken = {one.participation.membership.program_id for one in memberships if one.participation.current}
    programs = [design.program for design in designs if design.program.pk not in taken]
    return sorted((one for one in programs if _open(one) and _reachable(one, actor)), key=lambda one: one.name)


def _open(program: Program) -> bool:
    day = clock.program_now(program).astimezone(program.zone).date()
    started = program.valid_from is None or program.valid_from <= day
    return program.status == ProgramStatus.RELEASED and started and (program.valid_until or day) >= day


def _reachable(program: Program, actor: Actor) -> bool:
    visible = actor.programs is None or program.pk in actor.programs
    return visible and actor.may("memberships:manage", program.pk)
