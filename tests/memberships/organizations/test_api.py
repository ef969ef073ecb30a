"""Enrolling under an organization and asking for benefits, as a channel does it (interfaces 3.1)."""

from typing import Any

import pytest
from rest_framework.test import APIClient

from memberships.benefits import grant_benefit
from memberships.lifecycle import suspend
from memberships.models import InheritedAgreement, Member, Membership
from programs.models import TierBenefit
from tests.changes import group_of
from tests.factories import ACTOR, counted, make_customer, make_membership, make_program
from tests.memberships.test_api import client_of, forgetful_process, keyed  # noqa: F401 - a fixture
from tests.organizations import affiliated, agreement_with, employee, make_benefit, tier_called, umbrella
from tests.rows import all_rows

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(sky) -> Membership:
    return umbrella(sky)


@pytest.fixture
def desk(sky) -> APIClient:
    return client_of("centre", sky)


def asked(client: APIClient, key: str, **values: Any) -> Any:
    return client.post("/api/memberships", {"program": "sky", **values}, format="json", headers=keyed(key))


def test_a_person_enrols_under_the_organization_named(desk, sky, acme):
    agreement_with(acme, form="shared", tiers=(tier_called(sky, "gold").pk,))
    eva = make_customer("Eva")
    answer = asked(desk, "e1", customer=eva.pk, organization=acme.organization_id)
    assert answer.status_code == 201, answer.content
    shown = answer.json()
    assert (shown["type"], shown["organization_membership"]) == ("shared", acme.pk)
    assert [(one["tier"], one["reason"]) for one in shown["tiers"]] == [("gold", "agreement")]
    assert [(one["point_type"], one["pooled"]) for one in shown["balances"]] == [
        ("miles", True),
        ("status", False),
    ]


def test_without_an_agreement_it_is_refused_with_the_reason_or_plain_where_asked(desk, sky, acme):
    eva = make_customer("Eva")
    before = counted(Membership, Member)
    refused = asked(desk, "e1", customer=eva.pk, organization=acme.organization_id)
    assert refused.status_code == 422
    problem = refused.json()
    assert (problem["code"], problem["facts"]["why"]) == ("no_agreement", "none")
    assert counted(Membership, Member) == before
    agreement_with(acme, maximum=1)
    employee(acme, "Dan")
    full = asked(desk, "e2", customer=eva.pk, organization=acme.organization_id).json()
    assert (full["code"], full["facts"]["maximum"], full["facts"]["count"]) == ("agreement_full", 1, 1)
    plain = asked(desk, "e3", customer=eva.pk, organization=acme.organization_id, plain_if_refused=True).json()
    assert (plain["type"], plain["organization_membership"]) == ("standard", None)


def test_a_suspended_or_unknown_organization_is_refused(desk, sky, acme):
    agreement_with(acme)
    suspend(acme, actor=ACTOR, reason="unpaid")
    eva, other = make_customer("Eva"), make_customer("Other")
    codes = [
        asked(desk, f"e{n}", customer=eva.pk, organization=pk).json()["code"]
        for n, pk in enumerate((acme.organization_id, other.pk, 10**9))
    ]
    assert codes == ["organization_not_active", "no_organization", "not_found"]


def test_the_affiliation_decides_unless_the_channel_says_plainly(desk, sky, acme):
    agreement_with(acme)
    eva, dan = make_customer("Eva"), make_customer("Dan")
    for person in (eva, dan):
        affiliated(person, acme)
    assert asked(desk, "e1", customer=eva.pk).json()["organization_membership"] == acme.pk
    assert asked(desk, "e2", customer=dan.pk, organization=None).json()["organization_membership"] is None


def test_a_dry_run_under_an_agreement_leaves_nothing(desk, sky, acme):
    agreement_with(acme)
    eva = make_customer("Eva")
    before = all_rows()
    answer = desk.post(
        "/api/memberships?dry_run=true",
        {"program": "sky", "customer": eva.pk, "organization": acme.organization_id},
        format="json",
    )
    assert (answer.status_code, answer.json()["organization_membership"]) == (201, acme.pk)
    changed = {name for name, rows in all_rows().items() if rows != before[name]}
    assert changed <= {"gateway_throttle"}


def test_several_programs_at_once_each_under_its_own_organization(sky, acme):
    sea = make_program("sea")
    both = client_of("both", sky, sea)
    agreement_with(acme)
    at_sea = umbrella(sea, "Sea Ltd")
    agreement_with(at_sea)
    eva = make_customer("Eva")
    affiliated(eva, at_sea)
    answer = both.post(
        "/api/enrollments",
        {
            "customer": eva.pk,
            "enrollments": [
                {"program": "sky", "organization": acme.organization_id},
                {"program": "sea", "organization": None},
            ],
        },
        format="json",
        headers=keyed("e1"),
    )
    assert answer.status_code == 201, answer.content
    assert [one["organization_membership"] for one in answer.json()["results"]] == [acme.pk, None]


def test_benefits_name_what_gives_them(desk, sky, acme):
    lounge, wifi, bus = make_benefit(sky), make_benefit(sky, "wifi"), make_benefit(sky, "bus")
    gold = tier_called(sky, "gold")
    TierBenefit.objects.create(program=sky, group=gold.group, tier=gold, benefit=wifi)
    made = agreement_with(acme, tiers=(gold.pk,), benefits=(lounge.pk,))
    eva = employee(acme, "Eva")
    grant_benefit(eva, benefit=bus, reason="goodwill", actor=ACTOR)
    answer = desk.get(f"/api/memberships/{eva.pk}/benefits")
    assert answer.status_code == 200
    shown = answer.json()
    assert shown["usable"] is True
    since = InheritedAgreement.objects.get().since
    named = [
        (
            one["benefit"],
            one["name"],
            one["source"],
            one["tier"],
            one["agreement"],
            one["agreement_version"],
            one["customer"],
        )
        for one in shown["results"]
    ]
    assert named == [
        ("bus", "Bus", "manual", None, None, None, None),
        ("lounge", "Lounge", "agreement", None, made.pk, 1, None),
        ("wifi", "Wifi", "tier", "gold", None, None, None),
    ]
    assert shown["results"][1]["since"].startswith(f"{since:%Y-%m-%dT%H:%M}")
    suspend(eva, actor=ACTOR, reason="fraud")
    assert desk.get(f"/api/memberships/{eva.pk}/benefits").json()["usable"] is False


def test_a_members_own_benefit_names_the_member_and_foreign_memberships_do_not_exist(desk, sky):
    group = group_of(sky, "Mia Moore", "Max Moore")
    mia = Member.objects.filter(membership=group).order_by("pk")[0].customer_id
    grant_benefit(group, benefit=make_benefit(sky), reason="goodwill", customer_id=mia, actor=ACTOR)
    (one,) = desk.get(f"/api/memberships/{group.pk}/benefits").json()["results"]
    assert (one["customer"], one["until"]) == (mia, None)
    foreign = make_membership(make_program("sea"))
    assert desk.get(f"/api/memberships/{foreign.pk}/benefits").status_code == 404
