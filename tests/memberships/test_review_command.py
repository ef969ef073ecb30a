"""`review_tiers` lists whom it touches and says what it did."""

from datetime import UTC, datetime
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from common import clock
from memberships.models import Membership, TierReview
from tests.memberships.tiers import earn_status, make_airline, member_since, tier_of

JUNE = datetime(2026, 6, 1, 12, tzinfo=UTC)
AFTER = datetime(2028, 1, 2, tzinfo=UTC)


@pytest.fixture
def michael(db: None) -> Membership:
    air = make_airline("air")
    make_airline("sea", status="locked")
    with clock.frozen(JUNE):
        membership = member_since(air, JUNE)
        earn_status(membership, 1_000)
    return membership


def run(*arguments: str) -> str:
    out = StringIO()
    with clock.frozen(AFTER):
        call_command("review_tiers", *arguments, stdout=out, stderr=StringIO())
    return out.getvalue()


def test_it_lists_whom_it_moves_and_twice_moves_nobody(michael: Membership) -> None:
    line = f"{michael.number} ladder: gold -> silver (0 of 1,000 Tier Miles in 2027)\n"
    assert run("air", "--dry-run") == f"{line}1 tiers would be kept, 0 would be raised, 1 would be lowered.\n"
    assert (tier_of(michael), TierReview.objects.count()) == ("gold", 0)
    assert run() == f"{line}1 tiers kept, 0 raised, 1 lowered.\n"
    assert run("air", "--quiet") == "0 tiers kept, 0 raised, 0 lowered.\n"
    assert tier_of(michael) == "silver"


@pytest.mark.parametrize("code", ["sea", "nowhere"])
def test_a_program_that_is_not_released_is_an_error(michael: Membership, code: str) -> None:
    with pytest.raises(CommandError):
        run(code)
    assert tier_of(michael) == "gold"
