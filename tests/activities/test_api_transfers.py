"""POST transfer-points and convert-points."""

import pytest

from common import clock
from memberships.lifecycle import suspend
from memberships.models import Membership, MembershipType
from points.models import Entry, Lot, Posting
from programs.models import ConversionRate, PointType, Program
from tests.factories import ACTOR, account_of, counted, make_membership, make_program, member_of

from .conftest import Caller, earned

pytestmark = pytest.mark.django_db


def path(membership: Membership, verb: str = "transfer-points") -> str:
    return f"memberships/{membership.pk}/{verb}"


def figures(*memberships: Membership) -> list[int]:
    return [account_of(membership).balance for membership in memberships]


def refused(answer: object, status: int, code: str) -> dict[str, object]:
    assert (answer.status_code, answer.json().get("code")) == (status, code), answer.json()
    return answer.json()["facts"]


def test_a_transfer_answers_with_the_senders_side_only(
    till: Caller, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    earned(michael_adams, 500)
    earned(katrin_bauer, 7)
    answer = till.post(path(michael_adams), {"to_membership": katrin_bauer.pk, "points": 200})
    assert answer.status_code == 201
    body = answer.json()
    posting = Posting.objects.get(kind="transfer")
    assert body["posting"]["id"] == posting.pk
    assert body["posting"]["entries"] == [{"point_type": "miles", "amount": -200, "balance_after": 300}]
    assert (body["membership"], body["to_membership"]) == (michael_adams.pk, katrin_bauer.pk)
    assert [(one["point_type"], one["balance"], one["available"]) for one in body["balances"]] == [("miles", 300, 300)]
    assert figures(michael_adams, katrin_bauer) == [300, 207]
    child = Lot.objects.get(parent__isnull=False)
    assert (child.earner_id, child.contributor_id) == (member_of(michael_adams), member_of(katrin_bauer))
    assert (posting.cause_kind, posting.cause_id, posting.person_id) == (
        "membership", michael_adams.pk, member_of(michael_adams),
    )  # fmt: skip


def test_the_same_key_transfers_once(till: Caller, michael_adams: Membership, katrin_bauer: Membership) -> None:
    earned(michael_adams, 500)
    body = {"to_membership": katrin_bauer.pk, "points": 200}
    first, second = (till.post(path(michael_adams), body, key="one") for _ in range(2))
    assert first.content == second.content
    assert second.headers["Idempotent-Replayed"] == "true"
    assert figures(michael_adams, katrin_bauer) == [300, 200]


def test_a_dry_run_answers_as_if_and_keeps_nothing(
    till: Caller, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    earned(michael_adams, 500)
    before = counted(Posting, Entry, Lot)
    body = {"to_membership": katrin_bauer.pk, "points": 200}
    answer = till.post(path(michael_adams), body, key=None, dry_run="true").json()
    assert (answer["dry_run"], answer["posting"]["id"], answer["balances"][0]["balance"]) == (True, None, 300)
    assert (counted(Posting, Entry, Lot), figures(michael_adams, katrin_bauer)) == (before, [500, 0])


def test_donations_go_to_beneficiaries_only(till: Caller, michael_adams: Membership, katrin_bauer: Membership) -> None:
    earned(michael_adams, 500)
    body = {"to_membership": katrin_bauer.pk, "points": 200, "donate": True}
    refused(till.post(path(michael_adams), body), 422, "not_beneficiary")
    assert figures(michael_adams, katrin_bauer) == [500, 0]
    katrin_bauer.is_beneficiary = True
    katrin_bauer.save()
    assert till.post(path(michael_adams), body).json()["posting"]["kind"] == "donate"
    assert figures(michael_adams, katrin_bauer) == [300, 200]


def test_neither_a_suspended_sender_nor_a_suspended_receiver_is_able(
    till: Caller, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    earned(michael_adams, 500)
    earned(katrin_bauer, 500)
    suspend(katrin_bauer, actor=ACTOR, reason="checked")
    for sender, receiver, capability in (
        (michael_adams, katrin_bauer, "transfer_in"),
        (katrin_bauer, michael_adams, "transfer_out"),
    ):
        answer = till.post(path(sender), {"to_membership": receiver.pk, "points": 1})
        facts = refused(answer, 422, "membership_not_able")
        assert (facts["capability"], facts["status"], facts["membership"]) == (capability, "suspended", katrin_bauer.pk)
    assert figures(michael_adams, katrin_bauer) == [500, 500]


def test_an_organization_receives_no_points(till: Caller, michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 500)
    theirs = make_membership(miles, "Acme")
    acme = theirs.members.get().customer
    theirs.members.all().delete()
    theirs.type, theirs.organization = MembershipType.ORGANIZATION, acme
    theirs.save()
    answer = till.post(path(michael_adams), {"to_membership": theirs.pk, "points": 1})
    assert refused(answer, 422, "membership_not_able")["type"] == "organization"
    assert figures(michael_adams) == [500]


def test_to_oneself_or_qualifying_points_are_refused(
    till: Caller, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    earned(michael_adams, 500)
    earned(michael_adams, 100, point_type="status")
    refused(till.post(path(michael_adams), {"to_membership": michael_adams.pk, "points": 1}), 422, "same_account")
    body = {"to_membership": katrin_bauer.pk, "points": 100, "point_type": "status"}
    refused(till.post(path(michael_adams), body), 422, "not_transferable")
    assert figures(michael_adams, katrin_bauer) == [500, 0]


def test_another_programs_membership_is_told_as_that_only_to_who_may_see_it(
    caller, michael_adams: Membership, miles: Program
) -> None:
    earned(michael_adams, 500)
    foreign = make_membership(make_program("sea"), "Foreign Fred")
    body = {"to_membership": foreign.pk, "points": 1}
    everywhere, here = caller("points:transfer"), caller("points:transfer", programs=(miles,))
    refused(everywhere.post(path(michael_adams), body), 422, "different_program")
    refused(here.post(path(michael_adams), body), 404, "not_found")
    refused(here.post(path(michael_adams), body | {"to_membership": 10**9}), 404, "not_found")
    refused(here.post(path(foreign), body), 404, "not_found")
    assert figures(michael_adams) == [500]


def test_the_scope_is_needed(caller, michael_adams: Membership, katrin_bauer: Membership) -> None:
    body = {"to_membership": katrin_bauer.pk, "points": 1}
    assert caller("points:redeem").post(path(michael_adams), body).status_code == 403


WRONG = [
    {"points": "1"},
    {"points": 0},
    {"points": 1.0},
    {"points": True},
    {"more": 1},
    {"to_membership": None},
    {"donate": "yes"},
]


@pytest.mark.parametrize("wrong", WRONG)
def test_malformed_input_is_refused_and_moves_nothing(
    till: Caller, michael_adams: Membership, katrin_bauer: Membership, wrong: dict[str, object]
) -> None:
    earned(michael_adams, 500)
    answer = till.post(path(michael_adams), {"to_membership": katrin_bauer.pk, "points": 1} | wrong)
    assert answer.status_code == 400
    assert figures(michael_adams, katrin_bauer) == [500, 0]


def test_converting_answers_with_both_balances(till: Caller, michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 500)
    types = {one.code: one for one in PointType.objects.filter(program=miles)}
    ConversionRate.objects.create(
        program=miles, from_type=types["miles"], to_type=types["status"], numerator=1, denominator=3,
        valid_from=clock.now(),
    )  # fmt: skip
    answer = till.post(path(michael_adams, "convert-points"), {"from": "miles", "to": "status", "points": 100})
    assert answer.status_code == 201, answer.json()
    body = answer.json()
    assert [(one["point_type"], one["balance"]) for one in body["balances"]] == [("miles", 400), ("status", 33)]
    assert [entry["amount"] for entry in body["posting"]["entries"]] == [-100, 33]
    answer = till.post(path(michael_adams, "convert-points"), {"from": "status", "to": "miles", "points": 3})
    refused(answer, 422, "no_conversion_rate")
