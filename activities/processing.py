"""Process activities by the rules of their time (domain 1.11): the one path of online, queued and repeated ones.

A wave holds activities of one program in which every membership occurs once: locked together, read together, decided
each by itself, written together. What stops one of them - a rule that fails, a membership that may not earn - leaves
the others as they are.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.db import DatabaseError, transaction

from activities.claimed import already_claimed
from activities.finishing import failed, finish, processed, refused, rules_that_stopped
from activities.models import MemberActivity, PointFlow
from activities.rules.applying import apply_wave
from activities.rules.compiled import CompiledRule, needs, rules_again, rules_for
from activities.rules.consequences import climb
from activities.rules.deciding import NOTHING, carry_forward, decide
from activities.rules.errors import RuleFailed
from activities.rules.keeping import keep_alive, wake
from activities.rules.loading import activity_facts, load_states, lock_shared
from activities.rules.posting import credit_directly, lock_points
from activities.rules.wave import Decided, Processed
from activities.types import type_by_id
from common import clock
from common.actor import Actor
from common.db import TRANSIENT, in_program, sqlstate
from common.errors import LoyaltyError
from common.history import audit_context
from memberships.able import reason_against, require_able
from memberships.errors import MembershipEnded, NotAMember
from memberships.locking import locked_memberships
from memberships.models import Member, Membership
from points.drafts import Posted
from programs.design import Design, design_of

Rules = tuple[CompiledRule, ...]


@dataclass(slots=True)
class Wave:
    """Activities under the locks of their memberships."""

    design: Design
    actor: Actor
    now: datetime
    memberships: Mapping[int, Membership]
    members: Mapping[tuple[int, int], Member]
    results: dict[int, Processed] = field(default_factory=dict)

    def home_of(self, one: MemberActivity) -> Membership:
        return self.memberships[one.membership_id]

    def member_of(self, one: MemberActivity) -> Member | None:
        return self.members.get((one.membership_id, one.customer_id)) if one.customer_id else None

    def rules_of(self, one: MemberActivity) -> Rules:
        """Those of the event's time, but for what stopped it before; none for who redeemed and may not earn."""
        type_ = type_by_id(self.design, one.type_id)
        if type_.flow == PointFlow.REDEEM and reason_against(
            self.home_of(one), "earn", self.design, member=self.member_of(one)
        ):
            return ()
        stopped_by = rules_that_stopped(one)
        if stopped_by:
            return rules_again(self.design, one.occurred_at, type_.code, stopped_by=stopped_by, now=self.now)
        return rules_for(self.design, one.occurred_at, type_.code)


def process(
    wave: Sequence[MemberActivity],
    *,
    actor: Actor,
    design: Design | None = None,
    memberships: Mapping[int, Membership] | None = None,
) -> dict[int, Processed]:
    """By id what became of each activity, in the wave's order.

    The activities were received or have failed; those not stored yet are stored as they end. Who calls it from a
    transaction may hand over the `memberships` it has locked FOR NO KEY UPDATE. Raises what a retry may cure.
    """
    if not wave:
        return {}
    program_id = wave[0].program_id
    with in_program(program_id), audit_context(actor):
        design = design or design_of(program_id)
        if memberships is None:
            memberships = {one.pk: one for one in locked_memberships({one.membership_id for one in wave})}
        members = _members_of(memberships)
        under_way = Wave(design, actor, clock.program_now(design.program), memberships, members)
        claimed = already_claimed(wave, design=design)
        able = [one for one in wave if not _is_refused(one, under_way, claimed)]
        wake(able, memberships, design=design, actor=actor)
        _carry_out(able, under_way)
        results = {one.pk: under_way.results[one.pk] for one in wave}
        finish(list(results.values()), design=design, now=under_way.now)
        return results


def _members_of(memberships: Mapping[int, Membership]) -> dict[tuple[int, int], Member]:
    """Who takes part now, by membership and customer; each group knows its main member then."""
    rows = Member.objects.filter(membership__any_of=memberships, ended_at__isnull=True)
    found = {(one.membership_id, one.customer_id): one for one in rows}
    for one in found.values():
        home = memberships[one.membership_id]
        if home.main_member_id == one.pk:
            home.main_member = one
    return found


def _is_refused(one: MemberActivity, wave: Wave, claimed: Mapping[int, LoyaltyError]) -> bool:
    """Whoever may not earn does nothing that rules could reward, and a receipt earns once; the reason is kept with the
    activity."""
    try:
        if one.pk in claimed:
            raise claimed[one.pk]
        _require_able(one, wave)
    except LoyaltyError as error:
        wave.results[one.pk] = refused(one, error, design=wave.design)
        return True
    return False


def _require_able(one: MemberActivity, wave: Wave) -> None:
    if one.posting_id is not None:
        # What it earns or redeems by figures was asked and posted.
        return
    membership, member = wave.home_of(one), wave.member_of(one)
    if not membership.current:
        raise MembershipEnded(f"{membership.number} has ended.", facts={"membership": membership.pk})
    if one.customer_id is not None and member is None:
        raise NotAMember(
            f"Customer {one.customer_id} is no current member of {membership.number}.",
            facts={"membership": membership.pk, "member": one.customer_id},
        )
    require_able(membership, "earn", wave.design, member=member)


def _carry_out(activities: Sequence[MemberActivity], wave: Wave) -> None:
    """All together; where something refuses them, each by itself, so that only those fail that must."""
    if not activities:
        return
    error = _attempt(lambda: _together(activities, wave))
    if error is None:
        return
    if len(activities) == 1:
        _give_up(activities[0], error, wave)
        return
    for one in activities:
        _carry_out([one], wave)


def _give_up(one: MemberActivity, error: Exception, wave: Wave) -> None:
    """Points that a channel credits by figures ask no rule, so they stay."""
    directly: dict[int, Posted] = {}
    also = _attempt(
        lambda: directly.update(credit_directly([one], wave.memberships, design=wave.design, actor=wave.actor))
    )
    wave.results[one.pk] = failed(one, also or error, design=wave.design, directly=directly.get(one.pk))


def _attempt(step: Callable[[], None]) -> Exception | None:
    """Do it, or nothing of it; what a retry of the whole transaction may cure is raised."""
    try:
        with transaction.atomic():
            step()
    except LoyaltyError as error:
        return error
    except DatabaseError as error:
        if sqlstate(error) in TRANSIENT:
            raise
        return error
    return None


def _together(activities: Sequence[MemberActivity], wave: Wave) -> None:
    design, actor = wave.design, wave.actor
    directly = credit_directly(activities, wave.memberships, design=design, actor=actor)
    rules = {one.pk: wave.rules_of(one) for one in activities}
    decided, failures = _decide(activities, rules, wave)
    postings = apply_wave(decided, design=design, actor=actor, now=wave.now)
    climb(decided, directly, design=design, actor=actor)
    keep_alive(activities, wave.memberships, postings, design=design, actor=actor)
    for one in decided:
        pk = one.activity.pk
        wave.results[pk] = processed(one, postings.get(pk), design=design, directly=directly.get(pk))
    for activity, failure in failures:
        wave.results[activity.pk] = failed(activity, failure, design=design, directly=directly.get(activity.pk))


def _decide(
    activities: Sequence[MemberActivity], rules: Mapping[int, Rules], wave: Wave
) -> tuple[list[Decided], list[tuple[MemberActivity, RuleFailed]]]:
    """One after the other, each with what those before it left of shared caps and budgets."""
    design, asked = wave.design, {id(one): one for one in rules.values()}
    # Most activities of a wave ask the same rules.
    every = tuple(dict.fromkeys(rule for one in asked.values() for rule in one))
    wanted = needs(every)
    ruled = [one for one in activities if rules[one.pk]]
    if wanted.points or wanted.program_uses or wanted.budgets:
        lock_points([wave.home_of(one) for one in ruled], design=design)
    shared = lock_shared(wanted, every, ruled, design=design)
    states = load_states(ruled, wave.memberships, design=design, needs=wanted, shared=shared)
    facts = activity_facts(ruled, design=design, with_items=wanted.items)
    decided: list[Decided] = []
    failures: list[tuple[MemberActivity, RuleFailed]] = []
    for one in sorted(activities, key=lambda one: (one.occurred_at, one.pk)):
        decision = NOTHING
        try:
            if rules[one.pk]:
                decision = decide(states[one.pk], facts[one.pk], rules[one.pk])
        except RuleFailed as failure:
            failures.append((one, failure))
            continue
        carry_forward(decision, shared.uses, shared.budgets)
        decided.append(Decided(one, type_by_id(design, one.type_id), wave.home_of(one), decision))
    return decided, failures
