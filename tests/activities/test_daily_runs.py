"""The commands expire_points, release_holds and redate_lots."""

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from activities.nightly import end_what_is_over
from common import clock
from memberships.ending import terminate
from memberships.models import Membership
from points import expiry
from points.models import Entry, Hold, Lot, LotDateChange, Posting
from programs.life import lock
from programs.models import ExpiryPolicy, PointType, Program, Run
from tests.factories import ACTOR, account_of

from .conftest import Caller, earned

pytestmark = pytest.mark.django_db


def run(name: str, *arguments: str) -> str:
    out = StringIO()
    call_command(name, *arguments, stdout=out)
    return out.getvalue()


def test_expire_points_posts_what_is_due_and_says_so(michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 300)
    earned(michael_adams, 50)
    Lot.objects.filter(amount=300).update(expires_at=clock.now() - timedelta(days=4))
    assert run("expire_points", miles.code) == "300 points expired in 1 postings.\n"
    assert account_of(michael_adams).balance == 50
    assert run("expire_points") == "0 points expired in 0 postings.\n"
    assert Posting.objects.filter(kind="expire").count() == 1


def test_a_dry_run_lists_whose_points_would_expire_and_changes_nothing(
    michael_adams: Membership, katrin_bauer: Membership, miles: Program
) -> None:
    """By date, and those of an ended membership that rested long enough."""
    earned(michael_adams, 300)
    earned(katrin_bauer, 20)
    Lot.objects.filter(amount=300).update(expires_at=clock.now() - timedelta(days=4))
    terminate(katrin_bauer, actor=ACTOR, reason="moved away")
    before = Posting.objects.count()
    with clock.frozen(clock.now() + timedelta(days=400)):
        told = run("expire_points", miles.code, "--dry-run").splitlines()
        assert told == [
            f"{michael_adams.number} 300 Miles of 1 lots",
            f"{katrin_bauer.number} 20 Miles of 1 lots",
            "320 points would expire in 2 postings.",
        ]
        assert (Posting.objects.count(), account_of(michael_adams).balance) == (before, 300)
        katrin_bauer.refresh_from_db()
        assert katrin_bauer.rests_until is not None
        assert run("expire_points", miles.code) == "320 points expired in 2 postings.\n"
    rows = Run.objects.filter(kind="expire_points").order_by("pk").values_list("dry_run", "counts")
    assert list(rows) == [(True, {"points": 320, "postings": 2}), (False, {"points": 320, "postings": 2})]


def test_a_program_that_is_not_released_waits_and_leaves_no_run(michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 300)
    Lot.objects.update(expires_at=clock.now() - timedelta(days=4))
    lock(miles, actor=ACTOR, reason="audit")
    assert run("expire_points") == "0 points expired in 0 postings.\n"
    assert (account_of(michael_adams).balance, Run.objects.count()) == (300, 0)


def test_a_worker_ends_what_is_over_once_a_night(michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 300)
    Lot.objects.update(expires_at=clock.now() - timedelta(days=4))
    assert end_what_is_over(actor=ACTOR) == 2
    assert account_of(michael_adams).balance == 0
    earned(michael_adams, 40)
    Lot.objects.filter(amount=40).update(expires_at=clock.now() - timedelta(days=4))
    assert end_what_is_over(actor=ACTOR) == 0
    assert account_of(michael_adams).balance == 40
    kinds = Run.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["expire_points", "expire_vouchers"]


def test_a_run_records_after_what_was_posted_while_it_ran(
    michael_adams: Membership, katrin_bauer: Membership, miles: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "ACCOUNTS_AT_ONCE", 1)
    earned(michael_adams, 10)
    earned(katrin_bauer, 20)
    Lot.objects.update(expires_at=clock.now() - timedelta(days=4))
    first, second = account_of(michael_adams).pk, account_of(katrin_bauer).pk

    def meanwhile(done: expiry.Expired) -> None:
        if done.account_id == first:
            earned(katrin_bauer, 7)

    assert expiry.expire_points(miles, actor=ACTOR, progress=meanwhile) == 2
    entries = Entry.objects.filter(account=second).order_by("number")
    assert list(entries.values_list("amount", flat=True)) == [20, 7, -20]
    # Statements find a period by halving: an account's entries are recorded in the order of their numbers.
    recorded = list(entries.values_list("posting__recorded_at", flat=True))
    assert recorded == sorted(recorded)


def test_expire_points_refuses_an_unknown_program(db: None) -> None:
    with pytest.raises(CommandError, match="no program"):
        run("expire_points", "nowhere")


def test_release_holds_tidies_once(till: Caller, michael_adams: Membership) -> None:
    earned(michael_adams, 300)
    till.post(f"memberships/{michael_adams.pk}/holds", {"points": 100, "expires_in": 60})
    assert run("release_holds") == "0 holds lapsed.\n"
    with clock.frozen(clock.now() + timedelta(seconds=61)):
        assert run("release_holds") == "1 holds lapsed.\n"
        assert run("release_holds") == "0 holds lapsed.\n"
    assert Hold.objects.get().status == "lapsed"


def test_redate_lots_shows_first_and_changes_with_apply(michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 300)
    point_type = PointType.objects.get(program=miles, code="miles")
    point_type.expiry_policy, point_type.expiry_length = ExpiryPolicy.AFTER_DAYS, 10
    point_type.save()
    arguments = ("redate_lots", miles.code, "miles", "--name", "ten days")
    assert run(*arguments).startswith("1 lots with 300 points would change.\n  never -> ")
    assert Lot.objects.get().expires_at is None
    assert run(*arguments, "--apply").startswith("1 lots with 300 points changed.\n")
    assert Lot.objects.get().expires_at > clock.now() + timedelta(days=10)
    assert LotDateChange.objects.get().reason_code == "ten days"
    assert run(*arguments, "--apply") == "0 lots with 0 points changed.\n"


def test_earning_after_a_rest_lets_the_old_points_expire_and_starts_anew(
    michael_adams: Membership, miles: Program, till: Caller
) -> None:
    point_type = PointType.objects.get(program=miles, code="miles")
    point_type.expiry_policy, point_type.expiry_length = ExpiryPolicy.INACTIVITY, 3
    point_type.save()
    earned(michael_adams, 300)
    with clock.frozen(clock.now() + timedelta(days=120)):
        answer = till.post(f"memberships/{michael_adams.pk}/earn-points", {"points": 40})
    assert (answer.status_code, answer.json()["balances"][0]["balance"]) == (201, 40)
    kinds = Posting.objects.order_by("id").values_list("kind", "reason_code")
    assert list(kinds) == [("earn", ""), ("expire", "inactivity"), ("earn", "")]
