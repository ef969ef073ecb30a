"""The daily run: terms renew or lapse, terms and seasons end, what nobody uses ends; each once."""

import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.holding import HoldCall, hold_points
from common import clock
from gateway.models import Event
from memberships.ending import is_due
from memberships.errors import ProgramNotOpen
from memberships.lifecycle import pause, record_payment, renew
from memberships.models import Membership, MembershipTerm
from memberships.renewing import Touched, renew_memberships
from programs.models import Program, Run, SplitPolicy
from tests.changes import earn, pool_of
from tests.factories import ACTOR, counted, make_membership

pytestmark = pytest.mark.django_db
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
YEAR_END = date(2026, 12, 31)
NOTHING: Counter[str] = Counter()


@pytest.fixture
def club(miles: Program) -> Program:
    """A year costs 49 euros and renews by itself; a fee may be a month late."""
    miles.term_months, miles.fee, miles.auto_renew, miles.renewal_grace_days = 12, "49.00", True, 30
    miles.save()
    return Program.objects.get(pk=miles.pk)


def emma_in(program: Program, *, paid: bool = True) -> Membership:
    with clock.frozen(START):
        emma = make_membership(program, "Emma Stone")
        return record_payment(emma, actor=ACTOR, reference="first", paid_at=START) if paid else emma


def run(program: Program, day: date, **options: Any) -> Counter[str]:
    with clock.frozen(datetime(day.year, day.month, day.day, 3, tzinfo=UTC)):
        return renew_memberships(program, actor=ACTOR, **options)


def terms_of(membership: Membership) -> list[tuple[date, date, bool]]:
    rows = MembershipTerm.objects.filter(membership=membership).order_by("first_day")
    return [(one.first_day, one.last_day, one.paid_at is not None) for one in rows]


def state(membership: Membership) -> tuple[str, str, date | None]:
    row = Membership.objects.get(pk=membership.pk)
    return row.status, row.end_reason, row.expires_on


FIRST = (date(2026, 1, 1), YEAR_END, True)
SECOND_DUE = (date(2027, 1, 1), date(2027, 12, 31), False)


def test_a_term_that_is_over_is_followed_by_the_next_whose_fee_is_due(club: Program) -> None:
    emma = emma_in(club)
    assert run(club, YEAR_END) == NOTHING
    assert run(club, date(2027, 1, 1)) == {"renewed": 1}
    assert terms_of(emma) == [FIRST, SECOND_DUE]
    assert state(emma) == ("active", "", date(2027, 12, 31))
    assert run(club, date(2027, 1, 1)) == NOTHING
    assert Event.objects.filter(kind="membership.renewed", subject_id=emma.pk).count() == 1


def test_a_fee_unpaid_after_the_grace_lapses_and_is_owed_no_more(club: Program) -> None:
    emma = emma_in(club)
    run(club, date(2027, 1, 1))
    assert run(club, date(2027, 1, 31)) == NOTHING
    assert run(club, date(2027, 2, 1)) == {"lapsed": 1}
    assert state(emma) == ("expired", "term_end", YEAR_END)
    assert terms_of(emma) == [FIRST]
    assert MembershipTerm.history.filter(history_type="-").get().history_change_reason == "fee not paid"
    assert run(club, date(2027, 2, 2)) == NOTHING
    # Who comes back while the points rest pays from where it stopped.
    with clock.frozen(datetime(2027, 2, 3, tzinfo=UTC)):
        renew(Membership.objects.get(pk=emma.pk), actor=ACTOR)
    assert terms_of(emma) == [FIRST, SECOND_DUE]


def test_a_fee_paid_within_the_grace_goes_on(club: Program) -> None:
    emma = emma_in(club)
    run(club, date(2027, 1, 1))
    with clock.frozen(datetime(2027, 1, 30, tzinfo=UTC)) as at:
        record_payment(emma, actor=ACTOR, reference="second", paid_at=at)
    assert run(club, date(2027, 2, 1)) == NOTHING
    assert state(emma) == ("active", "", date(2027, 12, 31))


def test_a_first_fee_nobody_pays_lapses_too(club: Program) -> None:
    emma = emma_in(club, paid=False)
    assert run(club, date(2026, 1, 31)) == NOTHING
    assert run(club, date(2026, 2, 1)) == {"lapsed": 1}
    assert state(emma) == ("expired", "term_end", date(2025, 12, 31))


def test_terms_that_cost_nothing_are_made_up_after_missed_runs(club: Program) -> None:
    club.fee = None
    club.save()
    emma = emma_in(club, paid=False)
    assert run(club, date(2028, 6, 1)) == {"renewed": 1}
    assert [one[1] for one in terms_of(emma)] == [YEAR_END, date(2027, 12, 31), date(2028, 12, 31)]
    assert state(emma)[2] == date(2028, 12, 31)


def test_a_paused_membership_renews_and_what_does_not_renew_ends_with_its_term(club: Program) -> None:
    emma = emma_in(club)
    with clock.frozen(START):
        pause(emma, actor=ACTOR, reason="abroad")
    assert run(club, date(2027, 1, 1)) == {"renewed": 1}
    club.auto_renew = False
    club.save()
    with clock.frozen(datetime(2027, 1, 2, tzinfo=UTC)) as at:
        record_payment(emma, actor=ACTOR, reference="second", paid_at=at)
    assert run(club, date(2027, 12, 31)) == NOTHING
    assert run(club, date(2028, 1, 1)) == {"ended": 1}
    assert state(emma) == ("expired", "term_end", date(2027, 12, 31))


def test_a_season_ends_everybody_whatever_their_term(club: Program) -> None:
    emma = emma_in(club)
    club.valid_until = date(2026, 9, 30)
    club.save()
    assert run(club, date(2026, 9, 30)) == NOTHING
    assert run(club, date(2026, 10, 1)) == {"ended": 1}
    assert state(emma)[:2] == ("expired", "term_end")
    assert run(club, date(2026, 10, 2)) == NOTHING


def test_a_membership_for_ever_is_left_by_the_daily_run(club: Program) -> None:
    emma = emma_in(club)
    emma.expires_on = date.max
    emma.save()
    assert not is_due(emma, club, date(2027, 1, 1))
    assert is_due(emma, club, date.max) is False


# Nobody uses it


@pytest.fixture
def forgetful(miles: Program) -> Program:
    miles.idle_months = 12
    miles.save()
    return Program.objects.get(pk=miles.pk)


def test_what_nobody_used_for_the_months_ends(forgetful: Program) -> None:
    with clock.frozen(START):
        emma, anna = make_membership(forgetful, "Emma Stone"), make_membership(forgetful, "Anna Bauer")
    with clock.frozen(START + timedelta(days=100)):
        earn_in_general(PointsCall(anna.pk, 10), actor=ACTOR)
    assert run(forgetful, date(2027, 1, 1)) == NOTHING
    assert run(forgetful, date(2027, 1, 2)) == {"idle": 1}
    assert (state(emma), state(anna)) == (("expired", "inactivity", None), ("active", "", None))
    assert run(forgetful, date(2027, 4, 12)) == {"idle": 1}
    row = Membership.objects.get(pk=anna.pk)
    assert (row.end_reason, row.rests_until is not None) == ("inactivity", True)


def test_one_of_a_pool_who_is_active_keeps_the_others(forgetful: Program) -> None:
    with clock.frozen(START):
        anna, ben = pool_of(forgetful)
    with clock.frozen(START + timedelta(days=200)):
        earn_in_general(PointsCall(anna.pk, 10), actor=ACTOR)
    assert run(forgetful, date(2027, 1, 2)) == NOTHING
    assert run(forgetful, date(2027, 8, 1)) == {"idle": 2}
    assert (state(anna)[1], state(ben)[1]) == ("inactivity", "inactivity")


# The run


def test_what_a_hold_stands_against_is_left_and_told(club: Program) -> None:
    club.auto_renew, club.fee, club.split_policy = False, None, SplitPolicy.BY_CONTRIBUTION
    club.leaving_rule = "by_contribution"
    club.save()
    with clock.frozen(START):
        anna, ben = pool_of(club)
        earn(anna, 100)
        hold_points(HoldCall(ben.pk, 80, expires_in=3600 * 24), actor=ACTOR)
    for one in (anna, ben):
        one.refresh_from_db()
        one.expires_on = date(2025, 12, 31)
        one.save()
    heard: list[Touched] = []
    assert run(club, START.date(), heard=heard.append) == {"left": 2}
    assert heard == [Touched("left", one.number, date(2025, 12, 31)) for one in (anna, ben)]
    assert (state(anna)[0], state(ben)[0]) == ("active", "active")
    # The hold is over a day later.
    assert run(club, date(2026, 1, 3)) == {"ended": 2}


def test_a_dry_run_lists_everybody_and_changes_nothing(club: Program) -> None:
    emma = emma_in(club)
    before, heard = counted(Membership, MembershipTerm, Event), []
    assert run(club, date(2027, 1, 1), dry_run=True, heard=heard.append) == {"renewed": 1}
    assert heard == [Touched("renewed", emma.number, date(2027, 12, 31))]
    assert counted(Membership, MembershipTerm, Event) == before
    assert state(emma) == ("active", "", YEAR_END)
    assert Run.objects.values_list("kind", "dry_run", "counts").get() == ("renew_memberships", True, {"renewed": 1})
    assert run(club, date(2027, 1, 1)) == {"renewed": 1}


def test_a_program_that_is_locked_waits(club: Program) -> None:
    club.status = "locked"
    club.save()
    with pytest.raises(ProgramNotOpen):
        run(club, date(2027, 1, 1))
    assert Run.objects.count() == 0


def test_the_command_lists_whom_it_touched(club: Program) -> None:
    emma = emma_in(club)
    with clock.frozen(datetime(2027, 1, 1, 3, tzinfo=UTC)):
        out = io.StringIO()
        call_command("renew_memberships", "miles", "--dry-run", stdout=out)
        assert out.getvalue().splitlines() == [
            f"{emma.number} renewed, last day 2027-12-31",
            "1 would be renewed, 0 would be lapsed, 0 would be ended, 0 would be ended for want of activity, "
            "0 left for the next run.",
        ]
        with pytest.raises(CommandError):
            call_command("renew_memberships", "nowhere")
