"""Cancelled redemptions, refunds of spent points, repeated reversals (cases 42, 43, 46, 47)."""

import pytest

from memberships.models import Membership
from points.models import Posting
from programs.models import ExpiryPolicy, Program, RefundPolicy
from tests.factories import lots_of

from .telling import Caller, days_from_now, earned, everything, later, redeemed, rule, run


@pytest.fixture
def outlived(sky: Program, till: Caller, michael: Membership) -> int:
    """100 points, spent in time; meanwhile their own time is over. The redemption."""
    rule(sky, expiry_policy=ExpiryPolicy.AFTER_DAYS, expiry_length=10)
    earned(till, michael, 100)
    sale = redeemed(till, michael, 100)
    later(sky, days=20)
    return sale


def test_42_points_that_come_back_past_their_time_expire_at_once(
    till: Caller, michael: Membership, outlived: int
) -> None:
    answer = till.does(f"postings/{outlived}/reverse", reason="cancelled")
    (expired,) = answer["expired"]
    assert expired["entries"] == [{"point_type": "miles", "amount": -100, "balance_after": 0}]
    assert till.lines_of(michael) == [
        ("earn", 100, 100), ("redeem", -100, 0), ("reverse", 100, 100), ("expire", -100, 0),
    ]  # fmt: skip
    assert lots_of(michael) == [(100, 0)]


def test_42_somebody_with_the_right_extends_them_in_the_same_step(
    sky: Program, till: Caller, agent: Caller, supervisor: Caller, michael: Membership, outlived: int
) -> None:
    path, until = f"postings/{outlived}/reverse", days_from_now(sky, 30)
    for without_right in (till, agent):
        without_right.is_refused(path, 403, "not_allowed", reason="goodwill", extend_until=str(until))
    answer = supervisor.does(path, reason="goodwill", extend_until=str(until))
    assert answer["expired"] == []
    assert lots_of(michael) == [(100, 100)]
    assert till.balances_of(michael)["miles"]["next_expiry"] == {
        "points": 100, "at": f"{days_from_now(sky, 31)}T00:00:00Z",
    }  # fmt: skip
    redeemed(till, michael, 100)


class TestPointsThatComeBackAfterTheRest:
    """The membership has ended and its points have rested and expired: what comes back goes with the next run."""

    def ended(self, sky: Program, till: Caller, membership: Membership) -> None:
        till.does(f"memberships/{membership.pk}/terminate", status=200, reason="asked to leave")
        later(sky, days=30, minutes=1)
        run("expire_points")

    def test_of_a_cancelled_redemption(self, sky: Program, till: Caller, michael: Membership) -> None:
        earned(till, michael, 100)
        sale = redeemed(till, michael, 60)
        self.ended(sky, till, michael)
        till.does(f"postings/{sale}/reverse", reason="cancelled", points=20)
        till.does(f"postings/{sale}/reverse", reason="cancelled", points=40)
        path = f"memberships/{michael.pk}/reinstate"
        till.is_refused(path, 409, "membership_not_restorable", reason="has points again")
        assert run("expire_points") == "60 points expired in 1 postings."
        assert run("expire_points") == "0 points expired in 0 postings."
        assert till.lines_of(michael) == [
            ("earn", 100, 100), ("redeem", -60, 40), ("expire", -40, 0), ("reverse", 20, 20), ("reverse", 40, 60),
            ("expire", -60, 0),
        ]  # fmt: skip
        assert till.reads(f"memberships/{michael.pk}")["rests_until"] is None

    def test_of_a_transfer_taken_back(
        self, sky: Program, till: Caller, michael: Membership, katrin: Membership
    ) -> None:
        earned(till, michael, 100)
        path = f"memberships/{michael.pk}/transfer-points"
        gift = till.does(path, to_membership=katrin.pk, points=50)["posting"]["id"]
        self.ended(sky, till, michael)
        till.does(f"postings/{gift}/reverse", reason="sent-by-mistake")
        assert run("expire_points") == "50 points expired in 1 postings."
        assert till.lines_of(katrin) == [("transfer", 50, 50), ("reverse", -50, 0)]
        assert (till.points_of(michael)["miles"], till.points_of(katrin)["miles"]) == (0, 0)

    def test_of_an_earning_nothing_comes_back(self, sky: Program, till: Caller, michael: Membership) -> None:
        posting = earned(till, michael, 100)
        self.ended(sky, till, michael)
        answer = till.does(f"postings/{posting}/reverse", reason="returned")
        assert (answer["posting"], answer["reversed"][0]["shortfall"]) == (None, 100)
        assert till.reads(f"memberships/{michael.pk}")["rests_until"] is None


class TestRefundOfSpentPoints:
    """Case 43: 100 miles and 100 status points for a purchase, the miles spent, the purchase refunded."""

    @pytest.fixture
    def purchase(self, till: Caller, michael: Membership) -> tuple[int, int]:
        miles, status = earned(till, michael, 100), earned(till, michael, 100, point_type="status")
        redeemed(till, michael, 100)
        return miles, status

    def refund_status(self, till: Caller, michael: Membership, posting: int) -> None:
        """Qualifying points are reduced whatever the policy."""
        till.does(f"postings/{posting}/reverse", reason="returned")
        assert till.points_of(michael)["status"] == 0

    def policy(self, sky: Program, policy: RefundPolicy) -> None:
        sky.refresh_from_db()
        sky.refund_policy = policy
        sky.save()

    def test_43a_refused(self, sky: Program, till: Caller, michael: Membership, purchase: tuple[int, int]) -> None:
        self.policy(sky, RefundPolicy.REFUSE)
        facts = till.is_refused(f"postings/{purchase[0]}/reverse", 422, "points_spent", reason="returned")
        assert facts == {"point_type": "miles", "asked": 100, "left": 0, "spent": 100}
        self.refund_status(till, michael, purchase[1])
        assert till.points_of(michael) == {"miles": 0, "status": 0}

    def test_43b_owed_and_recovered_from_the_next_earnings(
        self, sky: Program, till: Caller, michael: Membership, purchase: tuple[int, int]
    ) -> None:
        self.policy(sky, RefundPolicy.NEGATIVE)
        (line,) = till.does(f"postings/{purchase[0]}/reverse", reason="returned")["reversed"]
        assert (line["asked"], line["posted"], line["debt"], line["cut"]) == (100, 100, 100, 0)
        self.refund_status(till, michael, purchase[1])

        def figures() -> tuple[int, int, int]:
            shown = till.balances_of(michael)["miles"]
            return shown["balance"], shown["available"], shown["debt"]

        assert figures() == (-100, 0, 100)
        earned(till, michael, 30)
        assert figures() == (-70, 0, 70)
        earned(till, michael, 90)
        assert figures() == (20, 20, 0)

    def test_43c_cut_from_the_refund_in_money(
        self, sky: Program, till: Caller, michael: Membership, purchase: tuple[int, int]
    ) -> None:
        self.policy(sky, RefundPolicy.CUT_REFUND)
        rule(sky, money_value="0.015")
        answer = till.does(f"postings/{purchase[0]}/reverse", reason="returned")
        (line,) = answer["reversed"]
        assert (line["asked"], line["posted"], line["debt"], line["cut"]) == (100, 0, 0, 100)
        assert line["cut_from_refund"] == {"amount": "1.50", "currency": "EUR"}
        assert answer["posting"] is None
        self.refund_status(till, michael, purchase[1])
        assert till.points_of(michael) == {"miles": 0, "status": 0}
        assert till.balances_of(michael)["miles"]["debt"] == 0


def test_46_a_reversal_sent_twice_is_done_once(till: Caller, michael: Membership) -> None:
    path = f"postings/{earned(till, michael, 100)}/reverse"
    first = till.posts(path, key="refund-7", reason="returned", points=40)
    again = till.posts(path, key="refund-7", reason="returned", points=40)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again["Idempotent-Replayed"] == "true"
    till.is_refused(path, 422, "key_reused", key="refund-7", reason="returned", points=60)
    assert till.lines_of(michael) == [("earn", 100, 100), ("reverse", -40, 60)]


def test_47_what_was_reversed_is_not_reversed_again(till: Caller, michael: Membership) -> None:
    posting = earned(till, michael, 100)
    till.does(f"postings/{posting}/reverse", reason="returned")
    before = everything()
    facts = till.is_refused(f"postings/{posting}/reverse", 422, "not_reversible", reason="returned")
    assert facts == {"posting": posting, "left": 0}
    reversal = Posting.objects.get(reverses=posting)
    till.is_refused(f"postings/{reversal.pk}/reverse", 422, "not_reversible", reason="returned")
    assert everything() == before
