"""Sales, rules, tiers and rewards against a model in plain Python, hypothesis choosing the steps (4-quality, 4.3)."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.rewarding_machine import DAY, HOUR, OnlineRewardsMachine, RewardsMachine

pytestmark = pytest.mark.django_db(transaction=True)
SLOW: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
# Making a failing story shorter takes minutes: the long run does it.
QUICK = SLOW | {"phases": (Phase.explicit, Phase.reuse, Phase.generate)}


def tell(machine: RewardsMachine, policy: str) -> None:
    """Comes past every rule: a cap cut, a budget used up, Gold by rule and Diamond by points, a toll, a failure mended,
    a version released, a late sale of the old year, a review, a return after a split, an order given back."""
    machine.begin(policy)
    for late in (0, 1, 20):
        machine.buy(0, 6_000, late, "red")
        machine.agree()
    machine.release(2)
    machine.buy(0, 40_000, 71.9, "")
    machine.buy(0, 45_000, 0, "blue")
    machine.agree()
    told = len(machine.world.transactions) - 1
    machine.merge(0, 1)
    machine.batch([(0, 1_300, 0), (1, 9_000, 0), (2, 30_000, 20), (0, 12_000, 1)])
    machine.agree()
    machine.mend_or_break()
    machine.reprocess(0)
    machine.mend_or_break()
    machine.buy(2, 1_300, 0, "")
    machine.take_back(len(machine.world.transactions) - 1, None)
    machine.order(1, 3)
    machine.order(1, 1)
    machine.agree()
    machine.split(1)
    machine.undo()
    machine.cancel(0)
    machine.agree()
    machine.split(0)
    machine.take_back(told, 15_000)
    machine.agree()
    machine.wait(14 * DAY)
    machine.buy(2, 12_000, 20, "")
    machine.wait(12 * HOUR)
    machine.review()
    machine.expire()
    machine.buy(2, 4_000, 71.9, "")
    machine.agree()
    machine.take_back(told, None)
    machine.take_back(told, None)
    machine.agree()
    # What was counted on was met.
    model = machine.model
    assert {one.status for one in model.sales} == {"processed", "reversed"}
    assert (model.spent, model.stock, model.fans) == (60, 5, {0, 2})
    assert [max(rung for _, rung in one.stood) for one in model.climbers] == [2, 1, 2]


@pytest.mark.parametrize("policy", ["refuse", "negative", "cut_refund"])
def test_every_step_of_the_story_of_rules_agrees_with_the_model(policy: str) -> None:
    machine = RewardsMachine()
    try:
        tell(machine, policy)
    finally:
        machine.teardown()


def test_rules_do_what_the_model_says() -> None:
    run_state_machine_as_test(RewardsMachine, settings=settings(max_examples=2, stateful_step_count=25, **QUICK))


def test_rules_online_do_what_the_model_says() -> None:
    run_state_machine_as_test(OnlineRewardsMachine, settings=settings(max_examples=1, stateful_step_count=25, **QUICK))


@pytest.mark.deep
def test_rules_do_what_the_model_says_at_length() -> None:
    run_state_machine_as_test(RewardsMachine, settings=settings(max_examples=100, stateful_step_count=50, **SLOW))


@pytest.mark.deep
def test_rules_online_do_what_the_model_says_at_length() -> None:
    run_state_machine_as_test(OnlineRewardsMachine, settings=settings(max_examples=30, stateful_step_count=50, **SLOW))
