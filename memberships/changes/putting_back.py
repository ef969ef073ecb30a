"""What an undo does: rows and points go back to what they were before the change (domain 1.9)."""

from collections.abc import Iterable, Iterator, Sequence

from django.db.models import Max

from common.db import lock_rows
from gateway.events import record_event
from memberships.changes.errors import NotUndoable
from memberships.changes.plan import Work
from memberships.changes.putting_back_cards import return_cards
from memberships.changes.putting_back_rows import carry_suspensions, close_made, restore_rows
from memberships.changes.record import altered_rows, made_ids
from memberships.changes.undo_rules import agreements_left, involved_ids, refuse_undo
from memberships.inheritance import end_inheritance
from memberships.models import (
    ChangeKind,
    ChangeStatus,
    InheritedAgreement,
    Member,
    Membership,
    MembershipChange,
    MembershipType,
    OrganizationAgreement,
)
from memberships.registrations import withdraw_with
from memberships.standings import refresh_exemption
from memberships.types import type_of
from points.expiry import Expired
from points.models import Hold, HoldStatus, PointAccount, PointAccountSet
from points.moves import Cause
from points.restoring import Undone, Way, restore
from points.uniting import part_lifetimes
from programs.models import PointKind


def undo_change(work: Work) -> None:
    """Back to before the change that `work.change` undoes; that becomes undone. Raises NotUndoable, HoldTooLarge."""
    original = _locked(work.change)
    _lock_agreements(original)
    refuse_undo(original, at=work.at, by=work.change)
    before = _before(original)
    ways = list(_ways(work, original, before))
    close_made(work, original)
    restore_rows(work, original)
    _end_agreements(work, original)
    return_cards(work, original)
    carry_suspensions(work, original)
    _go_on_since(work, original, ways)
    nobodys = _joined_pool(original) or _sets_of(work, before[original.prime_id])
    _restore_points(work, original, ways, nobodys)
    _place_holds(work, original)
    for membership in Membership.objects.filter(pk__in=involved_ids(original), current=True).order_by("pk"):
        refresh_exemption(membership)
    withdraw_with(original, at=work.at)
    original.status = ChangeStatus.UNDONE
    original.version += 1
    original.save()
    work.change.result_id = original.prime_id
    facts = {"kind": str(original.kind), "by": work.change.pk, "posting": work.change.posting_id}
    record_event("change.undone", program_id=original.program_id, subject_id=original.pk, facts=facts)


def _locked(change: MembershipChange) -> MembershipChange:
    """Behind the memberships' locks, whichever way the undo came: two at once wait for each other there."""
    rows: list[MembershipChange] = lock_rows(
        MembershipChange.objects.select_related("program").filter(pk=change.undoes_id)
    )
    if not rows:
        raise NotUndoable("There is no such change.", facts={"change": change.undoes_id})
    return rows[0]


def _lock_agreements(original: MembershipChange) -> None:
    """Of two who come back to the last place under an agreement one finds it taken."""
    left = InheritedAgreement.objects.filter(pk__in=agreements_left(original))
    lock_rows(OrganizationAgreement.objects.filter(pk__in=left.values("agreement")))


def _before(original: MembershipChange) -> dict[int, Membership]:
    """The memberships that took part, with the type and pool they had."""
    made = set(made_ids(original.outcome, "memberships.Membership"))
    wanted = [pk for pk in involved_ids(original) if pk not in made]
    found = {one.pk: one for one in Membership.objects.filter(pk__in=wanted).order_by("pk")}
    for pk, before, _ in reversed(altered_rows(original.outcome, "memberships.Membership")):
        for name in before.keys() & {"type", "pool_id"}:
            if pk in found:
                setattr(found[pk], name, before[name])
    return found


def _ways(work: Work, original: MembershipChange, before: dict[int, Membership]) -> Iterator[Way]:
    """Where the points of everyone who took part stood before, and where they stand now."""
    made = made_ids(original.outcome, "memberships.Member")
    ended = [pk for pk, _, after in altered_rows(original.outcome, "memberships.Member") if after.get("ended_at")]
    members = Member.objects.filter(membership__in=before).exclude(pk__in=made).order_by("membership_id", "pk")
    people: dict[int, list[int]] = {pk: [] for pk in before}
    for pk, membership_id, customer_id, ended_at in members.values_list(
        "pk", "membership_id", "customer_id", "ended_at"
    ):
        if ended_at is None or pk in ended:
            people[membership_id].append(customer_id)
    homes = _homes(original, [customer_id for found in people.values() for customer_id in found])
    for pk, membership in before.items():
        survivor = _survivor(pk)
        everyone: list[int | None] = [*people[pk]]
        for person_id in everyone or [None]:
            home = homes.get(person_id, survivor)
            for point_type in work.plan.design.point_types.values():
                stood = type_of(membership.type).account_set_for(membership, point_type)
                stands = type_of(home.type).account_set_for(home, point_type)
                yield Way(point_type.pk, stood, stands, person_id)
    for pool_id in _joined_pool(original):
        for point_type in work.plan.design.point_types.values():
            if point_type.kind == PointKind.REDEEMABLE:
                yield Way(point_type.pk, pool_id, pool_id)


def _joined_pool(original: MembershipChange) -> frozenset[int]:
    """The organization's pool that the change brought somebody into: what is not theirs stays there."""
    if original.kind != ChangeKind.JOIN or original.result_type != MembershipType.SHARED:
        return frozenset()
    umbrella = original.secondary
    return frozenset() if umbrella is None or umbrella.pool_id is None else frozenset({umbrella.pool_id})


def _end_agreements(work: Work, original: MembershipChange) -> None:
    """What was applied again since the person joined: they stand under no organization any more."""
    for membership in Membership.objects.filter(pk__in=involved_ids(original), organization_membership__isnull=True):
        end_inheritance(membership, at=work.at, record=work.record)


def _homes(original: MembershipChange, customers: Iterable[int]) -> dict[int | None, Membership]:
    """Where each of them takes part now."""
    members = Member.objects.filter(
        program_id=original.program_id, customer__in=list(customers), current=True, ended_at__isnull=True
    )
    return {member.customer_id: member.membership for member in members.select_related("membership")}


def _survivor(membership_id: int) -> Membership:
    """The membership, or the one it went into."""
    membership: Membership = Membership.objects.get(pk=membership_id)
    while not membership.current and membership.superseded_by is not None:
        membership = membership.superseded_by
    return membership


def _sets_of(work: Work, membership: Membership) -> frozenset[int]:
    kind = type_of(membership.type)
    return frozenset(kind.account_set_for(membership, one) for one in work.plan.design.point_types.values())


def _go_on_since(work: Work, original: MembershipChange, ways: Sequence[Way]) -> None:
    """What anybody did in between keeps everyone's points alive that it kept alive then."""
    lands = {way.after_set_id for way in ways}
    active = PointAccount.objects.filter(account_set__in=lands, last_activity_at__gte=original.carried_out_at)
    latest = dict(active.values_list("account_set").annotate(last=Max("last_activity_at")))
    moved = [way for way in ways if way.before_set_id != way.after_set_id and way.after_set_id in latest]
    for before_id in sorted({way.before_set_id for way in moved}):
        account_set = PointAccountSet.objects.get(pk=before_id)
        times = [latest[way.after_set_id] for way in moved if way.before_set_id == before_id]
        known = [] if account_set.activity_at is None else [account_set.activity_at]
        work.record.alter(account_set, activity_at=max([*times, *known]))


def _restore_points(work: Work, original: MembershipChange, ways: Sequence[Way], prime_set_ids: frozenset[int]) -> None:
    if original.carried_out_at is None:
        raise NotUndoable("It was not carried out.", facts={"change": original.pk})
    if original.terms.get("row") == "one_person" and original.secondary is not None:
        _part_figures(original.secondary, ways)
    undone = Undone(Cause("change", original.pk), original.posting_id, original.carried_out_at, prime_set_ids)
    restored = restore(
        ways,
        undone,
        design=work.plan.design,
        for_set_id=original.prime.own_set_id,
        cause=Cause("change", work.change.pk),
        at=work.at,
        actor=work.actor,
    )
    work.change.posting_id = restored.posted.id if restored.posted else None
    if restored.expired:
        work.record.note(expired=_by_type(work, restored.expired))


def _by_type(work: Work, expired: Sequence[Expired]) -> list[list[object]]:
    """[point type, points] of what came back past its time."""
    types = dict(
        PointAccount.objects.filter(pk__in=[one.account_id for one in expired]).values_list("pk", "point_type_id")
    )
    codes = {pk: one.code for pk, one in work.plan.design.point_types.items()}
    return [[codes[types[one.account_id]], one.points] for one in expired]


def _place_holds(work: Work, original: MembershipChange) -> None:
    """Open holds that were placed for a membership the change made: what captures them acts for who placed them."""
    made = made_ids(original.outcome, "memberships.Membership")
    placed = list(Hold.objects.filter(for_set__membership__in=made, status=HoldStatus.OPEN).order_by("pk"))
    homes = _homes(original, [hold.person_id for hold in placed if hold.person_id is not None])
    for hold in placed:
        work.record.alter(hold, for_set_id=homes.get(hold.person_id, original.prime).own_set_id)


def _part_figures(source: Membership, ways: Iterable[Way]) -> None:
    """The lifetime figures of the second record were added to the first one's."""
    part_lifetimes(
        [
            (way.point_type_id, way.before_set_id, way.after_set_id)
            for way in ways
            if way.before_set_id == source.own_set_id
        ]
    )
