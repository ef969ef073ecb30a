"""The verbs of the ledger against a model in plain Python, with hypothesis choosing the steps (4-quality, 4.3)."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.audit.helpers import assert_audit_clean
from tests.stateful.machine import Machine, OnlineMachine

pytestmark = pytest.mark.django_db(transaction=True)
SLOW = {"deadline": None, "suppress_health_check": list(HealthCheck)}


def test_the_verbs_do_what_the_model_says() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=6, stateful_step_count=30, **SLOW))


def test_the_online_forms_do_what_the_model_says() -> None:
    run_state_machine_as_test(OnlineMachine, settings=settings(max_examples=4, stateful_step_count=30, **SLOW))
    assert_audit_clean()


@pytest.mark.deep
def test_the_verbs_do_what_the_model_says_at_length() -> None:
    run_state_machine_as_test(Machine, settings=settings(max_examples=300, stateful_step_count=50, **SLOW))


@pytest.mark.deep
def test_the_online_forms_do_what_the_model_says_at_length() -> None:
    run_state_machine_as_test(OnlineMachine, settings=settings(max_examples=60, stateful_step_count=50, **SLOW))
    assert_audit_clean()
