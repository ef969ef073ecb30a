"""Write what was decided for a wave: postings, effects, what caps and budgets count, and everything that follows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection

from activities.rules import sql
from activities.rules.consequences import follow
from activities.rules.deciding import Effect
from activities.rules.facts import NOT_USED, Use, UseKey
from activities.rules.posting import post_effects
from activities.rules.wave import Decided, Postings
from common.actor import Actor
from common.arrays import columns
from programs.design import Design

encoded = DjangoJSONEncoder().encode
NOT_POSTED = Postings()


def apply_wave(wave: Sequence[Decided], *, design: Design, actor: Actor, now: datetime) -> dict[int, Postings]:
    """By activity its postings, if it has any. All memberships, shared caps and budgets are locked by the caller."""
    with_effects = [one for one in wave if one.decision.effects]
    if not with_effects:
        return {}
    posted = post_effects(with_effects, design=design, actor=actor)
    _keep_effects(with_effects, posted, design)
    _count([one.decision.uses for one in with_effects], [one.decision.spent for one in with_effects])
    follow(with_effects, design=design, actor=actor, now=now)
    return posted


def _keep_effects(wave: Sequence[Decided], posted: Mapping[int, Postings], design: Design) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.EFFECTS, effect_columns(wave, posted, design))


def effect_columns(wave: Sequence[Decided], posted: Mapping[int, Postings], design: Design) -> dict[str, Any]:
    """The parameters of sql.EFFECTS."""
    rows = [row for one in wave for row in _rows(one, posted.get(one.activity.pk, NOT_POSTED), design)]
    because = [_because(effect) for one in wave for effect in one.decision.effects]
    given: dict[str, Any] = {"program": design.program.pk, "e_because": encoded(because)}
    names = ("activity", "version", "position", "action", "type", "points", "posting")
    return given | columns("e", names, rows)


def _because(effect: Effect) -> Mapping[str, Any]:
    """With the campaign whose budget it counts against: its rule may belong to another one later."""
    campaign = effect.rule.campaign_id
    return effect.because if campaign is None else {**effect.because, "campaign": campaign}


def _rows(one: Decided, postings: Postings, design: Design) -> Iterable[tuple[Any, ...]]:
    activity_id = one.activity.id
    for effect in one.decision.effects:
        head = activity_id, effect.rule.version_id, effect.position, effect.action
        if not effect.point_type:
            yield *head, None, None, None
            continue
        posting = postings.earned if (effect.points or 0) > 0 else postings.spent if effect.points else None
        yield *head, design.by_code[effect.point_type].id, effect.points, posting.id if posting else None


def _count(uses: Iterable[Mapping[UseKey, Use]], spent: Iterable[Mapping[int, int]]) -> None:
    """In order of the rules and campaigns, as every other wave takes them."""
    used: dict[UseKey, Use] = {}
    for found in uses:
        for key, added in found.items():
            before = used.get(key, NOT_USED)
            used[key] = Use(before.times + added.times, before.points + added.points)
    given: dict[int, int] = defaultdict(int)
    for points in spent:
        for campaign, added_points in points.items():
            given[campaign] += added_points
    with connection.cursor() as cursor:
        if given:
            campaigns = sorted(given)
            cursor.execute(sql.COUNT_SPENDING, {"campaign": campaigns, "points": [given[one] for one in campaigns]})
        if used:
            cursor.execute(sql.COUNT_USES, use_columns(used))


def use_columns(used: Mapping[UseKey, Use]) -> dict[str, str]:
    """The parameters of sql.COUNT_USES."""
    keys = sorted(used, key=lambda key: (key.rule_id, key.membership_id or 0, str(key.day or "")))
    rows = [(*key, *used[key]) for key in keys]
    return columns("u", ("rule", "membership", "day", "times", "points"), rows)
