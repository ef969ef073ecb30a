"""The rules in force at a time, compiled once for each version of a program's design."""

from bisect import bisect_right
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache

from activities.models import CampaignStatus, CapScope, Eligibility, GroupMode, RuleVersion
from activities.rules.definition import Definition, read_definition
from activities.rules.errors import RuleFailed, RuleRefused
from programs.design import Design
from programs.expiry import end_of_day, start_of_day


@dataclass(frozen=True, eq=False)
class CompiledRule:
    """A version in force. `definition` is None where it can't be read any more: `broken` says why."""

    rule_id: int
    version_id: int
    version: int
    code: str
    name: str
    group_id: int
    exclusive: bool
    activity_types: frozenset[str]
    definition: Definition | None
    broken: str = ""
    campaign_id: int | None = None
    eligibility: str | None = None
    label: str = ""
    budget: int | None = None

    @cached_property
    def limited(self) -> bool:
        """Whether a cap or a campaign may say that it gives less."""
        return self.campaign_id is not None or self.definition is None or bool(self.definition.caps)

    def sound(self) -> Definition:
        if self.definition is None:
            raise RuleFailed("broken_rule", self.broken)
        return self.definition


@dataclass(frozen=True, slots=True)
class Needs:
    """What rules ask for, so that the rest is not loaded. `points` are codes of point types; `campaigns` ids of those
    with a list or opt-in, `budgets` of those with a budget, `program_uses` ids of rules capped over the program."""

    points: frozenset[str] = frozenset()
    attributes: bool = False
    labels: bool = False
    member: bool = False
    items: bool = False
    uses: bool = False
    tiers: bool = False
    campaigns: frozenset[int] = frozenset()
    budgets: frozenset[int] = frozenset()
    program_uses: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class InForce:
    """A version with the time it is in force, half-open; it is compiled when first asked for."""

    row: RuleVersion
    since: datetime
    until: datetime

    @property
    def order(self) -> tuple[int, int, int, int]:
        rule = self.row.rule
        return rule.group.rank, rule.group_id, -self.row.priority, rule.pk


@dataclass
class Timeline:
    """Between two `bounds` the same versions are in force."""

    design: Design
    versions: list[InForce]
    bounds: list[datetime]
    _compiled: dict[int, CompiledRule] = field(default_factory=dict)
    _spans: dict[int, tuple[CompiledRule, ...]] = field(default_factory=dict)
    _of_type: dict[tuple[int, str], tuple[CompiledRule, ...]] = field(default_factory=dict)

    def at(self, at: datetime) -> tuple[CompiledRule, ...]:
        return self._span(bisect_right(self.bounds, at), at)

    def of_type(self, at: datetime, type_code: str) -> tuple[CompiledRule, ...]:
        span = bisect_right(self.bounds, at)
        found = self._of_type.get((span, type_code))
        if found is None:
            found = tuple(rule for rule in self._span(span, at) if type_code in rule.activity_types)
            self._of_type[span, type_code] = found
        return found

    def every(self) -> list[CompiledRule]:
        """All versions that are in force at some time."""
        return [self._rule(one.row) for one in self.versions]

    def _span(self, span: int, at: datetime) -> tuple[CompiledRule, ...]:
        found = self._spans.get(span)
        if found is None:
            due = sorted((one for one in self.versions if one.since <= at < one.until), key=lambda one: one.order)
            found = self._spans[span] = tuple(self._rule(one.row) for one in due)
        return found

    def _rule(self, row: RuleVersion) -> CompiledRule:
        if row.pk not in self._compiled:
            self._compiled[row.pk] = compile_version(row, self.design)
        return self._compiled[row.pk]


def rules_at(design: Design, at: datetime) -> tuple[CompiledRule, ...]:
    """The rules of that time, by group rank and priority."""
    return timeline_of(design).at(at)


def rules_for(design: Design, at: datetime, type_code: str) -> tuple[CompiledRule, ...]:
    """Those of them that ask for activities of the type."""
    return timeline_of(design).of_type(at, type_code)


def rules_again(
    design: Design, at: datetime, type_code: str, *, stopped_by: Collection[str], now: datetime
) -> tuple[CompiledRule, ...]:
    """Those of that time for what some of them stopped before: these as they stand now, or not at all if retired."""
    today = {one.code: one for one in rules_for(design, now, type_code)}
    asked = (today.get(one.code) if one.code in stopped_by else one for one in rules_for(design, at, type_code))
    return tuple(one for one in asked if one is not None)


def compile_version(row: RuleVersion, design: Design) -> CompiledRule:
    """With `rule`, `rule.group` and `rule.campaign.label` read; one that can't be compiled any more is marked so."""
    definition, broken = None, ""
    try:
        definition = read_definition(row.definition, design=design)
    except RuleRefused as refused:
        broken = f"The rule can't be applied any more: {refused.message}"
    rule, campaign = row.rule, row.rule.campaign
    types = row.definition.get("activity_types", ()) if isinstance(row.definition, dict) else ()
    return CompiledRule(
        rule_id=rule.pk,
        version_id=row.pk,
        version=row.version,
        code=rule.code,
        name=row.name,
        group_id=rule.group_id,
        exclusive=rule.group.mode == GroupMode.EXCLUSIVE,
        activity_types=definition.activity_types if definition else frozenset(map(str, types)),
        definition=definition,
        broken=broken,
        campaign_id=rule.campaign_id,
        eligibility=campaign.eligibility if campaign else None,
        label=campaign.label.code if campaign and campaign.label else "",
        budget=campaign.point_budget if campaign else None,
    )


def timeline_of(design: Design) -> Timeline:
    found = design.derived.get("rules")
    if not isinstance(found, Timeline):
        found = design.derived["rules"] = _load(design)
    return found


def _load(design: Design) -> Timeline:
    rows = RuleVersion.objects.filter(program=design.program).select_related(
        "retirement", "rule__group", "rule__campaign__label"
    )
    versions = [one for row in rows if (one := _in_force(row, design)) is not None]
    return Timeline(design, versions, _bounds(versions))


BEGINNING = datetime(1, 1, 2, tzinfo=UTC)
END = datetime(9999, 12, 30, tzinfo=UTC)


def timeline_with(design: Design, drafts: Sequence[RuleVersion]) -> Timeline:
    """The same with drafts in place of the versions of their rules, at any time."""
    replaced = {row.rule_id for row in drafts}
    versions = [one for one in timeline_of(design).versions if one.row.rule_id not in replaced]
    versions += [InForce(row, BEGINNING, END) for row in drafts]
    return Timeline(design, versions, _bounds(versions))


def _bounds(versions: Iterable[InForce]) -> list[datetime]:
    return sorted({end for one in versions for end in (one.since, one.until)})


def _in_force(row: RuleVersion, design: Design) -> InForce | None:
    """None: never. A rule of a campaign is in force on its days, while it runs."""
    since, until = [row.released_at], [END]
    if retirement := getattr(row, "retirement", None):
        until.append(retirement.retired_at)
    campaign = row.rule.campaign
    if campaign is not None and campaign.status != CampaignStatus.RUNNING:
        return None
    for period in (row, campaign):
        if period is not None and period.valid_from:
            since.append(start_of_day(period.valid_from, design.zone))
        if period is not None and period.valid_until:
            until.append(end_of_day(period.valid_until, design.zone))
    return InForce(row, max(since), min(until)) if max(since) < min(until) else None


def needs(rules: Iterable[CompiledRule]) -> Needs:
    """What these rules ask for at all."""
    return _needs(tuple(rules))


@lru_cache(maxsize=512)
def _needs(rules: Sequence[CompiledRule]) -> Needs:
    sound = [(rule, rule.definition) for rule in rules if rule.definition is not None]
    actions = [action for _, definition in sound for action in definition.actions]
    reads = {path for _, definition in sound for path in definition.reads}
    roots = {path[0] for path in reads}
    computed = any(one.do == "own" for one in actions)
    listed = (Eligibility.LIST, Eligibility.OPT_IN)
    return Needs(
        points=frozenset(path[1] for path in reads if path[0] == "points").union(*(one.points_read for one in actions)),
        attributes=bool(roots & {"attributes", "given"}) or any(one.attributes_read for one in actions),
        labels="labels" in roots
        or any(one.labels_read for one in actions)
        or any(rule.eligibility == Eligibility.LABEL for rule in rules),
        member=computed or any(path[0] == "member" and path[1] in OF_PERSON for path in reads),
        items=computed or ("activity", "items") in reads or any(one.items_read for one in actions),
        uses=any(definition.caps for _, definition in sound),
        tiers=bool(roots & {"tier", "rank"}) or any(one.tiers_read for one in actions),
        campaigns=frozenset(one.campaign_id for one in rules if one.campaign_id and one.eligibility in listed),
        budgets=frozenset(one.campaign_id for one in rules if one.campaign_id and one.budget is not None),
        program_uses=frozenset(
            rule.rule_id for rule, definition in sound if any(c.scope == CapScope.PROGRAM for c in definition.caps)
        ),
    )


OF_PERSON = ("birth_month", "birth_day", "birthday_today", "language")
