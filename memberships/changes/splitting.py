"""Splits: one member leaves a pool or a group; who is left alone goes on alone (domain 1.9)."""

from collections.abc import Iterable
from datetime import timedelta

from memberships.changes.accounts import close_accounts, own_pool, reopen_accounts
from memberships.changes.attributes import bring_back
from memberships.changes.benefits import carry_personal
from memberships.changes.moving import end_member, open_members
from memberships.changes.own_again import brought_by, lead_numbers, open_own, settle, stand_on_own
from memberships.changes.parting import company_of, leavings, records_of
from memberships.changes.plan import Work
from memberships.models import Membership, MembershipType
from memberships.organization_pools import lives_on, stand_alone
from memberships.standings import refresh_exemption, refresh_pool_exemption
from points.dividing import Dividing, clock_of
from points.models import Hold, PointAccount, PointAccountSet, PostingKind
from points.moves import Cause
from programs.models import PointKind


def leave_pool(work: Work) -> None:
    """The leaver's membership is standard again, in place: number, cards, tier and qualifying points were its own
    all the time. With one left the pool dissolves the same way."""
    plan = work.plan
    leaver = plan.person(leaver_of(work))
    membership = next(one for one in plan.parties if one.pk == leaver.membership_id)
    pool = membership.pool
    assert pool is not None  # noqa: S101 - a row of pools
    # The pool of an organization never dissolves: nobody but the leaver is a party.
    staying = [one for one in plan.parties if one.pk != membership.pk]
    alone = staying[0] if len(staying) == 1 else None
    apart = [membership] if alone is None else [membership, alone]
    for one in apart:
        _be_standard(work, one)
    _divide_pool(work, pool, membership, alone)
    continue_clock(work, pool, [one.own_set for one in apart])
    for one in apart:
        refresh_exemption(one)
    if alone is None:
        own_pool(work, pool, plan.owner_id)
        refresh_pool_exemption(pool.pk)
    if plan.umbrella is not None:
        _begin_rest(work, plan.umbrella)
    work.change.result = membership


def leave_group(work: Work) -> None:
    """The leaver gets a standard membership with a new number; cards, divided points and a tier go along. The one
    who stays of two is standard in place, with the group's number."""
    plan = work.plan
    group, leaver = plan.prime, plan.person(leaver_of(work))
    records = records_of(person.customer_id for person in plan.people)
    brought = brought_by(records[leaver.customer_id], program_id=group.program_id)
    own = open_own(work, group, leaver, brought=brought)
    end_member(work, leaver.member_id)
    _go_on(work, group)
    settle(work, group, own, leaver.customer_id)
    carry_personal(work, group, own, customer_id=leaver.customer_id)
    dividing = Dividing(group.own_set_id, [own.own_set_id], design=plan.design, at=work.at)
    terms = leavings(plan, records, leaver.customer_id, kinds=PointKind.values)
    dividing.give(own.own_set_id, person_id=leaver.customer_id, leavings=terms)
    post_division(work, dividing, own, kind=PostingKind.SPLIT, person_id=leaver.customer_id)
    place_holds_for(work, dividing.followers.get(own.own_set_id, ()), own)
    continue_clock(work, group.own_set, [own.own_set])
    bring_back(work, own, brought)
    stand_on_own(work, own, brought=brought)
    lead_numbers(work, records[leaver.customer_id], own)
    for one in (own, group):
        refresh_exemption(one)
    work.change.result = own


def leaver_of(work: Work) -> int:
    leaver_id = work.change.leaver_id
    assert leaver_id is not None  # noqa: S101 - the database holds that a split has one
    return leaver_id


def post_division(work: Work, dividing: Dividing, own: Membership, *, kind: PostingKind, person_id: int | None) -> None:
    """The posting of the change acts for that membership."""
    cause = Cause("change", work.change.pk)
    posted = dividing.post(kind, for_set_id=own.own_set_id, person_id=person_id, cause=cause, actor=work.actor)
    work.change.posting_id = posted.id if posted is not None else None


def place_holds_for(work: Work, hold_ids: Iterable[int], own: Membership) -> None:
    """What captures them acts for that membership from now on."""
    for hold in Hold.objects.filter(pk__in=list(hold_ids)).order_by("pk"):
        work.record.alter(hold, for_set=own.own_set)


def continue_clock(work: Work, shared: PointAccountSet, parts: Iterable[PointAccountSet]) -> None:
    """Inactivity goes on from the last activity on what was shared."""
    latest = clock_of(shared.pk)
    for part in parts:
        if latest is not None and (part.activity_at is None or part.activity_at < latest):
            work.record.alter(part, activity_at=latest)


def _divide_pool(work: Work, pool: PointAccountSet, membership: Membership, alone: Membership | None) -> None:
    plan, leaver_id = work.plan, leaver_of(work)
    company = company_of(plan, membership, pool.pk, leaver_id)
    receivers = [one.own_set_id for one in (membership, alone) if one is not None]
    dividing = Dividing(pool.pk, receivers, design=plan.design, at=work.at, reach=company.reach)
    terms = leavings(plan, company, leaver_id, kinds=[PointKind.REDEEMABLE])
    dividing.give(membership.own_set_id, person_id=leaver_id, leavings=terms)
    if alone is not None:
        (stayer,) = plan.members_of(alone)
        dividing.give_rest(alone.own_set_id, contributor_id=stayer.customer_id)
    post_division(work, dividing, membership, kind=PostingKind.SPLIT, person_id=leaver_id)
    if alone is not None:
        close_accounts(work, [account.id for account in dividing.shared.values()])


def _begin_rest(work: Work, umbrella: Membership) -> None:
    """An ended organization's pool lived on until its last member left. Asked behind the locks of its accounts."""
    if not umbrella.current and umbrella.rests_until is None and not lives_on(umbrella):
        days = work.plan.design.program.rest_days
        work.record.alter(umbrella, rests_until=work.at + timedelta(days=days))


def _be_standard(work: Work, membership: Membership) -> None:
    """Who shared with friends only stays under the organization they may be under."""
    umbrella = work.plan.umbrella
    leaves_it = umbrella is not None and membership.pool_id == umbrella.pool_id
    work.record.alter(membership, type=MembershipType.STANDARD, pool=None)
    if leaves_it:
        stand_alone(membership, at=work.at, record=work.record)
    own = PointAccount.objects.filter(account_set=membership.own_set_id)
    reopen_accounts(work, own.values_list("pk", flat=True))


def _go_on(work: Work, group: Membership) -> None:
    """Those who stay: one alone is standard, several have the plan's main member."""
    members = open_members(group)
    if len(members) == 1:
        work.record.alter(group, type=MembershipType.STANDARD, main_member=None)
    else:
        main = next(member for member in members if member.customer_id == work.plan.main_id)
        work.record.alter(group, main_member=main)
