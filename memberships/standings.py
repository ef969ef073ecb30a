"""The rungs a membership stands on: at enrolment, and by hand (domain 1.7)."""

from collections.abc import Collection
from datetime import UTC, datetime

from django.db.models import Min, QuerySet

from common.actor import Actor
from common.clock import program_now
from common.db import in_program, lock_rows
from common.history import audit_context
from gateway.events import record_event
from memberships.errors import ReasonMissing, StandingRefused
from memberships.locking import locked_memberships
from memberships.models import Membership, MembershipType, StandingSource, TierStanding
from points.models import PointAccountSet
from programs.models import Tier, TierGroup

# A tier that exempts for as long as the membership stands on it.
OPEN_END = datetime(9999, 12, 31, tzinfo=UTC)


def stand_initially(membership: Membership, *, at: datetime, but: Collection[int] = ()) -> list[TierStanding]:
    """The lowest rung of every ladder of the program that has rungs; `but` are ladders it stands on otherwise."""
    lowest = [tier for tier in lowest_tiers(membership.program_id) if tier.group_id not in but]
    standings = [initial_standing(membership, tier, at=at) for tier in lowest]
    for standing in standings:
        standing.save()
    if any(tier.exempt_from_expiry for tier in lowest):
        refresh_exemption(membership)
    return standings


def lowest_tiers(program_id: int) -> list[Tier]:
    groups = TierGroup.objects.filter(program_id=program_id).order_by("pk")
    return [tier for group in groups if (tier := group.tiers.order_by("rank").first()) is not None]


def initial_standing(membership: Membership, tier: Tier, *, at: datetime) -> TierStanding:
    """Not saved."""
    return TierStanding(
        membership=membership,
        program_id=membership.program_id,
        group_id=tier.group_id,
        tier=tier,
        since=at,
        source=StandingSource.INITIAL,
    )


def set_standing(membership: Membership, *, tier: Tier, reason: str, until: datetime, actor: Actor) -> TierStanding:
    """By hand: with a reason, and not lowered before `until`."""
    with in_program(membership.program_id), audit_context(actor, reason):
        (membership,) = locked_memberships([membership.pk])
        at = program_now(membership.program)
        _refuse_manual(membership, tier=tier, reason=reason, until=until, at=at)
        for old in open_standings(membership).filter(group_id=tier.group_id):
            old.ended_at = at
            old.save()
        standing = TierStanding.objects.create(
            membership=membership,
            program_id=membership.program_id,
            group_id=tier.group_id,
            tier=tier,
            since=at,
            until=until,
            source=StandingSource.MANUAL,
            reason=reason,
        )
        refresh_exemption(membership)
        facts = {"group": tier.group_id, "tier": tier.pk, "until": until.isoformat()}
        record_event("membership.tier_set", program_id=membership.program_id, subject_id=membership.pk, facts=facts)
        return standing


def open_standings(membership: Membership) -> QuerySet[TierStanding]:
    return TierStanding.objects.filter(membership=membership, ended_at__isnull=True)


def may_lower(standing: TierStanding, *, at: datetime) -> bool:
    """A standing by hand or agreement is not lowered before its date; one by an agreement without end not at all."""
    if standing.until is None:
        return standing.agreement_id is None
    return at >= standing.until


def refresh_exemption(membership: Membership) -> None:
    """Tell the own set until when its points do not expire, by the tiers the membership stands on; then its pool."""
    exempting = open_standings(membership).filter(tier__exempt_from_expiry=True)
    until = max((standing.until or OPEN_END for standing in exempting), default=None)
    PointAccountSet.objects.filter(pk=membership.own_set_id).update(exempt_until=until)
    if membership.pool_id is not None:
        refresh_pool_exemption(membership.pool_id, one_is_not=until is None)


def refresh_pool_exemption(pool_id: int, *, one_is_not: bool = False) -> None:
    """A pool is exempt only while all its members are: until the first of their exemptions ends.

    Two members' standings may change at once: whoever comes second waits for the set, then reads the first. With
    `one_is_not` a member is known who is not exempt; thousands of others need not be asked then.
    """
    (pool,) = lock_rows(PointAccountSet.objects.filter(pk=pool_id))
    if one_is_not:
        if pool.exempt_until is not None:
            PointAccountSet.objects.filter(pk=pool_id).update(exempt_until=None)
        return
    sharing = Membership.objects.filter(pool=pool_id, current=True, type=MembershipType.SHARED)
    # One who is not exempt is enough, and soon found among many.
    until = None
    if not sharing.filter(own_set__exempt_until__isnull=True).exists():
        until = sharing.aggregate(first=Min("own_set__exempt_until"))["first"]
    PointAccountSet.objects.filter(pk=pool_id).update(exempt_until=until)


def _refuse_manual(membership: Membership, *, tier: Tier, reason: str, until: datetime, at: datetime) -> None:
    if not reason.strip():
        raise ReasonMissing("A tier given by hand needs a reason.")
    if not membership.current:
        raise StandingRefused("The membership has ended.", facts={"membership": membership.pk})
    if tier.group.program_id != membership.program_id:
        raise StandingRefused("The tier belongs to another program.", facts={"tier": tier.pk})
    if until <= at:
        raise StandingRefused(
            "The date until which the tier is kept must lie ahead.", facts={"until": until.isoformat()}
        )
