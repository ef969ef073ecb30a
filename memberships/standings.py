"""The rungs a membership stands on: at enrolment, by hand, and by rules (domain 1.7)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from common.actor import Actor
from common.clock import program_now
from common.db import in_program
from common.history import audit_context, create_with_history
from gateway.events import record_event
from memberships.errors import ReasonMissing, StandingRefused
from memberships.exempting import refresh_exemption as refresh_exemption
from memberships.exempting import refresh_pool_exemption as refresh_pool_exemption
from memberships.ladders import ladder_of, ladders_of
from memberships.locking import locked_memberships
from memberships.models import Membership, StandingSource, TierStanding
from memberships.moving_standings import Moved, StandingMove, move_many
from programs.design import Design, design_of
from programs.models import Tier


def stand_initially(membership: Membership, *, at: datetime) -> list[TierStanding]:
    """The lowest rung of every ladder of the program that has rungs."""
    lowest = lowest_tiers(design_of(membership.program_id))
    standings = create_with_history(initial_standing(membership, tier, at=at) for tier in lowest)
    if any(tier.exempt_from_expiry for tier in lowest):
        refresh_exemption(membership)
    return standings


def lowest_tiers(design: Design) -> list[Tier]:
    return [ladder.lowest for ladder in ladders_of(design)]


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
    """By hand: with a reason, which stays in the house, and not lowered before `until`. The members are told."""
    return _stand_by_hand(membership, tier, reason=reason, until=until, actor=actor, is_news=True)


def take_over_standing(
    membership: Membership, *, tier: Tier, reason: str, until: datetime, actor: Actor
) -> TierStanding:
    """The same for a rung the members had in another system already: no news to them."""
    return _stand_by_hand(membership, tier, reason=reason, until=until, actor=actor, is_news=False)


def _stand_by_hand(
    membership: Membership, tier: Tier, *, reason: str, until: datetime, actor: Actor, is_news: bool
) -> TierStanding:
    with in_program(membership.program_id), audit_context(actor, reason):
        (membership,) = locked_memberships([membership.pk])
        at = program_now(membership.program)
        _refuse_manual(membership, tier=tier, reason=reason, until=until, at=at)
        stood = open_standings(membership).filter(group_id=tier.group_id).select_related("tier").first()
        move = StandingMove(
            membership.pk,
            tier,
            StandingSource.MANUAL,
            reason,
            until,
            before=None if stood is None else stood.tier,
            is_news=is_news,
        )
        (moved,) = move_many([move], design=design_of(membership.program_id), at=at)
        facts = {"group": tier.group_id, "tier": tier.pk, "until": until.isoformat()}
        record_event("membership.tier_set", program_id=membership.program_id, subject_id=membership.pk, facts=facts)
        standing: TierStanding = TierStanding.objects.get(pk=moved.standing_id)
        return standing


@dataclass(frozen=True, slots=True)
class RuleStanding:
    """A rung a rule gives: `group` and `tier` are codes; not lowered before `until`; `since` its event."""

    membership_id: int
    group: str
    tier: str
    only_up: bool = True
    until: datetime | None = None
    reason: str = ""
    since: datetime | None = None


def stand_by_rule_many(wanted: Sequence[RuleStanding], *, design: Design, at: datetime, actor: Actor) -> list[Moved]:
    """Put the memberships, locked by the caller, on the rungs rules give them, in the order given; those that moved.

    None is lowered where the rule only raises or the present rung is kept by hand or agreement; the same rung again
    counts where it is kept for longer then. Raises StandingRefused.
    """
    rows = TierStanding.objects.filter(
        membership__any_of={one.membership_id for one in wanted}, ended_at__isnull=True
    ).select_related("tier")
    stood = {(row.membership_id, row.group_id): row for row in rows}
    present, moves = dict(stood), {}
    for one in wanted:
        tier = _tier_called(one, design)
        key = (one.membership_id, tier.group_id)
        since = min(one.since or at, at)
        if not _yields(present.get(key), tier, one, at=since):
            continue
        before = stood[key].tier if key in stood else None
        moves[key] = StandingMove(one.membership_id, tier, StandingSource.RULE, one.reason, one.until, before, since)
        present[key] = TierStanding(tier=tier, until=one.until, source=StandingSource.RULE)
    with in_program(design.program), audit_context(actor):
        return move_many(list(moves.values()), design=design, at=at)


def _tier_called(wanted: RuleStanding, design: Design) -> Tier:
    ladder = ladder_of(design, wanted.group)
    for tier in () if ladder is None else ladder.tiers:
        if tier.code == wanted.tier:
            return tier
    raise StandingRefused(
        f"{design.program.name} has no tier “{wanted.tier}” in the group “{wanted.group}”.",
        facts={"group": wanted.group, "tier": wanted.tier},
    )


def _yields(present: TierStanding | None, tier: Tier, wanted: RuleStanding, *, at: datetime) -> bool:
    if present is None or tier.rank > present.tier.rank:
        return True
    if tier.rank < present.tier.rank:
        return not wanted.only_up and may_lower(present, at=at)
    if present.until is None:
        return wanted.until is not None and present.agreement_id is None
    return wanted.until is not None and wanted.until > present.until


def tiers_of(membership_ids: Collection[int], *, design: Design) -> dict[int, dict[str, Tier]]:
    """Per membership the rung it stands on now, by the code of the ladder."""
    rungs = {tier.pk: tier for ladder in ladders_of(design) for tier in ladder.tiers}
    found: dict[int, dict[str, Tier]] = {pk: {} for pk in membership_ids}
    rows = TierStanding.objects.filter(membership__any_of=membership_ids, ended_at__isnull=True)
    for membership_id, tier_id in rows.values_list("membership_id", "tier_id"):
        tier = rungs[tier_id]
        found[membership_id][tier.group.code] = tier
    return found


def open_standings(membership: Membership) -> QuerySet[TierStanding]:
    return TierStanding.objects.filter(membership=membership, ended_at__isnull=True)


def may_lower(standing: TierStanding, *, at: datetime) -> bool:
    """A standing by hand or agreement is not lowered before its date; one by an agreement without end not at all."""
    if standing.until is None:
        return standing.agreement_id is None
    return at >= standing.until


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
