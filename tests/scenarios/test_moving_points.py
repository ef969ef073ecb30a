"""Transfers, and points that serve every channel alike (cases 48-51)."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connection

from memberships.models import Membership
from points.models import Draw
from programs.models import Program
from tests.factories import lots_of, make_membership

from . import telling
from .telling import Caller, earned, everything, redeemed


@pytest.mark.concurrency
def test_48_of_twenty_transfers_at_once_one_succeeds(till: Caller, michael: Membership, katrin: Membership) -> None:
    earned(till, michael, 100)
    path = f"memberships/{michael.pk}/transfer-points"

    def transfer() -> tuple[int, str]:
        try:
            answer = till.posts(path, to_membership=katrin.pk, points=100)
        finally:
            connection.close()
        return answer.status_code, answer.json().get("code", "")

    # More at once than the pool has connections: some wait for one.
    with ThreadPoolExecutor(20) as crowd:
        results = [one.result() for one in [crowd.submit(transfer) for _ in range(20)]]

    assert sorted(results, key=str) == [(201, "")] + [(422, "insufficient_points")] * 19
    assert till.lines_of(michael) == [("earn", 100, 100), ("transfer", -100, 0)]
    assert till.lines_of(katrin) == [("transfer", 100, 100)]


def test_49_points_earned_at_the_till_are_spent_in_the_web_shop(
    sky: Program, till: Caller, michael: Membership
) -> None:
    shop = telling.channel("web-shop", sky)
    earned(till, michael, 100)
    sale = redeemed(shop, michael, 70)
    assert lots_of(michael) == [(100, 30)]
    assert list(Draw.objects.filter(posting=sale).values_list("amount", flat=True)) == [70]
    assert till.points_of(michael) == shop.points_of(michael) == {"miles": 30, "status": 0}


def test_50_qualifying_points_are_not_transferred(till: Caller, michael: Membership, katrin: Membership) -> None:
    earned(till, michael, 100, point_type="status")
    path = f"memberships/{michael.pk}/transfer-points"
    till.is_refused(path, 422, "not_transferable", to_membership=katrin.pk, points=100, point_type="status")
    assert till.points_of(michael) == {"miles": 0, "status": 100}


class TestTransfersThatMayNotBe:
    """Case 51. Anonymous, organization and pooled receivers follow with the verbs that make them."""

    @pytest.fixture
    def path(self, till: Caller, michael: Membership) -> str:
        earned(till, michael, 100)
        return f"memberships/{michael.pk}/transfer-points"

    def test_51_to_a_suspended_membership(self, till: Caller, path: str, katrin: Membership) -> None:
        till.does(f"memberships/{katrin.pk}/suspend", status=200, reason="under investigation")
        facts = till.is_refused(path, 422, "membership_not_able", to_membership=katrin.pk, points=100)
        assert (facts["membership"], facts["capability"], facts["status"]) == (katrin.pk, "transfer_in", "suspended")

    def test_51_to_an_expired_membership(self, till: Caller, path: str, katrin: Membership) -> None:
        till.does(f"memberships/{katrin.pk}/terminate", status=200, reason="asked to leave")
        facts = till.is_refused(path, 422, "membership_not_able", to_membership=katrin.pk, points=100)
        assert (facts["membership"], facts["capability"], facts["status"]) == (katrin.pk, "transfer_in", "expired")

    def test_51_to_oneself(self, till: Caller, path: str, michael: Membership) -> None:
        till.is_refused(path, 422, "same_account", to_membership=michael.pk, points=100)
        assert lots_of(michael) == [(100, 100)]

    def test_51_to_another_program(self, till: Caller, path: str, michael: Membership) -> None:
        sea = telling.open_program("sea")
        stranger = make_membership(sea, "John Miller")
        # The till knows nothing of the other program; the call centre, which sees both, is told why.
        till.is_refused(path, 404, "not_found", to_membership=stranger.pk, points=100)
        centre = telling.channel("call-centre")
        centre.is_refused(path, 422, "different_program", to_membership=stranger.pk, points=100)
        before = everything()
        assert centre.points_of(stranger) == {"miles": 0, "status": 0}
        assert everything() == before
