"""What staff are asked at the desk, told through the API with their sessions."""

from memberships.models import Membership
from programs.models import ExpiryPolicy, Program
from staff.models import Role

from . import telling
from .telling import Caller, earned, everything, later, redeemed, rule, run


def test_wrong_points_were_booked_yesterday(
    sky: Program, till: Caller, agent: Caller, supervisor: Caller, michael: Membership
) -> None:
    earned(till, michael, 500, reference="R-17, should have been 50")
    later(sky, days=1)
    (line,) = agent.reads(f"memberships/{michael.pk}/statement")["results"]
    path = f"postings/{line['posting']}/reverse"
    agent.is_refused(path, 403, "not_allowed", reason="booked-wrongly", points=450)

    answer = supervisor.does(path, reason="booked-wrongly", points=450)

    assert (answer["part"], answer["in_full"], answer["membership"]) == (1, False, michael.pk)
    lines = agent.reads(f"memberships/{michael.pk}/statement")["results"]
    assert [(one["kind"], one["amount"], one["balance_after"], one["reason"], one["reverses"]) for one in lines] == [
        ("earn", 500, 500, "", None), ("reverse", -450, 50, "booked-wrongly", line["posting"]),
    ]  # fmt: skip
    facts = supervisor.is_refused(path, 422, "not_reversible", reason="booked-wrongly", points=51)
    assert (facts["left"], facts["asked"]) == (50, 51)


def test_a_customer_asks_why_points_are_gone(sky: Program, till: Caller, agent: Caller, michael: Membership) -> None:
    rule(sky, expiry_policy=ExpiryPolicy.AFTER_DAYS, expiry_length=10)
    earned(till, michael, 100)
    later(sky, days=8)
    earned(till, michael, 200)
    sale = redeemed(till, michael, 30)
    later(sky, days=7)
    assert run("expire_points") == "70 points expired in 1 postings."

    statement = agent.reads(f"memberships/{michael.pk}/statement")
    assert [(one["kind"], one["amount"], one["balance_after"]) for one in statement["results"]] == [
        ("earn", 100, 100), ("earn", 200, 300), ("redeem", -30, 270), ("expire", -70, 200),
    ]  # fmt: skip
    assert statement["accounts"][0] == {"point_type": "miles", "pooled": False, "opening": 0, "closing": 200}
    assert statement["results"][-1]["reason"] == "date"

    after_the_sale = statement["results"][2]["recorded_at"]
    why = agent.reads(f"memberships/{michael.pk}/explain", at=after_the_sale)
    assert (why["balance"], [(lot["amount"], lot["left"]) for lot in why["lots"]]) == (270, [(100, 70), (200, 200)])
    (draw,) = why["lots"][0]["drawn_by"]
    assert (draw["points"], draw["posting"]["id"], draw["posting"]["kind"]) == (30, sale, "redeem")
    now = agent.reads(f"memberships/{michael.pk}/explain")
    assert (now["balance"], [(lot["amount"], lot["left"]) for lot in now["lots"]]) == (200, [(200, 200)])


def test_goodwill_above_the_limit_needs_a_second_person(
    till: Caller, agent: Caller, supervisor: Caller, michael: Membership
) -> None:
    path = f"memberships/{michael.pk}/adjustments"
    asked = agent.does(path, status=202, points=5_000, reason_code="goodwill", note="two hours in the queue")
    assert (asked["posting"], asked["adjustment"]["status"]) == (None, "waiting")
    pk = asked["adjustment"]["id"]
    (waiting,) = supervisor.reads("adjustments", status="waiting")["results"]
    assert (waiting["id"], waiting["points"]) == (pk, 5_000)
    for not_a_second_person in (agent, till):
        before = everything()
        assert not_a_second_person.posts(f"adjustments/{pk}/approve").status_code == 403
        assert everything() == before

    done = supervisor.does(f"adjustments/{pk}/approve", status=200, note="heard the recording")

    assert done["adjustment"]["status"] == "posted"
    assert till.lines_of(michael) == [("adjust", 5_000, 5_000)]
    other = telling.staff("oscar", Role.SUPERVISOR)
    other.is_refused(f"adjustments/{pk}/approve", 409, "adjustment_decided")


def test_nobody_approves_their_own_request(supervisor: Caller, michael: Membership) -> None:
    path = f"memberships/{michael.pk}/adjustments"
    pk = supervisor.does(path, status=202, points=5_000, reason_code="goodwill")["adjustment"]["id"]
    before = everything()
    assert supervisor.posts(f"adjustments/{pk}/approve").status_code == 403
    assert everything() == before
    other = telling.staff("oscar", Role.SUPERVISOR)
    other.does(f"adjustments/{pk}/refuse", status=200, note="no reason given")
    assert other.points_of(michael) == {"miles": 0, "status": 0}
