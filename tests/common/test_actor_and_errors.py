import dataclasses

import pytest

from common.actor import Actor
from common.errors import Conflict, LoyaltyError, Malformed, NotAllowed, NotFound


def test_system_may_do_everything_and_is_not_staff() -> None:
    run = Actor.system(7)

    assert (run.kind, run.user_id, run.channel_id, run.programs, run.is_staff) == (
        "system",
        None,
        7,
        None,
        False,
    )
    assert run.may("points:adjust", 3) is True
    assert run.may("customers:write", None) is True


def test_an_actor_never_changes() -> None:
    run = Actor.system(7)
    with pytest.raises(dataclasses.FrozenInstanceError):
        run.channel_id = 8  # type: ignore[misc]

    assert run.for_customer(5).on_behalf_of == 5
    assert run.on_behalf_of is None


def test_staff_is_who_has_a_user() -> None:
    clerk = Actor("user", 3, 1, "mia", may=lambda action, program_id: program_id == 2, programs=frozenset({2}))

    assert clerk.is_staff is True
    assert [clerk.may("points:adjust", program) for program in (1, 2, None)] == [False, True, False]


@pytest.mark.parametrize(
    ("kind", "status", "code"),
    [
        (LoyaltyError, 422, "refused"),
        (Conflict, 409, "conflict"),
        (NotFound, 404, "not_found"),
        (Malformed, 400, "malformed"),
        (NotAllowed, 403, "not_allowed"),
    ],
)
def test_each_kind_of_error_has_its_status_and_code(kind: type[LoyaltyError], status: int, code: str) -> None:
    error = kind("Account 7 holds 300, 500 were asked.", facts={"available": 300})

    assert (error.status, error.code) == (status, code)
    assert (error.message, str(error)) == ("Account 7 holds 300, 500 were asked.",) * 2
    assert error.facts == {"available": 300}
    assert error.errors == []
    assert kind().message == kind.title


def test_facts_are_not_shared_between_errors() -> None:
    LoyaltyError().facts["a"] = 1
    assert LoyaltyError().facts == {}
