"""Rules are tried on what happened, and nothing happens."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps

from activities.models import (
    ActivityStatus,
    ActivityType,
    Campaign,
    GroupMode,
    MemberActivity,
    RewardRule,
    RuleGroup,
    Transaction,
    TransactionItem,
)
from activities.rules.errors import RuleRefused
from activities.rules.releasing import release_rule
from activities.rules.simulating import simulate
from common import clock
from memberships.models import Membership, MembershipLabel
from programs.models import Label, Program
from tests.activities.rules.conftest import GIVE
from tests.factories import ACTOR, counted, make_membership, member_of

MARCH = datetime(2026, 3, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
YEAR = {"since": datetime(2026, 1, 1, tzinfo=UTC), "until": datetime(2027, 1, 1, tzinfo=UTC)}
Write = Callable[..., RewardRule]


@pytest.fixture
def emma(club: Program) -> Membership:
    return make_membership(club, "Emma Stone")


def bought(membership: Membership, amount: str = "100.00", at: datetime = MARCH, **given: Any) -> MemberActivity:
    values = {"type": "purchase", "status": ActivityStatus.PROCESSED, "currency": "EUR", **given}
    values["type"] = ActivityType.objects.get(program=membership.program_id, code=values["type"])
    return MemberActivity.objects.create(
        program_id=membership.program_id, membership=membership, customer_id=member_of(membership), channel_id=2,
        amount=Decimal(amount), occurred_at=at, recorded_at=at, **values,
    )  # fmt: skip


def draft(club: Program, group: RuleGroup, *actions: Any, **given: Any) -> RewardRule:
    """Typed and not saved."""
    raw = {**GIVE, "actions": list(actions) or GIVE["actions"]}
    raw |= {name: given.pop(name) for name in ("condition", "caps", "activity_types") if name in given}
    return RewardRule(program=club, group=group, code="typed", name="Typed", definition=raw, **given)


def per_euro(points: int) -> dict[str, Any]:
    return {"do": "credit", "per": "1", "points": points}


def test_what_is_typed_is_tried_and_compared_with_what_is_in_force(
    club: Program, group: RuleGroup, emma: Membership, write: Write
) -> None:
    rule = write(definition={**GIVE, "actions": [per_euro(1)]})
    with clock.frozen(MARCH - DAY):
        release_rule(rule, actor=ACTOR, why="spring")
    other = make_membership(club, "Otto")
    first, second = bought(emma, "100.00"), bought(other, "30.50", MARCH + DAY)
    found = simulate(club, definitions=[draft(club, group, per_euro(3))], **YEAR)
    assert (found.looked, found.matched, found.failed, found.capped, found.is_part) == (2, 2, 0, 0, False)
    assert (found.points, found.released, found.total) == ({"miles": 390}, {"miles": 130}, {"miles": 520})
    assert found.memberships == ((emma.pk, emma.number, {"miles": 300}), (other.pk, other.number, {"miles": 90}))
    assert found.samples == (
        (first.pk, "Typed, version 1, gave 300 Miles because 100.00 were paid, 3 for each 1."),
        (second.pk, "Typed, version 1, gave 90 Miles because 30.50 were paid, 3 for each 1."),
    )
    rule.definition = {**GIVE, "actions": [per_euro(3)]}
    instead = simulate(club, definitions=[rule], **YEAR)
    assert (instead.points, instead.released, instead.total) == ({"miles": 390}, {"miles": 130}, {"miles": 390})


def test_examples_are_told_by_names_and_in_words(club: Program, group: RuleGroup, emma: Membership) -> None:
    sale = bought(emma, "40000.00", location="Mall")
    rule = draft(
        club, group, {"do": "add_label", "label": "vip"}, per_euro(1), condition='activity.location in ["Mall"]'
    )
    assert simulate(club, definitions=[rule], **YEAR).samples == (
        (sale.pk, "Typed, version 1, added the label VIP because Location is “Mall”."),
        (sale.pk, "Typed, version 1, gave 40,000 Miles because 40,000.00 were paid, 1 for each 1."),
    )


def test_nothing_is_written(club: Program, group: RuleGroup, emma: Membership) -> None:
    bought(emma)
    capped = draft(
        club, group, per_euro(1), {"do": "add_label", "label": "vip"}, caps=[{"scope": "program", "times": 9}]
    )
    tables = [model for model in apps.get_models() if model._meta.app_label != "django"]
    before = counted(*tables)
    assert simulate(club, definitions=[capped], **YEAR).matched == 1
    assert counted(*tables) == before


def test_caps_and_budgets_count_over_the_period(club: Program, group: RuleGroup, emma: Membership) -> None:
    campaign = Campaign.objects.create(
        program=club, code="spring", name="Spring", valid_from=date(2027, 1, 1), valid_until=date(2027, 1, 2),
        point_budget=350,
    )  # fmt: skip
    for hour in range(5):
        bought(emma, at=MARCH + timedelta(hours=hour) * 3)
    daily = draft(club, group, per_euro(1), caps=[{"scope": "day", "points": 250}])
    found = simulate(club, definitions=[daily], **YEAR)
    assert (found.points, found.matched, found.capped) == ({"miles": 350}, 4, 1)
    budgeted = simulate(club, definitions=[draft(club, group, per_euro(1), campaign=campaign)], **YEAR)
    assert (budgeted.points, budgeted.matched, budgeted.capped) == ({"miles": 350}, 4, 1)


def test_facts_are_those_that_processing_reads(club: Program, group: RuleGroup, emma: Membership) -> None:
    MembershipLabel.objects.create(
        membership=emma, program=club, label=Label.objects.get(program=club), source="manual", since=MARCH
    )
    sale = Transaction.objects.create(
        program=club, channel_id=2, reference="r1", type="purchase", customer_id=member_of(emma), amount=100,
        currency="EUR", occurred_at=MARCH, recorded_at=MARCH,
    )  # fmt: skip
    TransactionItem.objects.create(transaction=sale, line=1, category="shoes", amount=Decimal("80.00"))
    TransactionItem.objects.create(transaction=sale, line=2, category="hats", amount=Decimal("20.00"))
    bought(emma, transaction=sale)
    bought(make_membership(club, "Otto"), transaction=sale)
    shoes = {**per_euro(1), "of": "items", "categories": ["shoes"]}
    found = simulate(
        club, definitions=[draft(club, group, shoes, condition='"vip" in labels && tier.ladder == "blue"')], **YEAR
    )
    assert (found.looked, found.matched, found.points) == (2, 1, {"miles": 80})


def test_failures_are_counted_and_told(club: Program, group: RuleGroup, emma: Membership) -> None:
    wrong = bought(emma, "0.00")
    bought(emma, "50.00")
    found = simulate(
        club, definitions=[draft(club, group, {"do": "credit", "expression": "1000 / activity.amount"})], **YEAR
    )
    assert (found.looked, found.matched, found.failed, found.points) == (2, 1, 1, {"miles": 20})
    assert found.failures == ((wrong.pk, "It divides by zero."),)


def test_only_decided_activities_of_the_rules_types_in_the_period(
    club: Program, group: RuleGroup, emma: Membership
) -> None:
    bought(emma, at=YEAR["until"])
    bought(emma, at=YEAR["since"] - timedelta(microseconds=1))
    bought(emma, type="check-in")
    for status in (ActivityStatus.RECEIVED, ActivityStatus.REFUSED, ActivityStatus.REVERSED):
        bought(emma, status=status)
    failed, first = bought(emma, status=ActivityStatus.FAILED), bought(emma, at=YEAR["since"])
    found = simulate(club, definitions=[draft(club, group)], **YEAR)
    assert [activity for activity, _ in found.samples] == [first.pk, failed.pk]
    assert found.looked == 2


def test_a_limit_is_told(club: Program, group: RuleGroup, emma: Membership) -> None:
    for _ in range(3):
        bought(emma)
    found = simulate(club, definitions=[draft(club, group)], **YEAR, limit=2)
    assert (found.looked, found.points, found.is_part) == (2, {"miles": 100}, True)
    assert not simulate(club, definitions=[draft(club, group)], **YEAR, limit=3).is_part


def test_the_place_among_other_rules_counts(club: Program, emma: Membership, write: Write) -> None:
    first = RuleGroup.objects.create(program=club, code="first", name="First", mode=GroupMode.EXCLUSIVE, rank=0)
    with clock.frozen(MARCH - DAY):
        release_rule(
            write(group=first, priority=5, definition={**GIVE, "actions": [per_euro(1)]}), actor=ACTOR, why="x"
        )
    bought(emma)
    below = simulate(club, definitions=[draft(club, first, per_euro(9), priority=4)], **YEAR)
    assert (below.matched, below.total, below.released) == (0, {"miles": 100}, {"miles": 100})
    above = simulate(club, definitions=[draft(club, first, per_euro(9), priority=6)], **YEAR)
    assert (above.points, above.total, above.released) == ({"miles": 900}, {"miles": 900}, {"miles": 100})


def test_what_can_not_compile_is_refused(club: Program, group: RuleGroup) -> None:
    with pytest.raises(RuleRefused) as caught:
        simulate(club, definitions=[draft(club, group, condition="activity.amonut > 1")], **YEAR)
    assert caught.value.errors[0]["pointer"] == "/condition"
