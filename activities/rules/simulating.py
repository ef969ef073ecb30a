"""What rules would have done to past activities: decided like the real thing, written nowhere (domain 1.11).

Facts are loaded as processing loads them: tiers of the event's time, points that could be spent then, attributes and
labels of today. Caps are counted from the first activity looked at; budgets begin whole.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import islice

from activities.models import ActivityStatus, MemberActivity, RewardRule, RuleVersion
from activities.rules.compiled import CompiledRule, Timeline, needs, timeline_of, timeline_with
from activities.rules.deciding import NOTHING, Decision, Effect, carry_forward, decide, points_of
from activities.rules.definition import read_definition
from activities.rules.errors import RuleFailed
from activities.rules.facts import ActivityFacts, MemberState, Use, UseKey
from activities.rules.loading import Shared, activity_facts, load_states
from activities.rules.naming import named
from activities.rules.telling import sentence, told_of_decided
from memberships.models import Membership
from programs.design import Design, design_of
from programs.models import Program

MOST_SHOWN = 20
AT_ONCE = 1_000
DECIDED = (ActivityStatus.PROCESSED, ActivityStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Simulation:
    """Of `looked` activities in the period `matched` had an effect of the rules simulated.

    Points by code of the point type: `points` those rules gave, `total` all rules with them in place, `released` the
    rules in force without them; all decided alike on the same activities. `capped` effects were cut. `failures` are
    the first of `failed` (activity, why); `memberships` (id, number, points) those they gave or took most;
    `samples` (activity, sentence). `is_part`: there was more than the limit.
    """

    looked: int
    matched: int
    points: dict[str, int]
    total: dict[str, int]
    released: dict[str, int]
    capped: int
    failed: int
    failures: tuple[tuple[int, str], ...]
    memberships: tuple[tuple[int, str, dict[str, int]], ...]
    samples: tuple[tuple[int, str], ...]
    is_part: bool


@dataclass
class _Side:
    """One set of rules with what its caps and budgets have counted so far."""

    timeline: Timeline
    uses: dict[UseKey, Use] = field(default_factory=dict)
    budgets: dict[int, int | None] = field(default_factory=dict)

    def rules(self, activity: ActivityFacts) -> tuple[CompiledRule, ...]:
        found = self.timeline.of_type(activity.at, activity.type)
        for rule in found:
            if rule.campaign_id is not None:
                self.budgets.setdefault(rule.campaign_id, rule.budget)
        return found

    def decide(self, state: MemberState, activity: ActivityFacts) -> Decision:
        """Raises RuleFailed."""
        own = replace(state, uses=self.uses, budgets=self.budgets)
        decision = decide(own, activity, self.rules(activity))
        carry_forward(decision, self.uses, self.budgets)
        return decision


@dataclass
class _Tally:
    design: Design
    tried: frozenset[int]
    looked: int = 0
    matched: int = 0
    capped: int = 0
    failed: int = 0
    points: Counter[str] = field(default_factory=Counter)
    total: Counter[str] = field(default_factory=Counter)
    released: Counter[str] = field(default_factory=Counter)
    by_membership: dict[int, Counter[str]] = field(default_factory=dict)
    failures: list[tuple[int, str]] = field(default_factory=list)
    samples: list[tuple[int, str]] = field(default_factory=list)

    def count(self, activity: MemberActivity, decision: Decision) -> None:
        _add(self.total, decision.effects)
        effects = [one for one in decision.effects if one.rule.rule_id in self.tried]
        if not effects:
            return
        self.matched += 1
        self.capped += sum("limit" in one.because for one in effects)
        _add(self.points, effects)
        _add(self.by_membership.setdefault(activity.membership_id, Counter()), effects)
        for effect in effects:
            if len(self.samples) < MOST_SHOWN:
                told = told_of_decided(effect, unit=self._unit(effect))
                self.samples.append((activity.pk, sentence(named(told, self.design))))

    def fail(self, activity: MemberActivity, failed: RuleFailed) -> None:
        self.failed += 1
        if len(self.failures) < MOST_SHOWN:
            self.failures.append((activity.pk, failed.message))

    def _unit(self, effect: Effect) -> str:
        return self.design.by_code[effect.point_type].name if effect.point_type else ""

    def result(self, *, is_part: bool) -> Simulation:
        most = sorted(self.by_membership.items(), key=lambda one: (-sum(map(abs, one[1].values())), one[0]))
        shown = most[:MOST_SHOWN]
        numbers = dict(Membership.objects.filter(pk__in=[pk for pk, _ in shown]).values_list("pk", "number"))
        return Simulation(
            looked=self.looked,
            matched=self.matched,
            points=dict(self.points),
            total=dict(self.total),
            released=dict(self.released),
            capped=self.capped,
            failed=self.failed,
            failures=tuple(self.failures),
            memberships=tuple((pk, numbers[pk], dict(points)) for pk, points in shown),
            samples=tuple(self.samples),
            is_part=is_part,
        )


def simulate(
    program: Program, *, definitions: Sequence[RewardRule], since: datetime, until: datetime, limit: int = 10_000
) -> Simulation:
    """Over the activities from `since` until just before `until`, in the order of their events.

    `definitions` are rules as they stand or as they are typed, saved or not; whatever days they and their campaigns
    are for, they count over the whole period. Raises RuleRefused where one can't be compiled.
    """
    design = design_of(program.pk, fresh=True)
    drafts = [_draft(rule, place, design) for place, rule in enumerate(definitions, 1)]
    types = {code for row in drafts for code in row.definition["activity_types"]}
    tried, standing = _Side(timeline_with(design, drafts)), _Side(timeline_of(design))
    tally = _Tally(design, frozenset(row.rule_id for row in drafts))
    found = _activities(program, types, since, until, limit + 1)
    while batch := list(islice(found, min(AT_ONCE, limit - tally.looked))):
        tally.looked += len(batch)
        for activity, facts, state in _loaded(batch, (tried, standing), design):
            try:
                tally.count(activity, tried.decide(state, facts))
            except RuleFailed as failed:
                tally.fail(activity, failed)
            _add(tally.released, _former(standing, state, facts).effects)
    return tally.result(is_part=next(found, None) is not None)


def _draft(rule: RewardRule, place: int, design: Design) -> RuleVersion:
    """A version as its release would make it, kept nowhere. A rule that is not saved gets a number below zero."""
    read_definition(rule.definition, design=design)
    own = copy(rule)
    own.pk = rule.pk or -place
    return RuleVersion(
        pk=-place,
        rule=own,
        program_id=design.program.pk,
        version=(rule.released or 0) + 1,
        name=rule.name,
        priority=rule.priority,
        definition=rule.definition,
    )


def _activities(
    program: Program, types: set[str], since: datetime, until: datetime, most: int
) -> Iterator[MemberActivity]:
    rows = MemberActivity.objects.filter(
        program=program,
        type__code__in=types,
        type__program=program,
        status__in=DECIDED,
        occurred_at__gte=since,
        occurred_at__lt=until,
    )
    return rows.order_by("occurred_at", "pk")[:most].iterator(chunk_size=AT_ONCE)


def _loaded(
    batch: Sequence[MemberActivity], sides: Sequence[_Side], design: Design
) -> Iterator[tuple[MemberActivity, ActivityFacts, MemberState]]:
    """Facts and states for every rule that either side asks."""
    bare = activity_facts(batch, design=design, with_items=False)
    asked = needs({rule for facts in bare.values() for side in sides for rule in side.rules(facts)})
    facts = activity_facts(batch, design=design, with_items=True) if asked.items else bare
    ids = {one.membership_id for one in batch}
    memberships = Membership.objects.select_related("main_member").in_bulk(ids)
    states = load_states(batch, memberships, design=design, needs=asked, shared=Shared({}, {}))
    for activity in batch:
        yield activity, facts[activity.pk], states[activity.pk]


def _former(standing: _Side, state: MemberState, facts: ActivityFacts) -> Decision:
    try:
        return standing.decide(state, facts)
    except RuleFailed:
        return NOTHING


def _add(counter: Counter[str], effects: Sequence[Effect]) -> None:
    for code, points in points_of(effects).items():
        counter[code] += points
