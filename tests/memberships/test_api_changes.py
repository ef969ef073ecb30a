"""The calls about changes: what they take, what they show, and what they leave when they are refused or rehearsed."""

from typing import Any

import pytest

from memberships.changes.plan import Proposal
from memberships.changes.proposing import draft
from memberships.models import Consent, ConsentDecision, Member, Membership, MembershipChange
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_membership, member_of
from tests.scenarios import telling
from tests.scenarios.changing import consents, desk, merge_proposed, merged, people, split_proposed
from tests.scenarios.telling import Caller, earned, everything, redeemed

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sky(transactional_db: None) -> Program:
    return telling.open_program("sky")


@pytest.fixture
def centre(sky: Program) -> Caller:
    return desk(sky)


@pytest.fixture
def anna(sky: Program) -> Membership:
    return make_membership(sky, "Anna Bauer")


@pytest.fixture
def ben(sky: Program) -> Membership:
    return make_membership(sky, "Ben Miller")


def test_a_proposal_tells_what_was_asked_for_and_who_is_missing(
    centre: Caller, anna: Membership, ben: Membership
) -> None:
    change = merge_proposed(centre, anna, ben, "group", main=member_of(ben), reason="a family")
    asked = {name: change[name] for name in ("kind", "prime", "secondary", "main", "leaver", "result_type", "program")}
    assert asked == {
        "kind": "merge",
        "prime": anna.pk,
        "secondary": ben.pk,
        "main": member_of(ben),
        "leaver": None,
        "result_type": "group",
        "program": "sky",
    }
    assert (change["ratio"], change["shares"], change["freeze"], change["basis"]) == (None, {}, False, None)
    row = MembershipChange.objects.get()
    assert (change["id"], change["digest"], change["terms"]) == (row.pk, row.digest, row.terms)
    assert row.reason == "a family"
    assert [(one["customer"], one["membership"], one["status"], one["method"]) for one in change["consents"]] == [
        (member_of(anna), anna.pk, "asked", None),
        (member_of(ben), ben.pk, "asked", None),
    ]
    assert change["missing"] == [member_of(anna), member_of(ben)]
    assert centre.reads(f"membership-changes/{change['id']}") == change


@pytest.mark.parametrize(("ratio", "shown"), [(40, "40"), ("40", "40"), ("33.3333", "33.3333"), (12.5, "12.5")])
def test_a_ratio_is_the_leavers_share_in_percent(
    ratio: Any, shown: str, centre: Caller, anna: Membership, ben: Membership
) -> None:
    merged(centre, anna, ben, "shared")
    assert split_proposed(centre, anna, member_of(ben), "ratio", ratio=ratio)["ratio"] == shown


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"kind": "join"},
        {"kind": "divorce", "prime": 1},
        {"kind": ["merge"]},
        {"kind": "merge", "prime": 1},
        {"kind": "merge", "prime": 1, "secondary": "2"},
        {"kind": "merge", "prime": 1, "secondary": 2, "result_type": "anonymous"},
        {"kind": "merge", "prime": 1, "secondary": 2, "leaver": 3},
        {"kind": "absorb", "prime": 1, "secondary": None},
        {"kind": "split", "membership": 1},
        {"kind": "split", "membership": 1, "leaver": 2, "prime": 1},
        {"kind": "split", "membership": 1, "leaver": 2, "policy": "by_lot"},
        {"kind": "split", "membership": 1, "leaver": 2, "policy": "ratio", "ratio": "60:40"},
        {"kind": "split", "membership": 1, "leaver": 2, "policy": "ratio", "ratio": True},
        {"kind": "split", "membership": 1, "leaver": 2, "policy": "ratio", "ratio": "100.0001"},
        {"kind": "split", "membership": 1, "leaver": 2, "policy": "ratio", "ratio": -1},
        {"kind": "split", "membership": 1, "leaver": 2, "policy": "manual", "shares": {"miles": -1}},
        {"kind": "split", "membership": 1, "leaver": 2, "policy": "manual", "shares": {"miles": 1.5}},
        {"kind": "split", "membership": 1, "leaver": 2, "policy": "manual", "shares": [300]},
    ],
)
def test_what_is_no_proposal_is_malformed(body: dict[str, Any], centre: Caller) -> None:
    centre.is_refused("membership-changes", 400, "malformed", **body)


@pytest.mark.parametrize(
    "more",
    [
        {"method": "code"},
        {"method": "in_person", "evidence": "passport", "code": "123456"},
        {"method": "link"},
        {"method": "recorded_decision", "evidence": "letter"},
        {"method": "document", "evidence": "letter", "decision": "refused"},
        {"method": "in_person", "decision": "asked"},
    ],
)
def test_what_is_no_consent_is_malformed(
    more: dict[str, Any], centre: Caller, anna: Membership, ben: Membership
) -> None:
    change = merge_proposed(centre, anna, ben, "shared")
    said = {"customer": member_of(anna), "decision": "given"} | more
    centre.is_refused(f"membership-changes/{change['id']}/consents", 400, "malformed", **said)


def test_rehearsals_answer_as_if_and_leave_nothing(centre: Caller, anna: Membership, ben: Membership) -> None:
    asked = {"kind": "merge", "prime": anna.pk, "secondary": ben.pk, "result_type": "group", "main": member_of(ben)}
    before = everything()
    answer = centre.does("membership-changes?dry_run=true", **asked)
    assert (answer["id"], answer["status"], answer["dry_run"]) == (None, "awaiting_consent", True)
    assert everything() == before

    change = consents(centre, merge_proposed(centre, anna, ben, "group", main=member_of(ben)))
    path = f"membership-changes/{change['id']}"
    before = everything()
    for verb, body in (("carry-out", {}), ("withdraw", {"reason": "to see"})):
        answer = centre.does(f"{path}/{verb}?dry_run=true", status=200, **body)
        assert (answer["id"], answer["dry_run"]) == (change["id"], True)
        # What would be made has no id.
        assert (answer["result"], answer["posting"]) == (None, None)
    assert everything() == before
    assert centre.reads(path) == change


def test_the_same_key_carries_out_once_and_answers_the_same(centre: Caller, anna: Membership, ben: Membership) -> None:
    earned(centre, anna, 100)
    change = consents(centre, merge_proposed(centre, anna, ben, "shared"))
    first, again = (centre.posts(f"membership-changes/{change['id']}/carry-out", key="click") for _ in range(2))
    assert (first.status_code, again.status_code, again["Idempotent-Replayed"]) == (200, 200, "true")
    assert first.content == again.content
    centre.is_refused(f"membership-changes/{change['id']}/carry-out", 409, "change_status")
    assert centre.points_of(ben)["miles"] == 100


def test_where_the_terms_changed_carrying_out_is_refused_and_everyone_is_asked_again(
    centre: Caller, sky: Program, anna: Membership, ben: Membership
) -> None:
    change = consents(centre, merge_proposed(centre, anna, ben, "shared"))
    path = f"membership-changes/{change['id']}"
    (member,) = Member.objects.filter(membership=ben)
    centre.does(f"memberships/{ben.pk}/members/{member.customer_id}/suspend", status=200, reason="lost papers")
    kept = everything()

    rehearsed = centre.posts(f"{path}/carry-out?dry_run=true")
    assert (rehearsed.status_code, rehearsed.json()["code"]) == (409, "terms_changed")
    assert everything() == kept
    answer = centre.posts(f"{path}/carry-out")

    assert (answer.status_code, answer.json()["code"]) == (409, "terms_changed"), answer.json()
    asked = centre.reads(path)
    assert (asked["status"], asked["missing"]) == ("awaiting_consent", [member_of(anna), member_of(ben)])
    assert [one["status"] for one in asked["consents"]] == ["void", "void"]
    assert asked["digest"] != change["digest"]
    assert ConsentDecision.objects.filter(decision="void").count() == 2
    consents(centre, asked)
    assert centre.does(f"{path}/carry-out", status=200)["status"] == "carried_out"
    assert_audit_clean()


def test_a_consent_to_other_terms_than_those_in_force_is_refused(
    centre: Caller, anna: Membership, ben: Membership
) -> None:
    change = merge_proposed(centre, anna, ben, "shared")
    said = {"customer": member_of(anna), "decision": "given", "method": "in_person", "evidence": "passport"}
    path = f"membership-changes/{change['id']}/consents"
    centre.is_refused(path, 409, "terms_changed", digest="0" * 64, **said)
    assert centre.does(path, status=200, digest=change["digest"], **said)["missing"] == [member_of(ben)]


def test_whoever_is_not_affected_is_not_asked(centre: Caller, sky: Program, anna: Membership, ben: Membership) -> None:
    change = merge_proposed(centre, anna, ben, "shared")
    stranger = member_of(make_membership(sky, "Cleo Stranger"))
    said = {"customer": stranger, "decision": "given", "method": "in_person", "evidence": "passport"}
    path = f"membership-changes/{change['id']}"
    centre.is_refused(f"{path}/consents", 422, "not_asked", **said)
    centre.is_refused(f"{path}/ask", 422, "not_asked", customer=stranger, method="code")
    assert Consent.objects.count() == 2


def test_a_membership_is_in_one_open_change_at_most(
    centre: Caller, sky: Program, anna: Membership, ben: Membership
) -> None:
    change = merge_proposed(centre, anna, ben, "shared")
    third = make_membership(sky, "Cleo Third")
    asked = {"kind": "merge", "prime": third.pk, "secondary": anna.pk, "result_type": "shared"}
    facts = centre.is_refused("membership-changes", 409, "change_open", **asked)
    assert (facts["change"], facts["membership"]) == (change["id"], anna.pk)
    assert centre.does(f"membership-changes/{change['id']}/withdraw", status=200, reason="no")["status"] == "withdrawn"
    centre.does("membership-changes", **asked)


def test_the_list_is_narrowed_and_goes_from_page_to_page(
    centre: Caller, sky: Program, anna: Membership, ben: Membership
) -> None:
    first = merged(centre, anna, ben, "shared")["id"]
    second = split_proposed(centre, anna, member_of(ben), "equal")["id"]
    other = merge_proposed(centre, make_membership(sky, "Cleo"), make_membership(sky, "Dora"), "shared")["id"]

    def found(**query: Any) -> list[int]:
        return [one["id"] for one in centre.reads("membership-changes", **query)["results"]]

    assert found() == found(program="sky") == [other, second, first]
    assert found(program="sea") == []
    assert found(status="carried_out") == [first]
    assert found(status="awaiting_consent") == [other, second]
    assert found(kind="split") == [second]
    assert found(membership=anna.pk) == found(customer=member_of(ben)) == [second, first]
    page = centre.reads("membership-changes", page_size=2)
    assert [one["id"] for one in page["results"]] == [other, second]
    (_, _, following) = page["next"].partition("?")
    assert [one["id"] for one in centre.reads(f"membership-changes?{following}")["results"]] == [first]


def test_a_page_of_changes_costs_the_same_for_one_and_for_many(
    centre: Caller, sky: Program, django_assert_num_queries: Any, django_assert_max_num_queries: Any
) -> None:
    def propose(number: int) -> None:
        pair = [make_membership(sky, f"{name} {number}") for name in ("Ann", "Bob")]
        merge_proposed(centre, *pair, "shared")

    propose(0)
    centre.reads("membership-changes")
    with django_assert_max_num_queries(12) as queries:
        centre.reads("membership-changes")
        cost = len(queries)
    for number in range(1, 5):
        propose(number)
    with django_assert_num_queries(cost):
        assert len(centre.reads("membership-changes")["results"]) == 5


def test_drafts_of_the_wizard_are_not_shown(centre: Caller, anna: Membership, ben: Membership) -> None:
    made = draft(Proposal("merge", anna.pk, ben.pk, result_type="shared"), actor=ACTOR)
    assert centre.reads("membership-changes")["results"] == []
    assert centre.client.get(f"/api/membership-changes/{made.pk}", headers=centre.headers).status_code == 404
    centre.is_refused(f"membership-changes/{made.pk}/withdraw", 404, "not_found", reason="no")


def test_an_undo_that_is_no_longer_possible_says_why(
    centre: Caller, sky: Program, anna: Membership, ben: Membership
) -> None:
    change = merged(centre, anna, ben, "shared")
    telling.later(sky, days=sky.undo_window_days + 1)
    centre.is_refused(f"membership-changes/{change['id']}/undo", 409, "not_undoable", reason="too late")
    assert people(centre.reads(f"memberships/{anna.pk}")) == [member_of(anna)]


def test_a_suspended_member_of_a_group_neither_earns_nor_redeems_while_the_others_do(
    centre: Caller, anna: Membership, ben: Membership
) -> None:
    annas, bens = member_of(anna), member_of(ben)
    group = merged(centre, anna, ben, "group", main=annas)["result"]
    path = f"memberships/{group}/members/{bens}"
    answer = centre.does(f"{path}/suspend", status=200, reason="lost papers")
    assert {one["customer"]: one["suspended"] for one in answer["members"]} == {annas: False, bens: True}
    centre.is_refused(f"{path}/suspend", 409, "membership_status", reason="again")
    centre.is_refused(f"memberships/{group}/earn-points", 422, "membership_not_able", points=5, member=bens)
    earned(centre, group, 5, member=annas)
    centre.does(f"{path}/reinstate", status=200, reason="papers found")
    earned(centre, group, 7, member=bens)
    assert centre.points_of(group)["miles"] == 12
    centre.is_refused(f"memberships/{group}/members/999999/suspend", 422, "not_a_member", reason="by mistake")


def test_fairness_tells_who_brought_who_spent_and_what_each_would_take(
    centre: Caller, anna: Membership, ben: Membership
) -> None:
    annas, bens = member_of(anna), member_of(ben)
    alone = centre.client.get(f"/api/memberships/{anna.pk}/fairness", headers=centre.headers)
    assert (alone.status_code, alone.json()["code"]) == (409, "nothing_shared")
    earned(centre, anna, 300)
    earned(centre, ben, 200)
    merged(centre, anna, ben, "shared")
    redeemed(centre, ben, 100)

    (miles,) = centre.reads(f"memberships/{ben.pk}/fairness")["results"]

    assert (miles["point_type"], miles["balance"], miles["expired"]) == ("miles", 400, 0)
    told = {
        one["customer"]: {name: value for name, value in one.items() if name != "customer"} for one in miles["people"]
    }
    nothing = {"taken": 0, "owes": 0}
    assert told == {
        annas: nothing
        | {"brought": 300, "spent": 0, "left": 200, "would_take": {"by_contribution": 200, "equal": 200}},
        bens: nothing
        | {"brought": 200, "spent": 100, "left": 200, "would_take": {"by_contribution": 200, "equal": 200}},
    }


def test_a_hand_over_names_another_main_member(centre: Caller, sky: Program, anna: Membership, ben: Membership) -> None:
    annas, bens = member_of(anna), member_of(ben)
    group = merged(centre, anna, ben, "group", main=annas)["result"]
    path = f"memberships/{group}/hand-over"
    centre.is_refused(path, 409, "membership_status", customer=annas, reason="she is it already")
    answer = centre.does(path, status=200, customer=bens, reason="at their wish")
    assert {one["customer"]: one["main"] for one in answer["members"]} == {annas: False, bens: True}
    assert_audit_clean()
