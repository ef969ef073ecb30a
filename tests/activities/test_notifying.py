"""Who is told in time: points that end, memberships that end, the statement of the month."""

import io
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from activities.calls import PointsCall
from activities.earning import earn_in_general
from activities.holding import HoldCall, hold_points
from activities.notifying import send_due_notices, send_notices
from activities.redeeming import redeem_in_general
from common import clock
from customers.models import ContactPreference, Message, PreferenceChannel
from customers.updating import update_customer
from gateway.models import Event
from memberships.models import Member, Membership
from programs.models import ExpiryPolicy, NoticeTemplate, PointType, Program, Run
from tests.changes import pool_of
from tests.factories import ACTOR, counted, make_membership

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 10, 12, tzinfo=UTC)
NOTHING: Counter[str] = Counter()


@pytest.fixture(autouse=True)
def march() -> Any:
    with clock.frozen(START):
        yield


@pytest.fixture
def sky(miles: Program) -> Program:
    """Miles end a year after they were earned."""
    point_type = PointType.objects.get(program=miles, code="miles")
    point_type.expiry_policy, point_type.expiry_length = ExpiryPolicy.AFTER_MONTHS, 12
    point_type.save()
    return miles


def reachable(*memberships: Membership) -> None:
    for member in Member.objects.filter(membership__in=memberships):
        update_customer(member.customer, actor=ACTOR, email=f"{member.customer_id}@example.com")
        ContactPreference.objects.create(customer=member.customer, channel=PreferenceChannel.EMAIL, allowed=True)


def emma_in(program: Program, name: str = "Emma Stone") -> Membership:
    membership = make_membership(program, name)
    reachable(membership)
    return membership


def earn(membership: Membership, points: int, *, on: datetime) -> None:
    with clock.frozen(on):
        earn_in_general(PointsCall(membership.pk, points), actor=ACTOR)


def run(program: Program, *, at: datetime, **options: Any) -> Counter[str]:
    with clock.frozen(at):
        return send_notices(program, actor=ACTOR, **options)


def subjects() -> list[str | None]:
    return list(Message.objects.order_by("pk").values_list("subject", flat=True))


# Points that end


def test_points_that_end_are_told_thirty_days_before_and_once_a_month(sky: Program) -> None:
    emma = emma_in(sky)
    earn(emma, 100, on=START)
    earn(emma, 50, on=START + timedelta(days=5))
    earn(emma, 7, on=START + timedelta(days=60))
    end = datetime(2027, 3, 11, tzinfo=UTC)
    assert run(sky, at=end - timedelta(days=31)) == NOTHING
    assert run(sky, at=end - timedelta(days=29)) == {"waiting": 1, "points_expire waiting": 1}
    message = Message.objects.get()
    assert message.subject == "Miles: 150 Miles end soon"
    assert "150 Miles of yours end soon, the first of them on 10 Mar 2027." in (message.body or "")
    for days in (29, 20, 3):
        assert run(sky, at=end - timedelta(days=days)) == NOTHING
    # In May others end: that is another notice.
    assert run(sky, at=end + timedelta(days=40)) == {"waiting": 1, "points_expire waiting": 1}
    assert subjects() == ["Miles: 150 Miles end soon", "Miles: 7 Miles end soon"]


def test_held_and_spent_points_are_not_among_them(sky: Program) -> None:
    emma = emma_in(sky)
    earn(emma, 100, on=START)
    late = datetime(2027, 3, 1, tzinfo=UTC)
    with clock.frozen(late):
        redeem_in_general(PointsCall(emma.pk, 30), actor=ACTOR)
        hold_points(HoldCall(emma.pk, 20, expires_in=3600), actor=ACTOR)
    run(sky, at=late)
    assert subjects() == ["Miles: 50 Miles end soon"]


def test_the_text_says_how_long_before(sky: Program) -> None:
    NoticeTemplate.objects.create(
        program=sky, code="points_expire", subject="{{ days }} days", body="{{ points }}", days_before=5
    )
    emma = emma_in(sky)
    earn(emma, 100, on=START)
    assert run(sky, at=datetime(2027, 3, 5, 12, tzinfo=UTC)) == NOTHING
    assert run(sky, at=datetime(2027, 3, 6, 12, tzinfo=UTC))["waiting"] == 1
    assert subjects() == ["4 days"]


def test_points_that_end_for_want_of_activity_are_told_too(miles: Program) -> None:
    point_type = PointType.objects.get(program=miles, code="miles")
    point_type.expiry_policy, point_type.expiry_length = ExpiryPolicy.INACTIVITY, 6
    point_type.save()
    emma, anna = emma_in(miles), emma_in(miles, "Anna Bauer")
    earn(emma, 100, on=START)
    earn(anna, 100, on=START)
    earn(anna, 1, on=START + timedelta(days=150))
    assert run(miles, at=START + timedelta(days=100)) == NOTHING
    assert run(miles, at=START + timedelta(days=160))["waiting"] == 1
    message = Message.objects.get()
    assert (message.customer.members.get().membership, message.subject) == (emma, "Miles: 100 Miles end soon")
    assert "10 Sep 2026" in (message.body or "")


def test_everybody_who_shares_a_pool_is_told_and_who_ended_is_not(sky: Program) -> None:
    anna, ben = pool_of(sky)
    gone = emma_in(sky, "Gone Girl")
    reachable(anna, ben)
    earn(anna, 100, on=START)
    earn(gone, 100, on=START)
    gone.refresh_from_db()
    gone.status, gone.end_reason, gone.ended_at = "expired", "terminated", START
    gone.save()
    assert run(sky, at=datetime(2027, 3, 1, tzinfo=UTC))["waiting"] == 2
    assert set(subjects()) == {"Miles: 100 Miles end soon"}
    told = Message.objects.values_list("customer__members__membership", flat=True)
    assert sorted(told) == sorted([anna.pk, ben.pk])


# Memberships that end


def test_a_term_that_does_not_renew_is_told_before_it_ends(miles: Program) -> None:
    miles.term_months, miles.fee = 12, "49.00"
    miles.save()
    emma = emma_in(miles)
    assert emma.expires_on == date(2027, 3, 9)
    assert run(miles, at=datetime(2027, 2, 6, 12, tzinfo=UTC)) == NOTHING
    late = datetime(2027, 2, 7, 12, tzinfo=UTC)
    assert run(miles, at=late) == {"waiting": 1, "membership_expires waiting": 1}
    assert run(miles, at=late + timedelta(days=9)) == NOTHING
    assert subjects() == ["Miles: your membership ends on 9 Mar 2027"]


def test_what_renews_by_itself_is_not_told_but_the_end_of_the_season_is(miles: Program) -> None:
    miles.term_months, miles.auto_renew = 12, True
    miles.save()
    emma_in(miles)
    late = datetime(2027, 3, 1, tzinfo=UTC)
    assert run(miles, at=late) == NOTHING
    miles.valid_until = date(2027, 3, 9)
    miles.save()
    assert run(miles, at=late)["membership_expires waiting"] == 1


# The statement


def test_a_statement_is_sent_where_the_program_has_a_text_for_it(miles: Program) -> None:
    emma, quiet = emma_in(miles), emma_in(miles, "Quiet Quentin")
    earn(emma, 500, on=datetime(2026, 3, 20, tzinfo=UTC))
    with clock.frozen(datetime(2026, 4, 3, tzinfo=UTC)):
        redeem_in_general(PointsCall(emma.pk, 120), actor=ACTOR)
    earn(emma, 40, on=datetime(2026, 4, 30, 23, 59, tzinfo=UTC))
    earn(emma, 9, on=datetime(2026, 5, 1, tzinfo=UTC))
    may = datetime(2026, 5, 2, tzinfo=UTC)
    assert run(miles, at=may) == NOTHING
    words = "{{ month }}: {{ opening }} + {{ earned }} {{ redeemed }} {{ expired }} {{ other }} = {{ closing }}"
    NoticeTemplate.objects.create(program=miles, code="statement", subject="{{ point_type }}", body=words)
    assert run(miles, at=may) == {"waiting": 1, "statement waiting": 1}
    assert run(miles, at=may + timedelta(days=20)) == NOTHING
    message = Message.objects.get()
    assert message.customer.members.get().membership == emma != quiet
    assert "April 2026: 500 + 40 -120 0 0 = 420" in (message.body or "")


# The run


def test_a_dry_run_lists_whom_it_touches_and_changes_nothing(sky: Program) -> None:
    emma = emma_in(sky)
    earn(emma, 100, on=START)
    late = datetime(2027, 3, 1, tzinfo=UTC)
    before, told = counted(Message, Event), []
    assert run(sky, at=late, dry_run=True, touched=told.append) == {"waiting": 1, "points_expire waiting": 1}
    assert [(one.code, one.membership_id, one.facts["points"]) for one in told] == [("points_expire", emma.pk, 100)]
    assert counted(Message, Event) == before
    row = Run.objects.values("kind", "dry_run", "counts", "problem", "started_at", "ended_at").get()
    assert row == {
        "kind": "send_notices", "dry_run": True, "counts": {"waiting": 1, "points_expire waiting": 1}, "problem": "",
        "started_at": late, "ended_at": late,
    }  # fmt: skip
    assert run(sky, at=late)["waiting"] == 1


def test_a_run_that_breaks_keeps_what_it_did_and_says_why(sky: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    earn(emma_in(sky), 100, on=START)

    def broken(*_: Any, **__: Any) -> Any:
        raise RuntimeError("no more paper")

    with monkeypatch.context() as patched:
        patched.setattr("activities.notifying._memberships_that_end", broken)
        with pytest.raises(RuntimeError):
            run(sky, at=datetime(2027, 3, 1, tzinfo=UTC))
    kept = Run.objects.get()
    assert (kept.problem, kept.counts["waiting"]) == ("RuntimeError: no more paper", 1)
    assert run(sky, at=datetime(2027, 3, 1, tzinfo=UTC)) == NOTHING
    assert Message.objects.count() == 1


def test_the_worker_does_it_once_a_day(sky: Program) -> None:
    earn(emma_in(sky), 100, on=START)
    morning = datetime(2027, 3, 1, 6, tzinfo=UTC)
    with clock.frozen(morning):
        assert send_due_notices(actor=ACTOR) == 1
    with clock.frozen(morning + timedelta(hours=6)):
        assert send_due_notices(actor=ACTOR) == 0
    assert Run.objects.count() == 1
    with clock.frozen(morning + timedelta(days=1)):
        assert send_due_notices(actor=ACTOR) == 0
    assert Run.objects.count() == 2


def test_a_program_that_is_locked_tells_nobody(sky: Program) -> None:
    earn(emma_in(sky), 100, on=START)
    sky.status = "locked"
    sky.save()
    assert run(sky, at=datetime(2027, 3, 1, tzinfo=UTC)) == NOTHING
    assert Run.objects.count() == 0


def test_the_command_says_what_it_wrote(sky: Program) -> None:
    emma = emma_in(sky)
    earn(emma, 100, on=START)
    with clock.frozen(datetime(2027, 3, 1, tzinfo=UTC)):
        out = io.StringIO()
        call_command("send_notices", "miles", "--dry-run", stdout=out)
        assert out.getvalue().splitlines() == [
            f"points_expire to membership {emma.pk}: points 100, point_type Miles, days 9",
            "miles: 1 would be written, 0 not to be sent.",
        ]
        out = io.StringIO()
        call_command("send_notices", stdout=out)
        assert out.getvalue() == "miles: 1 written, 0 not to be sent.\n"
        with pytest.raises(CommandError):
            call_command("send_notices", "nowhere")
