"""Workers race for the lines of one award; without the lock of a line it is given twice."""

import time
from typing import Any

import pytest

from activities import posting_awards
from activities.award_lines import AwardLine
from activities.awarding import AwardCall, draft_award, submit_award
from activities.models import AwardRow, BulkAward
from activities.posting_awards import post_award
from common.actor import Actor
from memberships.models import Membership
from points.models import Posting
from staff.models import User
from tests.audit.helpers import assert_audit_clean
from tests.factories import account_of, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
WORKERS, LINES = 4, 12


@pytest.fixture
def members(transactional_db: None) -> list[Membership]:
    program = make_program("miles", adjustment_limit=1_000, adjustment_day_limit=5_000)
    return [make_membership(program, f"Member {n}") for n in range(LINES)]


@pytest.fixture
def award(members: list[Membership]) -> BulkAward:
    user = User.objects.create_user("agnes", is_staff=True)
    agnes = Actor("user", user.pk, 1, "agnes", lambda action, program_id: True, None)
    lines = [AwardLine(n, "member_number", one.number, 10) for n, one in enumerate(members, start=2)]
    drafted = draft_award(members[0].program, AwardCall("spring", "goodwill"), lines, actor=agnes)
    return submit_award(drafted, actor=agnes)


def race(award: BulkAward) -> list[Any]:
    return together(*[lambda: post_award(award)] * WORKERS)


def test_every_line_is_posted_once_however_many_workers_there_are(award: BulkAward, members: list[Membership]) -> None:
    assert errors_in(race(award)) == []
    award.refresh_from_db()
    assert (award.status, Posting.objects.count()) == ("posted", LINES)
    assert [account_of(one).balance for one in members] == [10] * LINES
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lines_lock_it_is_given_twice(
    award: BulkAward, members: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    def unlocked(rows: Any) -> list[Any]:
        found = list(rows.order_by("pk"))
        if rows.model is AwardRow:
            time.sleep(0.05)
        return found

    monkeypatch.setattr(posting_awards, "lock_rows", unlocked)
    race(award)
    assert sum(account_of(one).balance for one in members) > 10 * LINES
