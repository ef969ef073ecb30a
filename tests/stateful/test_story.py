"""The story that comes past every rule, under each refund policy and in both forms of earning and redeeming."""

import pytest

from tests.stateful.machine import Machine, OnlineMachine
from tests.stateful.story import tell

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.mark.parametrize("policy", ["refuse", "negative", "cut_refund"])
@pytest.mark.parametrize("machine", [Machine, OnlineMachine], ids=["general", "online"])
def test_every_step_of_the_story_agrees_with_the_model(machine: type[Machine], policy: str) -> None:
    one = machine()
    try:
        tell(one, policy)
    finally:
        one.teardown()
