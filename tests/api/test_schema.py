"""schemathesis over the whole OpenAPI document: no server error, and no answer that the document does not tell."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from itertools import product
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.failures import FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.authentication import forget_tokens
from gateway.models import Throttle
from staff.models import Role
from tests.api.world import Ids, headers_of, make_channel, make_side, make_staff, session_of
from tests.audit.helpers import assert_audit_clean
from tests.channels import bearer

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
EXAMPLES = pytest.mark.parametrize("examples", [2, pytest.param(100, marks=pytest.mark.deep)])
# What a random body should name rightly now and then, so that it gets past the first look-up.
KNOWN = {
    "program": "program",
    "customer": "customer",
    "to_membership": "other_membership",
    "membership": "membership",
    "prime": "membership",
    "secondary": "other_membership",
    "leaver": "customer",
    "membership_id": "membership",
    "customer_id": "customer",
}
POINT_TYPES = {"point_type": "miles", "from": "miles", "to": "status"}

Headers = dict[str, str]


@pytest.fixture
def ids(transactional_db: None) -> Ids:
    return make_side("miles").ids


@cache
def document() -> dict[str, Any]:
    made: dict[str, Any] = SchemaGenerator().get_schema(public=True)
    return made


@pytest.fixture
def operations(ids: Ids) -> list[Any]:
    schema = schemathesis.openapi.from_dict(deepcopy(document()))
    schema.app = get_wsgi_application()
    return [one.ok() for one in schema.get_all_operations()]


@pytest.fixture
def channel(ids: Ids) -> Headers:
    return {"Authorization": bearer(make_channel("call-centre"))}


@pytest.fixture
def supervisor(ids: Ids) -> Headers:
    return headers_of(session_of(make_staff("sue", Role.SUPERVISOR)))


def path_of(operation: Any, ids: Ids) -> dict[str, Any]:
    """The path's parameters, naming rows that exist."""
    resource = operation.path.split("/")[2]
    names = {"customers": "customer", "memberships": "membership", "holds": "hold", "lots": "lot", "cards": "card"}
    names |= {"postings": "posting", "adjustments": "adjustment", "programs": "program"}
    names |= {"membership-changes": "change", "webhooks": "webhook", "transactions": "transaction"}
    names |= {"activities": "failed_activity", "reward-orders": "order", "vouchers": "voucher"}
    of_person = "customer_on_paper" if operation.path.endswith("/confirm") else "customer"
    return {
        one.name: str(ids[of_person if one.name == "customer" else names[resource]])
        for one in operation.path_parameters
    }


def with_known_values(body: Any, ids: Ids) -> Any:
    """Every second body names what exists; the same body always does or never."""
    if not isinstance(body, dict) or len(str(body)) % 2:
        return body
    known = {name: ids[which] for name, which in KNOWN.items()} | POINT_TYPES
    return {name: known.get(name, value) for name, value in body.items()}


def faults_of(
    operation: Any, mode: GenerationMode, path: dict[str, Any] | None, send: Callable[[Any], None], examples: int
) -> str:
    """What the examples brought to light; '' if nothing."""

    @seed(2)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.generate],
    )
    @given(case=operation.as_strategy(mode, path_parameters=path))
    def run(case: Any) -> None:
        send(case)

    try:
        run()
    except Unsatisfiable:
        return ""
    except (FailureGroup, Exception) as error:  # noqa: BLE001 - all faults are told together
        return f"{operation.label} {mode.name}: {error!r}\n" + "\n".join(map(str, getattr(error, "exceptions", ())))
    return ""


def sweep(operations: list[Any], ids: Ids, headers: Headers, *, real_rows: tuple[bool, ...], examples: int) -> None:
    Throttle.objects.all().delete()
    forget_tokens()

    def send(case: Any) -> None:
        case.body = with_known_values(case.body, ids)
        case.call_and_validate(headers=headers, checks=CHECKS)

    faults = []
    for operation, mode, real in product(operations, GenerationMode, real_rows):
        # With its path given, an operation that takes nothing else can't be called wrongly.
        wrong = mode is GenerationMode.NEGATIVE and not operation.query and not operation.body
        if not real or (operation.path_parameters and not wrong):
            faults.append(faults_of(operation, mode, path_of(operation, ids) if real else None, send, examples))
    assert not any(faults), "\n\n".join(filter(None, faults))
    assert_audit_clean()


@EXAMPLES
def test_a_channel_gets_only_answers_that_are_documented(
    operations: list[Any], ids: Ids, channel: Headers, examples: int
) -> None:
    sweep(operations, ids, channel, real_rows=(False, True), examples=examples)


@EXAMPLES
def test_staff_get_only_answers_that_are_documented(
    operations: list[Any], ids: Ids, supervisor: Headers, examples: int
) -> None:
    sweep(operations, ids, supervisor, real_rows=(True,), examples=examples)
