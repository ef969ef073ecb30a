"""The real program beside the model of rewards: making it, and reading what stands in its tables."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from activities.campaigns import create_campaign, start_campaign
from activities.models import CampaignSpending, MemberActivity, RewardItem, RewardRule, RuleUse, Voucher
from common import clock
from memberships.models import AttributeValue, Membership, MembershipLabel, TierStanding
from points.models import Debt, Lot
from programs.design import forget_designs
from programs.models import (
    AttributeDefinition,
    AttributeType,
    ExpiryPolicy,
    Label,
    PointType,
    Program,
    Tier,
)
from tests.activities.ruling import PER_EURO, in_force
from tests.changes import account_in_use
from tests.factories import ACTOR, make_membership, make_program, member_of
from tests.rewards import left_of, make_reward, make_voucher_reward
from tests.stateful import rewarding
from tests.stateful.climbing import THRESHOLDS

BASIC = (PER_EURO, PER_EURO | {"point_type": "status"})
ODD = {"do": "credit", "expression": "100 / (activity.amount - 13.0)"}
MENDED = {"do": "credit", "points": 1}
IS_ODD = "activity.amount == 13"


@dataclass
class World:
    """`activities` by the number of the sale; transactions of those that a till told at once."""

    program: Program
    memberships: list[Membership]
    basic: RewardRule
    odd: RewardRule
    reward: RewardItem
    activities: list[int] = field(default_factory=list)
    transactions: dict[int, int] = field(default_factory=dict)
    orders: list[int] = field(default_factory=list)

    @property
    def customers(self) -> list[int]:
        return [member_of(one) for one in self.memberships]


def make_world(code: str, *, people: int, policy: str, began: datetime) -> World:
    """Enrolled some days before it begins; miles end 40 days after earning."""
    with clock.frozen(began):
        program = make_program(
            code, name="Rewards", currency="EUR", time_zone=str(rewarding.ZONE), late_grace=rewarding.GRACE,
            refund_policy=policy,
        )  # fmt: skip
        miles = PointType.objects.get(program=program, code="miles")
        miles.expiry_policy, miles.expiry_length = ExpiryPolicy.AFTER_DAYS, rewarding.MILES_DAYS
        miles.save()
        gold = Tier.objects.get(group__program=program, code="gold")
        gold.threshold = THRESHOLDS[1]
        gold.save()
        Tier.objects.create(group=gold.group, code="diamond", name="Diamond", rank=2, threshold=THRESHOLDS[2])
        _design(program)
        basic, odd = _rules(program)
        reward = make_reward(
            program, "mug", left=rewarding.STOCK, price=rewarding.PRICE, limit_per_member=rewarding.LIMIT
        )
        forget_designs()
        memberships = [make_membership(program, f"Member {number}") for number in range(people)]
    return World(program, memberships, basic, odd, reward)


def _design(program: Program) -> None:
    AttributeDefinition.objects.create(program=program, code="visits", name="Visits")
    AttributeDefinition.objects.create(program=program, code="color", name="Color", type=AttributeType.TEXT)
    Label.objects.create(program=program, code="fan", name="Fan")
    make_voucher_reward(program)


def _rules(program: Program) -> tuple[RewardRule, RewardRule]:
    """Asked in this order."""
    day, times = (
        {"scope": "day", "points": rewarding.VISIT_DAY_CAP},
        {"scope": "member", "times": rewarding.VISIT_TIMES},
    )
    days = {"valid_from": date(2026, 1, 1), "valid_until": date(2035, 12, 31)}
    spring = create_campaign(program, actor=ACTOR, code="spring", name="Spring", point_budget=rewarding.BUDGET, **days)
    start_campaign(spring, actor=ACTOR, why="spring is here")
    basic = in_force(program, *BASIC, code="basic", priority=90)
    in_force(
        program, {"do": "credit", "points": rewarding.VISIT_POINTS, "expires_days": rewarding.VISIT_DAYS},
        code="visit", priority=80, caps=(day, times),
    )  # fmt: skip
    in_force(program, {"do": "multiply", "factor": "1.5"}, code="gold", priority=70, condition="rank.ladder >= 1")
    in_force(program, {"do": "credit", "per": "10.00", "points": 2}, code="spring", priority=60, campaign=spring)
    odd = in_force(program, ODD, code="odd", priority=55, condition=IS_ODD)
    in_force(program, {"do": "add_to_attribute", "attribute": "visits", "amount": "1"}, code="visits", priority=50)
    in_force(
        program, {"do": "add_label", "label": "fan"}, code="fan", priority=40, condition="attributes.visits >= 2.0"
    )
    in_force(
        program, {"do": "set_attribute", "attribute": "color", "expression": "activity.attributes.color"},
        code="color", priority=35, condition="has(activity.attributes.color)",
    )  # fmt: skip
    in_force(
        program, {"do": "change_tier", "group": "ladder", "tier": "gold"},
        code="faithful", priority=30, condition="attributes.visits == 4.0",
    )  # fmt: skip
    in_force(
        program, {"do": "issue_voucher", "reward": "ten-off"}, code="thanks", priority=20,
        condition=f"activity.amount >= {rewarding.VOUCHER_FROM // 100}",
        caps=({"scope": "member", "times": rewarding.VOUCHER_TIMES},),
    )  # fmt: skip
    in_force(
        program, {"do": "debit", "points": rewarding.TOLL, "if_short": "all"}, code="toll", priority=10,
        condition=f'"fan" in labels && activity.amount > {rewarding.TOLL_FROM // 100}',
    )  # fmt: skip
    return basic, odd


def seen(world: World) -> dict[str, Any]:
    """Everything the model speaks of, as the tables have it."""
    ids = {one.pk: person for person, one in enumerate(world.memberships)}
    found: dict[str, Any] = {
        "points": {person: _points(world, person) for person in ids.values()},
        "status": {person: account_in_use(one, "status").balance for person, one in enumerate(world.memberships)},
        "sales": _in_order(world.activities, dict(_activities(world).values_list("pk", "status"))),
        "vouchers": Counter(
            ids[pk] for pk in Voucher.objects.filter(membership__in=ids).values_list("membership", flat=True)
        ),
        "fans": {
            ids[pk]
            for pk in MembershipLabel.objects.filter(membership__in=ids, ended_at=None).values_list(
                "membership", flat=True
            )
        },
        "stock": left_of(world.reward),
        "spent": sum(CampaignSpending.objects.filter(campaign__program=world.program).values_list("points", flat=True)),
    }
    return found | _attributes(ids) | _uses(world, ids) | {"rungs": _rungs(ids)}


def _points(world: World, person: int) -> Any:
    """(balance, points by whose and until when, debts by whose) of where the person's points are."""
    account = account_in_use(Membership.objects.get(pk=world.memberships[person].pk))
    people = {pk: number for number, pk in enumerate(world.customers)}
    lots: Counter[tuple[int | None, datetime | None]] = Counter()
    for lot in Lot.objects.filter(account=account, is_open=True):
        lots[people.get(lot.contributor_id or 0), lot.expires_at] += lot.remaining
    debts: Counter[int | None] = Counter()
    for debt in Debt.objects.filter(account=account, remaining__gt=0):
        debts[people.get(debt.person_id or 0)] += debt.remaining
    return account.balance, dict(lots), dict(debts)


def _activities(world: World) -> Any:
    return MemberActivity.objects.filter(pk__in=world.activities)


def _in_order(keys: list[int], found: dict[int, Any]) -> list[Any]:
    return [str(found[key]) for key in keys]


def _attributes(ids: dict[int, int]) -> dict[str, Any]:
    rows = AttributeValue.objects.filter(membership__in=ids).select_related("definition")
    return {
        "visits": Counter(
            {ids[row.membership_id]: int(row.number or 0) for row in rows if row.definition.code == "visits"}
        ),
        "colors": {ids[row.membership_id]: row.text for row in rows if row.definition.code == "color"},
    }


def _uses(world: World, ids: dict[int, int]) -> dict[str, Any]:
    rows = list(RuleUse.objects.filter(rule__program=world.program, rule__code="visit"))
    return {
        "visit_points": {(ids[row.membership_id or 0], row.day): row.points for row in rows if row.day},
        "visit_times": {ids[row.membership_id or 0]: row.times for row in rows if not row.day},
    }


def _rungs(ids: dict[int, int]) -> dict[int, list[tuple[datetime, int]]]:
    """All of them with since when, but for those that lasted no time."""
    found: dict[int, list[tuple[datetime, int]]] = {}
    rows = TierStanding.objects.filter(membership__in=ids).select_related("tier").order_by("since", "pk")
    for row in rows:
        if row.ended_at is None or row.ended_at > row.since:
            found.setdefault(ids[row.membership_id], []).append((row.since, row.tier.rank))
    return found
