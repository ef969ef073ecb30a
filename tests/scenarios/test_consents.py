"""Nothing happens without the consent of everyone affected (cases 20-26), told through the API."""

from typing import Any

import pytest

from memberships.enrolment import enrol
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.factories import ACTOR, make_customer, make_membership, member_of

from . import telling
from .changing import carried_out, code_sent_to, consents, merge_proposed, merged
from .telling import Caller, earned, everything, later


@pytest.fixture
def katrin(sky: Program) -> Membership:
    """With an address that codes can be sent to."""
    return enrol(make_customer("Katrin Bauer", email="katrin@example.com"), program=sky, actor=ACTOR)


@pytest.fixture
def change(centre: Caller, michael: Membership, katrin: Membership) -> dict[str, Any]:
    earned(centre, michael, 100)
    change: dict[str, Any] = merge_proposed(centre, michael, katrin, "shared")
    return change


def test_20_with_three_of_four_consents_it_is_refused_naming_who_is_missing(centre: Caller, sky: Program) -> None:
    ann, bob, cid, dee = (make_membership(sky, name) for name in ("Ann", "Bob", "Cid", "Dee"))
    merged(centre, ann, bob, "shared")
    merged(centre, cid, dee, "shared")
    change = merge_proposed(centre, ann, cid, "shared")
    assert sorted(change["missing"]) == sorted(member_of(one) for one in (ann, bob, cid, dee))

    answer = consents(centre, change, *(member_of(one) for one in (ann, bob, cid)))

    assert (answer["status"], answer["missing"]) == ("awaiting_consent", [member_of(dee)])
    facts = centre.is_refused(f"membership-changes/{change['id']}/carry-out", 422, "consent_missing")
    assert facts["missing"] == [member_of(dee)]
    consents(centre, change, member_of(dee))
    carried_out(centre, change)


def test_21_a_declined_proposal_is_closed_and_a_new_one_is_needed(
    centre: Caller, change: dict[str, Any], michael: Membership, katrin: Membership
) -> None:
    consents(centre, change, member_of(michael))
    path = f"membership-changes/{change['id']}"
    no = {"customer": member_of(katrin), "decision": "refused", "method": "in_person", "evidence": "said so"}
    assert centre.does(f"{path}/consents", status=200, **no)["status"] == "refused"

    facts = centre.is_refused(f"{path}/carry-out", 409, "change_status")
    assert facts["status"] == "refused"
    yes = no | {"decision": "given"}
    centre.is_refused(f"{path}/consents", 409, "change_status", **yes)

    again = merge_proposed(centre, michael, katrin, "shared", replaces=change["id"])
    assert (again["status"], again["replaces"]) == ("awaiting_consent", change["id"])
    assert sorted(again["missing"]) == sorted([member_of(michael), member_of(katrin)])


def test_23_without_the_right_to_attest_only_the_code_sent_to_the_registered_address_records_a_consent(
    agent: Caller, change: dict[str, Any], katrin: Membership
) -> None:
    katrins = member_of(katrin)
    path = f"membership-changes/{change['id']}"
    attested = {"customer": katrins, "decision": "given", "method": "in_person", "evidence": "knows her"}
    agent.is_refused(f"{path}/consents", 403, "attestation_needed", **attested)

    agent.does(f"{path}/ask", status=200, customer=katrins, method="code")
    code = code_sent_to(katrins)
    by_code = {"customer": katrins, "decision": "given", "method": "code"}
    wrong = "000000" if code != "000000" else "111111"
    agent.is_refused(f"{path}/consents", 422, "code_wrong", code=wrong, **by_code)
    answer = agent.does(f"{path}/consents", status=200, code=code, **by_code)

    told = {one["customer"]: (one["status"], one["method"]) for one in answer["consents"]}
    assert told[katrins] == ("given", "code")
    assert katrins not in answer["missing"]
    # Used once, it is used up.
    agent.is_refused(f"{path}/consents", 422, "code_wrong", code=code, **(by_code | {"decision": "withdrawn"}))


def test_23_a_code_takes_six_tries_rehearsed_ones_included(
    agent: Caller, change: dict[str, Any], katrin: Membership
) -> None:
    katrins = member_of(katrin)
    path = f"membership-changes/{change['id']}"
    agent.does(f"{path}/ask", status=200, customer=katrins, method="code")
    code = code_sent_to(katrins)
    given = {"customer": katrins, "decision": "given", "method": "code"}
    wrong = [f"{number:06}" for number in range(7) if f"{number:06}" != code][:6]
    for number, guess in enumerate(wrong):
        rehearsed = "?dry_run=true" if number % 2 else ""
        answer = agent.posts(f"{path}/consents{rehearsed}", code=guess, **given)
        assert (answer.status_code, answer.json()["code"]) == (422, "code_wrong")

    agent.is_refused(f"{path}/consents", 422, "code_wrong", code=code, **given)


def test_26_a_signed_document_counts_once_a_second_member_of_staff_confirmed_it(
    supervisor: Caller, change: dict[str, Any], katrin: Membership
) -> None:
    katrins = member_of(katrin)
    path = f"membership-changes/{change['id']}"
    paper = {"customer": katrins, "decision": "given", "method": "document", "evidence": "letter of 3 March, file 12"}
    waiting = supervisor.does(f"{path}/consents", status=202, **paper)
    assert katrins in waiting["missing"]
    (row,) = [one for one in waiting["consents"] if one["customer"] == katrins]
    assert (row["status"], row["awaits_confirmation"]) == ("asked", True)

    before = everything()
    own = supervisor.posts(f"{path}/consents/{katrins}/confirm")
    assert own.status_code in (403, 422), own.json()
    assert everything() == before
    second = telling.staff("steven", Role.SUPERVISOR)
    done = second.does(f"{path}/consents/{katrins}/confirm", status=200)
    (row,) = [one for one in done["consents"] if one["customer"] == katrins]
    assert (row["status"], row["method"], row["awaits_confirmation"]) == ("given", "document", False)
    assert katrins not in done["missing"]


def test_a_channel_confirms_no_document_whatever_its_scopes(centre: Caller, change: dict[str, Any]) -> None:
    paper = {"decision": "given", "method": "document", "evidence": "letter"}
    (first, _) = change["missing"]
    centre.does(f"membership-changes/{change['id']}/consents", status=202, customer=first, **paper)
    centre.is_refused(f"membership-changes/{change['id']}/consents/{first}/confirm", 403, "not_allowed")


def test_a_proposal_nobody_answered_lapses_at_its_deadline(
    centre: Caller, sky: Program, change: dict[str, Any]
) -> None:
    consents(centre, change)
    later(sky, days=sky.consent_valid_days)
    path = f"membership-changes/{change['id']}"
    assert centre.reads(path)["status"] == "lapsed"
    assert [one["id"] for one in centre.reads("membership-changes", status="lapsed")["results"]] == [change["id"]]
    assert centre.reads("membership-changes", status="agreed")["results"] == []
    facts = centre.is_refused(f"{path}/carry-out", 409, "change_status")
    assert facts["status"] == "lapsed"
    telling.run("lapse_changes")
    assert centre.reads(path)["status"] == "lapsed"
