"""Agreements applied again, people who leave, and the playbook that strings it together."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from customers.affiliations import today
from customers.models import Affiliation, Customer
from memberships.agreement_terms import terms_of
from memberships.agreements import amend_agreement
from memberships.models import InheritedAgreement, Membership, OrganizationAgreement, OrganizationSignatory
from memberships.organizations import signing
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import earn, people_of
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, account_of, make_program
from tests.organizations import affiliated, agreement_with, employee, make_benefit, tier_called, umbrella

pytestmark = pytest.mark.django_db


@pytest.fixture
def acme(miles: Program) -> Membership:
    return umbrella(miles)


@pytest.fixture
def agreement(acme: Membership, miles: Program) -> OrganizationAgreement:
    """Gives the lounge; points are everybody's own."""
    return agreement_with(acme, benefits=(make_benefit(miles).pk,))


def belonging(membership: Membership, acme: Membership, **values: Any) -> Affiliation:
    return affiliated(Customer.objects.get(pk=people_of(membership)[0]), acme, **values)


def stands(page: Any) -> str:
    return " ".join(page.content.decode().split())


# Applied again


def test_applying_again_lists_every_membership_before_and_after(
    supervisor: Desk, agreement: OrganizationAgreement, acme: Membership, miles: Program
) -> None:
    eva, ben = employee(acme, "Eva Employee"), employee(acme, "Ben Employee")
    terms = replace(terms_of(agreement), tiers=(tier_called(miles, "gold").pk,), benefits=())
    amend_agreement(agreement, terms, actor=ACTOR, reason="more for all")
    late = employee(acme, "Lena Late")
    path = f"agreements/{agreement.pk}/apply"
    before = everything()
    preview = supervisor.previews(path, reason="Agreed with the organization")
    assert said(preview) == ["2 memberships get the terms of version 2."]
    numbers = {one.pk: Customer.objects.get(pk=people_of(one)[0]).number for one in (eva, ben)}
    assert changed(preview) == {
        f"{eva.number} · E*** E*** ({numbers[eva.pk]})": ("version 1, Blue, Lounge", "version 2, Gold"),
        f"{ben.number} · B*** E*** ({numbers[ben.pk]})": ("version 1, Blue, Lounge", "version 2, Gold"),
    }
    assert everything() == before
    receipt = supervisor.receipt(supervisor.confirms(preview))
    supervisor.confirms(preview)
    assert "Employee" not in receipt.content.decode().replace("Employee left", "")
    standing = InheritedAgreement.objects.filter(ended_at=None).order_by("membership")
    assert list(standing.values_list("membership", "version", "source")) == [
        (eva.pk, 2, "applied_again"), (ben.pk, 2, "applied_again"), (late.pk, 2, "enrolment"),
    ]  # fmt: skip
    page = supervisor.opens(path, "ineligible")
    assert said(page) == ["Every membership under it has the terms of today: there is nothing to do."]
    assert_audit_clean()


# Leaving


def test_who_has_points_of_their_own_keeps_them_and_loses_what_the_agreement_gave(
    supervisor: Desk, agreement: OrganizationAgreement, acme: Membership
) -> None:
    eva = employee(acme)
    earn(eva, 300)
    before = everything()
    preview = supervisor.previews(f"memberships/{eva.pk}/leave-organization", reason="The person has left")
    assert said(preview) == [
        "The membership goes on by itself, with its number and cards.",
        "By the agreement: who leaves keeps their own points.",
    ]
    lines = changed(preview)
    assert lines["Organization"] == ("Acme Ltd", None)
    assert lines["Agreement"] == ("Staff, version 1", None)
    assert lines["Benefits of its own"] == ("Lounge", "")
    assert "Miles of its own" not in lines
    assert everything() == before
    supervisor.receipt(supervisor.confirms(preview))
    eva.refresh_from_db()
    assert (eva.organization_membership_id, eva.type, eva.status) == (None, "standard", "active")
    assert account_of(eva).balance == 300
    assert said(supervisor.opens(f"memberships/{eva.pk}/leave-organization", "ineligible")) == [
        "The membership stands under no organization."
    ]
    assert_audit_clean()


@pytest.mark.parametrize(("rule", "own", "pool"), [("leave_behind", 0, 500), ("by_contribution", 300, 200)])
def test_who_leaves_the_pool_takes_what_the_rule_says(
    supervisor: Desk, acme: Membership, rule: str, own: int, pool: int
) -> None:
    agreement_with(acme, form="shared", leaving_rule=rule)
    eva, ben = employee(acme, "Eva Employee"), employee(acme, "Ben Employee")
    earn(eva, 300)
    earn(ben, 200)
    before = everything()
    preview = supervisor.previews(f"memberships/{eva.pk}/leave-organization", reason="The person has left")
    lines = changed(preview)
    assert lines.get("Miles in the pool", (500, 500)) == (500, pool)
    assert lines["Miles of its own"] == (None, own)
    assert everything() == before
    supervisor.receipt(supervisor.confirms(preview))
    eva.refresh_from_db()
    assert (eva.type, eva.pool_id, account_of(eva).balance) == ("standard", None, own)
    assert_audit_clean()


def test_all_leave_at_once_each_by_the_rule(supervisor: Desk, acme: Membership) -> None:
    agreement_with(acme, form="shared", leaving_rule="by_contribution")
    eva, ben = employee(acme, "Eva Employee"), employee(acme, "Ben Employee")
    earn(eva, 300)
    before = everything()
    preview = supervisor.previews(f"memberships/{acme.pk}/leave-all", reason="Told by the organization")
    assert said(preview) == [
        "2 memberships leave.",
        f"{eva.number} takes 300 miles out of the pool.",
        f"{ben.number} takes nothing out of the pool.",
    ]
    assert changed(preview) == {"Memberships under it": (2, 0), "Miles in the pool": (300, 0)}
    assert everything() == before
    supervisor.receipt(supervisor.confirms(preview))
    assert not Membership.objects.filter(organization_membership=acme).exists()
    assert account_of(Membership.objects.get(pk=eva.pk)).balance == 300
    assert said(supervisor.opens(f"memberships/{acme.pk}/leave-all", "ineligible")) == ["Nobody stands under it."]
    assert_audit_clean()


# The playbook


def test_the_playbook_leads_from_the_last_day_to_the_membership_that_goes_on(
    supervisor: Desk, agreement: OrganizationAgreement, acme: Membership
) -> None:
    eva = employee(acme)
    row = belonging(eva, acme)

    def steps() -> dict[str, tuple[str, list[str]]]:
        page = supervisor.client.get("/desk/playbooks/employee-left", {"customer": row.customer_id})
        assert page.status_code == 200
        found = [*page.context["first"], *(step for thread in page.context["threads"] for step in thread.steps)]
        return {step.title: (step.state, [way.url for way in step.ways]) for step in found}

    day, leave = "Say when they left Acme Ltd", "Let the membership leave the organization"
    assert steps()[day] == ("now", [f"/desk/affiliations/{row.pk}/end", f"/desk/organizations/{acme.organization_id}"])
    assert steps()[leave] == ("now", [f"/desk/memberships/{eva.pk}/leave-organization"])
    later = today() + timedelta(days=30)
    supervisor.does(f"affiliations/{row.pk}/end", last_day=later.isoformat(), reason="The person has left")
    assert (steps()[day][0], steps()[leave][0]) == ("done", "later")
    yesterday = today() - timedelta(days=1)
    supervisor.does(f"affiliations/{row.pk}/end", last_day=yesterday.isoformat(), reason="Left earlier")
    assert steps()[leave][0] == "now"
    page = supervisor.client.get(f"/desk/organizations/{acme.organization_id}", {"former": "yes"})
    assert "still under the agreement" in stands(page)
    receipt = supervisor.does(f"memberships/{eva.pk}/leave-organization", reason="The person has left")
    assert ways(receipt)["Playbook: employee left"] == f"/desk/playbooks/employee-left?customer={row.customer_id}"
    assert (steps()[day][0], steps()[leave][0]) == ("done", "done")
    assert steps()["End the membership"] == ("not_needed", [f"/desk/memberships/{eva.pk}/terminate"])


def test_who_signs_is_followed_by_somebody_else_first(supervisor: Desk, acme: Membership) -> None:
    signatory = OrganizationSignatory.objects.get()
    page = supervisor.client.get("/desk/playbooks/employee-left", {"customer": signatory.customer_id})
    assert f"/desk/memberships/{acme.pk}/signatories/new" in stands(page)
    other = Customer.objects.get(pk=people_of(employee(acme, "Otto Old", plain_if_refused=True))[0])
    supervisor.does(f"memberships/{acme.pk}/signatories/new", signatory=other.number)
    page = supervisor.client.get("/desk/playbooks/employee-left", {"customer": signatory.customer_id})
    assert f"/desk/signatories/{signatory.pk}/end" in stands(page)
    assert signing(acme.pk).count() == 2


def test_the_playbook_shows_nothing_of_programs_the_agent_has_no_part_in(
    agreement: OrganizationAgreement, acme: Membership
) -> None:
    eva = employee(acme)
    elsewhere = Desk("carl", "supervisor", make_program("stars"))
    page = elsewhere.client.get("/desk/playbooks/employee-left", {"customer": people_of(eva)[0]})
    assert page.status_code == 200
    assert eva.number not in stands(page)


def test_a_suspended_organization_is_flagged_on_the_memberships_under_it(
    supervisor: Desk, agreement: OrganizationAgreement, acme: Membership
) -> None:
    eva = employee(acme)
    flag = "takes part no more for now"
    assert flag not in stands(supervisor.client.get(f"/desk/memberships/{eva.pk}"))
    supervisor.does(f"memberships/{acme.pk}/suspend", reason="Misuse suspected")
    assert flag in stands(supervisor.client.get(f"/desk/memberships/{eva.pk}"))
    page = stands(supervisor.client.get(f"/desk/organizations/{acme.organization_id}"))
    assert "nobody enrols under it or joins it" in page
