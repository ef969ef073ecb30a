from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from common import clock
from memberships.enrolment import enrol
from memberships.models import Membership
from tests.factories import ACTOR, make_program


@pytest.fixture
def season(emma) -> Membership:
    sky = make_program("sky", valid_until=date(2026, 3, 31))
    make_program("sea", status="locked")
    with clock.frozen(datetime(2026, 3, 1, tzinfo=UTC)):
        return enrol(emma, program=sky, actor=ACTOR)


def run(*arguments: str) -> str:
    out = StringIO()
    with clock.frozen(datetime(2026, 4, 1, tzinfo=UTC)):
        call_command("expire_memberships", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_the_run_ends_what_is_over_and_a_second_run_nothing(season):
    assert run("--dry-run") == "1 memberships would end.\n"
    season.refresh_from_db()
    assert season.status == "active"
    assert run("sky") == "1 memberships ended.\n"
    assert run() == "0 memberships ended.\n"
    season.refresh_from_db()
    assert (season.status, season.end_reason, season.version) == ("expired", "term_end", 2)


@pytest.mark.parametrize("code", ["sea", "nowhere"])
def test_a_program_that_is_not_released_is_an_error(season, code):
    with pytest.raises(CommandError):
        run(code)
    season.refresh_from_db()
    assert season.status == "active"
