"""Points redeemed outside of a sale, as the member allowed by the code that was sent to them (domain 1.11)."""

from collections.abc import Callable
from typing import Any

import pytest

from activities.calls import PointsCall
from activities.models import MemberActivity
from activities.redeeming import redeem
from common.errors import LoyaltyError
from customers.models import Message
from memberships.errors import CodeNotEnough, CodeNotValid, MembershipNotAble
from memberships.models import Membership, SpendingCode
from memberships.spending_codes import CodeCall, send_spending_code
from points.errors import InsufficientPoints
from points.models import Posting
from programs.models import Program, Redeemers
from tests.activities.conftest import Caller, earned
from tests.activities.sales import paying, sale
from tests.asking import code_in, reachable, wrong
from tests.audit.helpers import assert_audit_clean
from tests.changes import group_of, people_of
from tests.factories import ACTOR, account_of, counted, member_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def katrin(katrin_bauer: Membership) -> Membership:
    """With an address and 100 miles."""
    reachable(katrin_bauer)
    earned(katrin_bauer, 100)
    return katrin_bauer


def sent(membership: Membership, points: int = 60, **values: Any) -> str:
    return code_in(send_spending_code(CodeCall(membership.pk, points, **values), actor=ACTOR))


def spend(membership: Membership, code: str, points: int = 60, **values: Any) -> dict[str, Any]:
    return redeem(PointsCall(membership.pk, points, code=code, **values), actor=ACTOR)


def refused(error: type[LoyaltyError], func: Callable[[], Any]) -> None:
    """After which nothing is there that was not there before, and no code is used."""
    before = counted(MemberActivity, Posting, Message), list(SpendingCode.objects.order_by("pk").values())
    with pytest.raises(error):
        func()
    assert (counted(MemberActivity, Posting, Message), list(SpendingCode.objects.order_by("pk").values())) == before


def test_the_code_allows_one_redemption_and_names_it(katrin: Membership) -> None:
    code = sent(katrin)
    answer = spend(katrin, code)
    row = SpendingCode.objects.get()
    assert (row.activity_id, row.transaction_id, row.used_at is None) == (answer["activity"], None, False)
    assert (account_of(katrin).balance, MemberActivity.objects.get(pk=answer["activity"]).customer_id) == (
        40, member_of(katrin),
    )  # fmt: skip
    refused(CodeNotValid, lambda: spend(katrin, code, points=5))
    assert account_of(katrin).balance == 40
    assert_audit_clean()


def test_a_code_pays_a_sale_or_a_redemption_but_not_both(katrin: Membership, michael_adams: Membership) -> None:
    code = sent(katrin)
    spend(katrin, code, points=5)
    refused(CodeNotValid, lambda: sale(michael_adams, "10", redeem=paying(katrin, 5, code=code)))
    again = sent(katrin)
    sale(michael_adams, "10", redeem=paying(katrin, 5, code=again))
    refused(CodeNotValid, lambda: spend(katrin, again, points=5))
    assert account_of(katrin).balance == 90
    assert_audit_clean()


def test_a_wrong_code_is_refused_though_none_was_needed(katrin: Membership) -> None:
    code = sent(katrin)
    refused(CodeNotValid, lambda: spend(katrin, wrong(code)))
    redeem(PointsCall(katrin.pk, 60), actor=ACTOR)
    assert account_of(katrin).balance == 40


def test_no_more_and_no_other_points_than_the_person_was_told(katrin: Membership) -> None:
    code = sent(katrin, 60)
    refused(CodeNotEnough, lambda: spend(katrin, code, points=61))
    refused(CodeNotEnough, lambda: spend(katrin, code, points=5, point_type="status"))
    spend(katrin, code, points=60)


def test_a_refused_redemption_leaves_the_code_as_it_was(katrin: Membership) -> None:
    code = sent(katrin, 500)
    refused(InsufficientPoints, lambda: spend(katrin, code, points=101))
    spend(katrin, code, points=100)
    assert account_of(katrin).balance == 0


def test_who_may_not_spend_alone_does_with_the_code_of_who_may(miles: Program) -> None:
    miles.pool_redeemers = Redeemers.OWNER
    miles.save()
    group = group_of(miles, "Anna", "Ben")
    anna, ben = people_of(group)
    reachable(group)
    earned(group, 100)
    refused(MembershipNotAble, lambda: redeem(PointsCall(group.pk, 10, member=ben), actor=ACTOR))
    refused(MembershipNotAble, lambda: sent(group, member=ben))
    code = sent(group, member=anna)
    refused(CodeNotValid, lambda: spend(group, code, points=10, member=ben))
    answer = spend(group, code, points=10)
    assert MemberActivity.objects.get(pk=answer["activity"]).customer_id == anna
    assert account_of(group).balance == 90
    assert_audit_clean()


@pytest.fixture
def till(caller: Callable[..., Caller], miles: Program) -> Caller:
    return caller("points:earn", "points:redeem", programs=(miles,))


def test_a_till_redeems_with_the_code_it_had_sent(till: Caller, katrin: Membership) -> None:
    till.post(f"memberships/{katrin.pk}/spending-codes", {"points": 60})
    code = code_in(SpendingCode.objects.get())
    tried = till.post(f"memberships/{katrin.pk}/redeem-points", {"points": 60, "code": code}, dry_run="true")
    assert (tried.status_code, SpendingCode.objects.get().used_at) == (201, None)
    told = till.post(f"memberships/{katrin.pk}/redeem-points", {"points": 60, "code": code})
    assert (told.status_code, account_of(katrin).balance) == (201, 40)
    again = till.post(f"memberships/{katrin.pk}/redeem-points", {"points": 5, "code": code})
    assert (again.status_code, again.json()["code"]) == (422, "code_not_valid")


def test_a_code_is_no_right(caller: Callable[..., Caller], miles: Program, katrin: Membership) -> None:
    code = sent(katrin)
    answer = caller("points:earn", programs=(miles,)).post(
        f"memberships/{katrin.pk}/redeem-points", {"points": 5, "code": code}
    )
    assert (answer.status_code, account_of(katrin).balance) == (403, 100)


def test_nobody_earns_by_a_code(till: Caller, katrin: Membership) -> None:
    answer = till.post(f"memberships/{katrin.pk}/earn-points", {"points": 60, "code": "123456"})
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


def test_wrong_codes_count_like_wrong_numbers(
    till: Caller, katrin: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted_for: list[str] = []
    monkeypatch.setattr("memberships.api.guesses.count_failure", counted_for.append)
    answer = till.post(f"memberships/{katrin.pk}/redeem-points", {"points": 5, "code": "123456"})
    assert (answer.status_code, answer.json()["code"], len(counted_for)) == (422, "code_not_valid", 1)
    monkeypatch.setattr("memberships.api.guesses.too_many_failures", lambda subject: True)
    answer = till.post(f"memberships/{katrin.pk}/redeem-points", {"points": 5, "code": "123457"})
    assert (answer.status_code, account_of(katrin).balance) == (429, 100)
