"""Joining an organization at the desk: the wizard, the page of the change, and the page each person gets."""

import re
from typing import Any

import pytest
from django.test import Client

from customers.models import Customer
from memberships import lifecycle
from memberships.changes.inviting import ask
from memberships.models import Membership, MembershipChange
from memberships.organizations import leading_signatory
from programs.models import Program
from tests.asking import AGENT, token_in
from tests.changes import agree, earn
from tests.desk.changes.conftest import with_mail
from tests.desk.changes.pressing import Press, change_page
from tests.desk.visitor import Visitor
from tests.factories import ACTOR, make_membership, member_of
from tests.memberships.changes.undone import done, proposed
from tests.organizations import agreement_with, employee, make_benefit, tier_called, umbrella

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(miles: Program) -> Membership:
    """Gold, the lounge, and an account of its people's points."""
    made = umbrella(miles)
    agreement_with(
        made,
        form="shared",
        leaving_rule="by_contribution",
        tiers=(tier_called(miles, "gold").pk,),
        benefits=(make_benefit(miles).pk,),
    )
    return made


@pytest.fixture
def anna(miles: Program) -> Membership:
    made = make_membership(miles, "Anna Bauer")
    with_mail(made)
    earn(made, 300)
    return made


def new(**query: object) -> str:
    return "/desk/changes/new?" + "&".join(f"{name}={value}" for name, value in query.items())


def words_of(change: MembershipChange, customer_id: int) -> str:
    """What the person's own page says."""
    invitation = ask(change, customer_id=customer_id, method="link", actor=AGENT)
    page: Any = Client().get(f"/consent/{token_in(invitation)}")
    assert page.status_code == 200
    return " ".join(re.sub(r"<[^>]+>", " ", page.content.decode()).replace("&#x27;", "'").split())


def test_person_and_organization_are_chosen_and_the_form_is_the_agreements(
    agent: Visitor, anna: Membership, acme: Membership
) -> None:
    start = Press(agent, "/desk/changes/new")
    assert "/desk/changes/new?kind=join" in start.page.links
    second = Press(agent, new(kind="join", prime=anna.pk, find=acme.number))
    assert f"/desk/changes/new?kind=join&prime={anna.pk}&secondary={acme.pk}" in second.page.links
    terms = Press(agent, new(kind="join", prime=anna.pk, secondary=acme.pk))
    assert "the points that can be spent go into the organization's account" in terms.page.text
    assert "the points stay the person's own" in terms.page.text
    assert "Nobody spends" not in terms.page.text
    response = terms.sends("", result_type="shared", reason="Works there now")
    made = MembershipChange.objects.get()
    assert response["Location"] == f"/desk/changes/{made.pk}"
    assert (made.status, made.kind, made.result_type) == ("draft", "join", "shared")
    assert (made.prime_id, made.secondary_id) == (anna.pk, acme.pk)


def test_the_organization_is_found_by_its_name(agent: Visitor, anna: Membership, acme: Membership) -> None:
    organization = Customer.objects.get(pk=acme.organization_id)
    organization.name_key = "acme ltd"
    organization.save()
    page = Press(agent, new(kind="join", prime=anna.pk, find="Acme+Ltd")).page
    assert f"/desk/changes/new?kind=join&prime={anna.pk}&secondary={acme.pk}" in page.links


def test_one_that_can_not_be_joined_says_why(agent: Visitor, anna: Membership, acme: Membership) -> None:
    lifecycle.suspend(acme, actor=ACTOR, reason="unpaid")
    page = Press(agent, new(kind="join", prime=anna.pk, find=acme.number)).page
    assert "is suspended; nobody" in page.text
    assert not [link for link in page.links if f"secondary={acme.pk}" in link]


def test_the_page_cites_the_agreement_and_shows_what_becomes_of_the_points(
    agent: Visitor, anna: Membership, acme: Membership
) -> None:
    change = proposed("join", anna, acme)
    page = change_page(agent, change).page
    for told in ("Staff, version 1", "Gold", "Lounge", "Join an organization's agreement", acme.number):
        assert told in page.text
    assert "300 in common" in page.text


def test_it_is_carried_out_and_its_receipt_offers_the_way_back(
    supervisor: Visitor, anna: Membership, acme: Membership
) -> None:
    change = done("join", anna, acme)
    page = change_page(supervisor, change).page
    assert f"/desk/changes/{change.pk}/undo" in page.links
    assert "Shared account" in page.text


class TestConsentPage:
    def test_the_person_reads_what_happens_to_the_own_points_and_what_leaving_means(
        self, anna: Membership, acme: Membership
    ) -> None:
        text = words_of(proposed("join", anna, acme), member_of(anna))
        for told in (
            "Join the program of Acme Ltd",
            "comes under the agreement “Staff”, version 1",
            "The tier becomes Gold, unless it is higher already",
            "Benefits: Lounge",
            "come into the account of the organization, as their contribution",
            "takes along what they brought",
        ):
            assert told in text

    def test_with_points_of_their_own_it_says_so(self, anna: Membership, acme: Membership) -> None:
        text = words_of(proposed("join", anna, acme, result_type="standard"), member_of(anna))
        assert "stay their own" in text
        assert "account of the organization" not in text

    def test_who_signs_reads_the_same_and_nothing_of_the_persons_points(
        self, anna: Membership, acme: Membership
    ) -> None:
        signatory = leading_signatory(acme.pk)
        assert signatory is not None
        sam = Customer.objects.get(pk=signatory)
        sam.email = sam.email_key = "sam@example.com"
        sam.save()
        text = words_of(proposed("join", anna, acme), signatory)
        assert "Join the program of Acme Ltd" in text
        assert "300" not in text
        assert "Anna B." in text

    def test_who_leaves_by_consent_reads_that_the_benefits_end(self, acme: Membership) -> None:
        eva, _ = employee(acme), employee(acme, "Max Employee")
        with_mail(eva)
        text = words_of(proposed("split", eva, leaver_id=member_of(eva), policy="equal"), member_of(eva))
        assert "The benefits by the organization's agreement end" in text
        assert "goes on alone" not in text


def test_a_refused_join_is_proposed_anew(agent: Visitor, anna: Membership, acme: Membership) -> None:
    change = proposed("join", anna, acme)
    agree(change)
    change.status, change.ended_at = "withdrawn", change.proposed_at
    change.save()
    assert f"/desk/changes/{change.pk}/again" in change_page(agent, change).page.links
