"""Changes of memberships against a model in plain Python, with hypothesis choosing the steps (4-quality, 4.3)."""

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.stateful.sharing_machine import SharingMachine

pytestmark = pytest.mark.django_db(transaction=True)
SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}
# Making a failing story shorter takes minutes: the long run does it.
QUICK = SLOW | {"phases": (Phase.explicit, Phase.reuse, Phase.generate)}


def test_changes_do_what_the_model_says() -> None:
    run_state_machine_as_test(SharingMachine, settings=settings(max_examples=3, stateful_step_count=25, **QUICK))


@pytest.mark.deep
def test_changes_do_what_the_model_says_at_length() -> None:
    run_state_machine_as_test(SharingMachine, settings=settings(max_examples=200, stateful_step_count=50, **SLOW))
