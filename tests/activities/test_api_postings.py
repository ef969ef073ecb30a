"""GET /api/postings/{id}: what the feed told of, whole."""

from collections.abc import Callable

import pytest

from activities.models import MemberActivity
from gateway.models import Event
from memberships.models import Membership
from points.models import Posting
from programs.models import Program
from tests.activities.conftest import Caller, earned
from tests.activities.sales import per_euro, released
from tests.changes import pool_of
from tests.factories import make_membership, make_program, member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def till(caller: Callable[..., Caller], miles: Program) -> Caller:
    released(miles, per_euro())
    return caller("activities:write", "points:earn", "points:transfer", "memberships:read", programs=(miles,))


def heard(kind: str) -> int:
    """The posting of the only such event."""
    return int(Event.objects.get(kind="points.posted", facts__kind=kind).subject_id)


def test_a_posting_says_whose_points_which_types_and_why(till: Caller, michael_adams: Membership) -> None:
    sale = {"reference": "R-1", "amount": "50.00", "currency": "EUR", "membership_id": michael_adams.pk}
    sold = till.post("transactions", sale)
    assert sold.status_code == 201
    row = Posting.objects.get()
    told = till.get(f"postings/{heard('earn')}").json()
    assert {name: told[name] for name in ("id", "kind", "program", "membership", "member", "activity", "reverses")} == {
        "id": row.pk,
        "kind": "earn",
        "program": "miles",
        "membership": michael_adams.pk,
        "member": member_of(michael_adams),
        "activity": MemberActivity.objects.get().pk,
        "reverses": None,
    }
    assert told["entries"] == [
        {"point_type": "miles", "amount": 50, "balance_after": 50, "membership": michael_adams.pk}
    ]
    assert told["because"] == [effect["because"] for effect in sold.json()["effects"]]
    assert len(told["because"]) == 1


def test_a_transfer_shows_both_sides(till: Caller, michael_adams: Membership, katrin_bauer: Membership) -> None:
    till.post(f"memberships/{michael_adams.pk}/earn-points", {"points": 30})
    till.post(f"memberships/{michael_adams.pk}/transfer-points", {"to_membership": katrin_bauer.pk, "points": 10})
    told = till.get(f"postings/{heard('transfer')}").json()
    assert (told["membership"], told["activity"], told["because"]) == (michael_adams.pk, told["activity"], [])
    assert sorted((one["membership"], one["amount"]) for one in told["entries"]) == sorted(
        [(michael_adams.pk, -10), (katrin_bauer.pk, 10)]
    )


def test_points_of_a_pool_are_nobodys_own(till: Caller, miles: Program) -> None:
    _, ben = pool_of(miles, "Anna", "Ben")
    till.post(f"memberships/{ben.pk}/earn-points", {"points": 30})
    told = till.get(f"postings/{heard('earn')}").json()
    assert (told["membership"], [one["membership"] for one in told["entries"]]) == (ben.pk, [None])


def test_a_posting_of_another_program_answers_like_none(till: Caller) -> None:
    earned(make_membership(make_program("sea"), "Eve"), 10)
    foreign, none = (till.get(f"postings/{pk}") for pk in (heard("earn"), 10**9))
    assert (foreign.status_code, foreign.json()) == (404, none.json())
