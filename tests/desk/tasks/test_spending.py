"""Redeeming at the desk, and having the member allow it by a code."""

import pytest

from activities.models import MemberActivity
from customers.models import Message
from memberships.lifecycle import suspend
from memberships.models import Membership, SpendingCode
from points.models import Posting
from programs.models import Program, Redeemers
from tests.activities.conftest import earned
from tests.asking import code_in, reachable, wrong
from tests.audit.helpers import assert_audit_clean
from tests.changes import group_of, people_of
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, account_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def rich(michael_adams: Membership) -> Membership:
    earned(michael_adams, 500)
    reachable(michael_adams)
    return michael_adams


def wish(points: str = "200", **more: str) -> dict[str, str]:
    return {"points": points, "point_type": "miles"} | more


def test_points_are_redeemed_for_what_has_no_order(agent: Desk, rich: Membership) -> None:
    path, before = f"memberships/{rich.pk}/redeem", everything()
    preview = agent.previews(path, **wish(reference="Vase in store 12"))
    assert said(preview) == ["200 Miles are spent."]
    assert changed(preview) == {"Miles": (500, 300)}
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    spent = MemberActivity.objects.get(type__code="redeem")
    assert (spent.reference, spent.points, account_of(rich).balance) == ("Vase in store 12", 200, 300)
    assert f"Posting {Posting.objects.latest('pk').pk}" in ways(receipt)
    assert_audit_clean()


def test_a_code_is_sent_and_used_once_at_the_desk(agent: Desk, rich: Membership) -> None:
    before = everything()
    preview = agent.previews(f"memberships/{rich.pk}/spending-code", **wish())
    assert said(preview)[:2] == [
        "A code of 6 digits goes to the member's registered address.",
        "It is good for 30 minutes, once, for up to 200 Miles.",
    ]
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    row = SpendingCode.objects.get()
    code = code_in(row)
    assert (row.most_points, row.user_id, Message.objects.count()) == (200, agent.user.pk, 1)
    assert ways(receipt)["Redeem with the code"] == f"/desk/memberships/{rich.pk}/redeem?points=200&point_type=miles"
    assert code not in receipt.content.decode()
    path = f"memberships/{rich.pk}/redeem"
    agent.does(path, **wish(reference="By phone", code=f" {code} "))
    row.refresh_from_db()
    assert (row.activity_id, account_of(rich).balance) == (MemberActivity.objects.get(type__code="redeem").pk, 300)
    late = agent.previews(path, **wish("5", reference="By phone", code=code))
    assert (late.status_code, account_of(rich).balance) == (422, 300)
    assert said(late)[0].startswith("This is no code that waits")
    assert_audit_clean()


def test_a_wrong_code_is_refused_in_the_preview(agent: Desk, rich: Membership) -> None:
    agent.does(f"memberships/{rich.pk}/spending-code", **wish())
    code = code_in(SpendingCode.objects.get())
    answer = agent.previews(f"memberships/{rich.pk}/redeem", **wish(reference="x", code=wrong(code)))
    assert (answer.status_code, account_of(rich).balance) == (422, 500)


def test_in_a_group_the_owner_allows_what_another_member_asks_for(agent: Desk, miles: Program) -> None:
    miles.pool_redeemers = Redeemers.OWNER
    miles.save()
    group = group_of(miles, "Anna", "Ben")
    anna, ben = people_of(group)
    earned(group, 100)
    reachable(group)
    path = f"memberships/{group.pk}/redeem"
    alone = agent.previews(path, **wish("10", reference="x", member=str(ben)))
    assert said(alone)[0].endswith("only the main member of this group redeems in it.")
    agent.does(f"memberships/{group.pk}/spending-code", **wish("10", member=str(anna)))
    code = code_in(SpendingCode.objects.get())
    agent.does(path, **wish("10", reference="x", member=str(ben), code=code))
    assert MemberActivity.objects.get(type__code="redeem").customer_id == anna
    assert account_of(group).balance == 90
    assert_audit_clean()


def test_who_can_not_be_reached_gets_none_and_the_page_says_so(agent: Desk, michael_adams: Membership) -> None:
    answer = agent.previews(f"memberships/{michael_adams.pk}/spending-code", **wish())
    assert answer.status_code == 422
    assert "no e-mail address" in said(answer)[0]
    assert not SpendingCode.objects.exists()


@pytest.mark.parametrize("task", ["redeem", "spending-code"])
def test_nothing_is_offered_where_the_membership_may_not_spend(agent: Desk, rich: Membership, task: str) -> None:
    suspend(rich, actor=ACTOR, reason="asked")
    page = agent.opens(f"memberships/{rich.pk}/{task}", "ineligible")
    assert "may not redeem points" in said(page)[0]
