"""A command that goes over one program says which there are, where the code is nobody's."""

import pytest
from django.core.management import CommandError, call_command

from programs.commanding import ProgramCommand
from tests.factories import make_program

pytestmark = pytest.mark.django_db


class Released(ProgramCommand):
    pass


class Every(ProgramCommand):
    released_only = False


def test_all_in_order_or_the_one_that_is_named() -> None:
    sky, sea, locked = make_program("sky"), make_program("sea"), make_program("locked", status="locked")
    assert Released().programs(None) == [sky, sea]
    assert Released().programs("sea") == [sea]
    assert Every().programs(None) == [sky, sea, locked]
    assert Every().programs("locked") == [locked]


def test_an_unknown_code_and_one_that_is_not_released_name_what_there_is() -> None:
    for code in ("sky", "sea"):
        make_program(code)
    make_program("locked", status="locked")
    with pytest.raises(CommandError, match="^There is no released program “locked”. There are: sea, sky.$"):
        Released().programs("locked")
    with pytest.raises(CommandError, match="^There is no program “nowhere”. There are: locked, sea, sky.$"):
        Every().programs("nowhere")


def test_where_there_is_none_that_is_said() -> None:
    with pytest.raises(CommandError, match="There are: none."):
        Released().programs("sky")


@pytest.mark.parametrize(
    "command",
    [
        "apply_retention", "expire_memberships", "expire_points", "expire_vouchers", "keep_figures", "lapse_changes",
        "process_activities", "renew_cards", "renew_memberships", "review_tiers", "send_notices",
    ],
)  # fmt: skip
def test_every_such_command_refuses_a_program_that_is_not_there(command: str) -> None:
    make_program("sky")
    with pytest.raises(CommandError, match="program “nowhere”. There are: sky"):
        call_command(command, "nowhere")
