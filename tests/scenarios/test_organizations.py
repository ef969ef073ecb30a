"""Employees under an organization's agreement, who join and leave (cases 71-74), told through the API."""

import pytest

from memberships import lifecycle
from memberships.agreements import amend_agreement
from memberships.leaving_organization import leave_organization
from memberships.models import Membership
from memberships.organizations import leading_signatory
from programs.models import Program
from tests.factories import ACTOR, make_customer, make_membership, member_of
from tests.organizations import agreement_with, make_benefit, staff_terms, tier_called, umbrella

from .changing import agreed_and_done, cards_of, consents, people, proposed, shown
from .telling import Caller, earned


@pytest.fixture
def acme(sky: Program) -> Membership:
    """Acme gives its people Gold and the lounge."""
    made = umbrella(sky, "Acme Ltd")
    agreement_with(made, tiers=(tier_called(sky, "gold").pk,), benefits=(make_benefit(sky).pk,))
    return made


@pytest.fixture
def shared_acme(sky: Program) -> Membership:
    made = umbrella(sky, "Acme Ltd")
    agreement_with(made, form="shared", benefits=(make_benefit(sky).pk,))
    return made


def benefits(caller: Caller, membership: Membership | int) -> list[tuple[str, str]]:
    pk = membership if isinstance(membership, int) else membership.pk
    return [(one["benefit"], one["source"]) for one in caller.reads(f"memberships/{pk}/benefits")["results"]]


def joined(caller: Caller, membership: Membership, organization: Membership, **more: str) -> dict[str, object]:
    asked = {"kind": "join", "membership": membership.pk, "organization_membership": organization.pk}
    return agreed_and_done(caller, proposed(caller, **asked, **more))


def test_71_tier_and_benefit_are_taken_over_with_agreement_and_version_and_stay_as_they_were_agreed(
    centre: Caller, sky: Program, acme: Membership
) -> None:
    person = make_customer("Eva Employee")
    made = centre.does("memberships", program="sky", customer=person.pk, organization=acme.organization_id)
    assert (made["organization_membership"], made["organization_membership_status"]) == (acme.pk, "active")
    assert [(one["tier"], one["reason"]) for one in made["tiers"]] == [("gold", "agreement")]
    assert benefits(centre, made["id"]) == [("lounge", "agreement")]
    amend_agreement(acme.agreements.get(), staff_terms(), actor=ACTOR, reason="less")
    assert [one["tier"] for one in shown(centre, made["id"])["tiers"]] == ["gold"]
    assert benefits(centre, made["id"]) == [("lounge", "agreement")]


def test_who_is_a_member_already_joins_and_keeps_number_card_and_points(
    centre: Caller, sky: Program, michael: Membership, acme: Membership
) -> None:
    earned(centre, michael, 300)
    before, cards = shown(centre, michael), cards_of(centre, michael)
    change = joined(centre, michael, acme)
    assert (change["kind"], change["result_type"], change["result"], change["posting"]) == (
        "join", "standard", michael.pk, None,
    )  # fmt: skip
    assert sorted(one["customer"] for one in change["consents"]) == sorted(
        [member_of(michael), leading_signatory(acme.pk)]
    )
    after = shown(centre, michael)
    assert (after["number"], after["type"], people(after)) == (before["number"], "standard", [member_of(michael)])
    assert after["organization_membership"] == acme.pk
    assert (cards_of(centre, michael), centre.points_of(michael)["miles"]) == (cards, 300)
    assert [(one["tier"], one["reason"]) for one in after["tiers"]] == [("gold", "agreement")]
    assert benefits(centre, michael) == [("lounge", "agreement")]


def test_in_the_shared_form_the_points_go_into_the_organizations_account_and_can_be_left_out(
    centre: Caller, sky: Program, michael: Membership, katrin: Membership, shared_acme: Membership
) -> None:
    earned(centre, michael, 300)
    earned(centre, katrin, 50)
    assert joined(centre, michael, shared_acme)["result_type"] == "shared"
    assert joined(centre, katrin, shared_acme, result_type="standard")["result_type"] == "standard"
    (miles,) = [one for one in shown(centre, michael)["balances"] if one["point_type"] == "miles"]
    assert (miles["balance"], miles["pooled"]) == (300, True)
    assert (shown(centre, katrin)["type"], centre.points_of(katrin)["miles"]) == ("standard", 50)


def test_without_the_organizations_consent_nobody_joins(centre: Caller, michael: Membership, acme: Membership) -> None:
    change = proposed(centre, kind="join", membership=michael.pk, organization_membership=acme.pk)
    consents(centre, change, member_of(michael))
    facts = centre.is_refused(f"membership-changes/{change['id']}/carry-out", 422, "consent_missing")
    assert facts["missing"] == [leading_signatory(acme.pk)]
    assert shown(centre, michael)["organization_membership"] is None


def test_a_join_is_undone_at_once_where_nobody_acted_since(
    centre: Caller, michael: Membership, shared_acme: Membership
) -> None:
    earned(centre, michael, 300)
    change = joined(centre, michael, shared_acme)
    undone = centre.does(f"membership-changes/{change['id']}/undo", status=200, reason="mistake")
    assert undone["status"] == "undone"
    after = shown(centre, michael)
    assert (after["type"], after["organization_membership"], centre.points_of(michael)["miles"]) == (
        "standard", None, 300,
    )  # fmt: skip
    assert benefits(centre, michael) == []


def test_73_an_activity_for_an_organization_is_refused(centre: Caller, acme: Membership) -> None:
    facts = centre.is_refused(f"memberships/{acme.pk}/earn-points", 422, "membership_not_able", points=10)
    assert facts["type"] == "organization"


def test_74_under_a_suspended_organization_nobody_enrols_or_joins_and_its_people_are_flagged_not_ended(
    centre: Caller, sky: Program, michael: Membership, acme: Membership
) -> None:
    eva = make_customer("Eva Employee")
    made = centre.does("memberships", program="sky", customer=eva.pk, organization=acme.organization_id)
    lifecycle.suspend(acme, actor=ACTOR, reason="unpaid")
    flagged = shown(centre, made["id"])
    assert (flagged["status"], flagged["organization_membership_status"]) == ("active", "suspended")
    other = make_customer("Max Employee")
    centre.is_refused(
        "memberships", 422, "organization_not_active",
        program="sky", customer=other.pk, organization=acme.organization_id,
    )  # fmt: skip
    centre.is_refused(
        "membership-changes", 422, "organization_not_active",
        kind="join", membership=michael.pk, organization_membership=acme.pk,
    )  # fmt: skip
    assert earned(centre, made["id"], 5)


def test_leaving_needs_no_consent_and_ends_the_benefits(
    centre: Caller, sky: Program, michael: Membership, shared_acme: Membership
) -> None:
    joined(centre, michael, shared_acme)
    earned(centre, michael, 40)
    leave_organization(michael, actor=ACTOR, reason="new job")
    after = shown(centre, michael)
    assert (after["type"], after["organization_membership"], after["organization_membership_status"]) == (
        "standard", None, None,
    )  # fmt: skip
    assert (benefits(centre, michael), centre.points_of(michael)["miles"]) == ([], 0)


def test_a_join_names_the_person_and_the_organization(centre: Caller, michael: Membership, acme: Membership) -> None:
    answer = centre.posts("membership-changes", kind="join", membership=michael.pk)
    assert answer.status_code == 400
    assert [one["pointer"] for one in answer.json()["errors"]] == ["/organization_membership"]
    other = make_membership(acme.program, "Somebody Else")
    facts = centre.is_refused(
        "membership-changes", 422, "change_refused",
        kind="join", membership=michael.pk, organization_membership=other.pk,
    )  # fmt: skip
    assert facts["rule"] == "organization_membership"
