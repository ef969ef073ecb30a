"""What rules read of activities and memberships, for a whole wave at once (domain 1.11).

Tiers are those of the event's time, points those it could spend; attributes and labels are as they are now. Only what
some rule reads is asked for.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db import connection

from activities.models import MemberActivity, TransactionItem
from activities.rules import sql
from activities.rules.catalog import (
    attribute_codes,
    attribute_defaults,
    label_codes,
    lowest_rungs,
    partner_codes,
    rungs,
)
from activities.rules.compiled import CompiledRule, Needs
from activities.rules.facts import ActivityFacts, AttributeFact, ItemFacts, MemberState, Use, UseKey
from activities.types import type_by_id
from common import clock
from common.arrays import columns
from gateway.models import Channel
from memberships.models import Membership
from programs.design import Design

CENT = Decimal("0.01")


@dataclass(slots=True)
class Shared:
    """What the activities of a wave use up one after the other: caps and the budgets of campaigns."""

    uses: dict[UseKey, Use]
    budgets: dict[int, int | None]


def activity_facts(
    activities: Sequence[MemberActivity], *, design: Design, with_items: bool
) -> dict[int, ActivityFacts]:
    """By activity what rules may ask about it; the lines of its sale only `with_items`."""
    items = _items(activities) if with_items else {}
    channels = _channel_codes({one.channel_id for one in activities}, design)
    return {
        one.pk: _facts_of(one, items.get(one.transaction_id or 0, ()), channels[one.channel_id], design)
        for one in activities
    }


def facts_of_one(activity: MemberActivity, items: tuple[ItemFacts, ...], *, design: Design) -> ActivityFacts:
    """The same of one whose lines are at hand."""
    return _facts_of(activity, items, _channel_codes({activity.channel_id}, design)[activity.channel_id], design)


def _facts_of(one: MemberActivity, items: tuple[ItemFacts, ...], channel: str, design: Design) -> ActivityFacts:
    return ActivityFacts(
        type=type_by_id(design, one.type_id).code,
        at=one.occurred_at,
        local=one.occurred_at.astimezone(design.zone),
        points=one.points,
        # As the column keeps it, stored yet or not.
        amount=one.amount if one.amount is None else one.amount.quantize(CENT),
        currency=one.currency or "",
        foreign=one.amount is not None and one.currency not in (None, "", design.program.currency),
        channel=channel,
        partner=partner_codes(design).get(one.partner_id, "") if one.partner_id else "",
        location=one.location,
        attributes=one.attributes or {},
        items=items,
    )


def load_states(
    activities: Sequence[MemberActivity],
    memberships: Mapping[int, Membership],
    *,
    design: Design,
    needs: Needs,
    shared: Shared,
) -> dict[int, MemberState]:
    """By activity what its rules may ask about its membership and person."""
    parts = state_parts(needs)
    found = _rows(activities, memberships, parts, design=design, needs=needs) if parts else {}
    nothing: dict[str, Any] = {}
    return {
        one.pk: state_of(one, memberships[one.membership_id], found.get(one.pk, nothing), design=design, shared=shared)
        for one in activities
    }


def lock_shared(
    needs: Needs, rules: Iterable[CompiledRule], activities: Sequence[MemberActivity], *, design: Design
) -> Shared:
    """What was used of caps and budgets so far; what many memberships use is locked, rules before campaigns."""
    uses: dict[UseKey, Use] = {}
    budgets: dict[int, int | None] = {}
    if not (needs.uses or needs.budgets):
        return Shared(uses, budgets)
    with connection.cursor() as cursor:
        if needs.program_uses:
            several = {"rules": sorted(needs.program_uses)}
            cursor.execute(sql.NEW_USES, several)
            cursor.execute(sql.SHARED_USES, several)
            uses |= {UseKey(rule, None, None): Use(times, points) for rule, times, points in cursor.fetchall()}
        if needs.uses:
            capped = {one.rule_id for one in rules if one.definition and one.definition.caps}
            days = {one.occurred_at.astimezone(design.zone).date() for one in activities}
            memberships = {one.membership_id for one in activities}
            asked: dict[str, Any] = {"rules": sorted(capped), "memberships": sorted(memberships), "days": sorted(days)}
            cursor.execute(sql.USES, asked)
            uses |= {UseKey(rule, who, day): Use(times, points) for rule, who, day, times, points in cursor.fetchall()}
        if needs.budgets:
            campaigns = {"campaigns": sorted(needs.budgets)}
            cursor.execute(sql.NEW_SPENDING, campaigns)
            cursor.execute(sql.BUDGETS, campaigns)
            budgets = dict(cursor.fetchall())
    return Shared(uses, budgets)


def state_parts(needs: Needs) -> list[str]:
    """The names in sql.STATE_PARTS of what is asked for."""
    asked = {
        "tiers": needs.tiers,
        "attributes": needs.attributes,
        "labels": needs.labels,
        "campaigns": bool(needs.campaigns),
        "points": bool(needs.points),
        "birth_date": needs.member,
        "language": needs.member,
    }
    return [name for name, is_asked in asked.items() if is_asked]


def _rows(
    activities: Sequence[MemberActivity],
    memberships: Mapping[int, Membership],
    parts: Sequence[str],
    *,
    design: Design,
    needs: Needs,
) -> dict[int, dict[str, Any]]:
    homes = [memberships[one.membership_id] for one in activities]
    rows = [
        (one.pk, one.membership_id, one.customer_id, home.own_set_id, home.pool_id, one.occurred_at)
        for one, home in zip(activities, homes, strict=True)
    ]
    parameters: dict[str, Any] = {
        **columns("w", ("activity", "membership", "person", "own_set", "pool", "at"), rows),
        "now": clock.program_now(design.program),
        "types": [design.by_code[code].pk for code in sorted(needs.points)],
        "campaigns": sorted(needs.campaigns),
    }
    asked = ", ".join(sql.STATE_PARTS[name] for name in parts)
    with connection.cursor() as cursor:
        cursor.execute(sql.STATES.format(parts=asked), parameters)
        return {row[0]: dict(zip(parts, row[1:], strict=True)) for row in cursor.fetchall()}


def state_of(
    activity: MemberActivity, membership: Membership, found: Mapping[str, Any], *, design: Design, shared: Shared
) -> MemberState:
    """`found` are the columns of sql.STATE_PARTS that were asked for, by name."""
    ladder = lowest_rungs(design) | {
        rung.group: rung for rung in (rungs(design)[pk] for pk in found.get("tiers") or ())
    }
    labels = label_codes(design)
    types, born = design.point_types, found.get("birth_date")
    return MemberState(
        membership_id=membership.pk,
        type=membership.type,
        is_main=_is_main(activity, membership),
        enrolled_at=membership.enrolled_at,
        birth_month=born.month if born else 0,
        birth_day=born.day if born else 0,
        language=found.get("language") or "",
        tiers={group: rung.code for group, rung in ladder.items()},
        ranks={group: rung.rank for group, rung in ladder.items()},
        attributes=attribute_defaults(design) | _attributes(_json(found.get("attributes"), []), design),
        labels=frozenset(labels[pk] for pk in found.get("labels") or ()),
        points={types[int(pk)].code: int(points) for pk, points in _json(found.get("points"), {}).items()},
        campaigns=frozenset(found.get("campaigns") or ()),
        uses=shared.uses,
        budgets=shared.budgets,
    )


def _is_main(activity: MemberActivity, membership: Membership) -> bool:
    """The person who acts, in a membership of several; in any other there is nobody beside."""
    if membership.main_member_id is None or activity.customer_id is None:
        return True
    main = membership.main_member
    return main is not None and main.customer_id == activity.customer_id


def _json(found: Any, nothing: Any) -> Any:
    """Django leaves the driver's JSON as text."""
    if found is None:
        return nothing
    return json.loads(found) if isinstance(found, str) else found


def _attributes(rows: Iterable[Sequence[Any]], design: Design) -> dict[str, AttributeFact]:
    codes = attribute_codes(design)
    return {codes[pk]: _value(*columns) for pk, *columns in rows}


def _value(number: str | None, text: str | None, flag: bool | None, day: str | None) -> AttributeFact:
    if number is not None:
        return Decimal(number)
    if text is not None:
        return text
    return flag if flag is not None else date.fromisoformat(day or "")


def _items(activities: Sequence[MemberActivity]) -> dict[int, tuple[ItemFacts, ...]]:
    wanted = sorted({one.transaction_id for one in activities if one.transaction_id})
    found: dict[int, list[ItemFacts]] = {}
    for item in TransactionItem.objects.filter(transaction__in=wanted).order_by("transaction_id", "line"):
        facts = ItemFacts(sku=item.sku, category=item.category, quantity=item.quantity, amount=item.amount)
        found.setdefault(item.transaction_id, []).append(facts)
    return {pk: tuple(items) for pk, items in found.items()}


def _channel_codes(ids: set[int], design: Design) -> dict[int, str]:
    """By id, those met so far; a channel keeps its code."""
    known: Any = design.derived.setdefault("channels", {})
    missing = ids - known.keys()
    if missing:
        known.update(Channel.objects.filter(pk__in=missing).values_list("pk", "code"))
    return dict(known)
