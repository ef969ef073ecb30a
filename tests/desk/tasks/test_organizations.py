"""Organizations at the desk: people, signatories, agreements and their versions, leaving one by one and all."""

from datetime import date
from typing import Any

import pytest

from customers.affiliations import end_affiliation
from customers.creating import create_customer
from customers.employee_groups import make_employee_group
from customers.models import Affiliation, Customer, CustomerKind, EmployeeGroup
from memberships.agreement_terms import terms_of
from memberships.agreements import amend_agreement
from memberships.enrolment import enrol
from memberships.models import (
    AgreementVersion,
    InheritedAgreement,
    Membership,
    OrganizationAgreement,
    OrganizationSignatory,
)
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, make_customer
from tests.organizations import LONG_AGO, agreement_with, make_benefit, make_organization, tier_called, works_for
from tests.organizations import umbrella as umbrella_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def umbrella(miles: Program) -> Membership:
    """Acme in the program, signed for by one person."""
    return umbrella_in(miles)


@pytest.fixture
def acme(umbrella: Membership) -> Customer:
    assert umbrella.organization is not None
    return umbrella.organization


@pytest.fixture
def emma(acme: Customer) -> Customer:
    """Works for Acme, with personnel number E-17."""
    person = make_customer("Emma Stone")
    works_for(acme, person, personnel_number="E-17")
    return person


@pytest.fixture
def under(miles: Program, umbrella: Membership, emma: Customer) -> Membership:
    """Emma's membership under the agreement “Staff”, which gives gold and the lounge."""
    agreement_with(umbrella, tiers=(tier_called(miles, "gold").pk,), benefits=(make_benefit(miles).pk,))
    return enrol(emma, program=miles, actor=ACTOR)


def terms_form(**fields: Any) -> dict[str, Any]:
    return {
        "name": "Sales 2026", "valid_from": "2026-01-01", "valid_until": "", "form": "standard",
        "leaving_rule": "leave_behind", "maximum": "", "employee_group": "",
    } | fields  # fmt: skip


def stands(page: Any) -> str:
    return " ".join(page.content.decode().split())


# People


def test_a_person_is_affiliated_after_the_organization_was_chosen(agent: Desk, acme: Customer) -> None:
    group = make_employee_group(acme, code="sales", name="Sales", actor=ACTOR)
    person = make_customer("Emma Stone")
    path = f"customers/{person.pk}/affiliate"
    assert f"?organization={acme.pk}" in stands(agent.client.get(f"/desk/{path}"))
    form = {
        "organization": acme.pk, "employee_group": group.pk, "personnel_number": "E-17", "valid_from": "2026-01-01",
        "valid_until": "", "reason": "Staff card shown",
    }  # fmt: skip
    key = agent.opens(f"{path}?organization={acme.pk}").context["key"]
    before = everything()
    preview = agent.previews(path, key=key, **form)
    assert said(preview) == ["The person belongs to Acme Ltd, since 1 Jan 2026."]
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    row = Affiliation.objects.get()
    assert (row.customer_id, row.organization_id, row.employee_group_id) == (person.pk, acme.pk, group.pk)
    assert (row.personnel_number, row.valid_from, row.valid_until) == ("E-17", date(2026, 1, 1), None)
    assert ways(receipt)["Take it back: end it"] == f"/desk/affiliations/{row.pk}/end"


def test_an_organization_is_looked_up_by_number_or_name_and_a_person_is_none(agent: Desk, acme: Customer) -> None:
    person = make_customer("Emma Stone")
    globex = create_customer("organization", name="Globex Trading", actor=ACTOR)
    for one, text in ((acme, acme.number), (globex, "globex")):
        page = agent.client.get(f"/desk/customers/{person.pk}/affiliate", {"q": text})
        assert f"?organization={one.pk}" in stands(page)
    page = agent.client.get(f"/desk/customers/{person.pk}/affiliate", {"q": person.number})
    assert "No active organization found" in stands(page)
    assert agent.client.get(f"/desk/customers/{person.pk}/affiliate?organization={person.pk}").status_code == 404
    page = agent.client.get(f"/desk/customers/{acme.pk}/affiliate")
    assert page.context["obstacles"] == ["An organization belongs to nobody: open the person who does."]


def test_an_affiliation_ends_and_leads_to_the_playbook(agent: Desk, emma: Customer, acme: Customer) -> None:
    row = Affiliation.objects.get()
    receipt = agent.does(f"affiliations/{row.pk}/end", last_day="2026-06-30", reason="The person has left")
    row.refresh_from_db()
    assert row.valid_until == date(2026, 6, 30)
    assert "The person belongs to Acme Ltd until 30 Jun 2026, that day included." in said(receipt)
    assert ways(receipt)["Playbook: employee left"] == f"/desk/playbooks/employee-left?customer={emma.pk}"


def test_a_person_moves_to_another_group(agent: Desk, emma: Customer, acme: Customer) -> None:
    group = make_employee_group(acme, code="drivers", name="Drivers", actor=ACTOR)
    row = Affiliation.objects.get()
    agent.does(f"affiliations/{row.pk}/group", employee_group=group.pk, from_day="2026-03-01", reason="New position")
    assert list(Affiliation.objects.order_by("pk").values_list("employee_group", "valid_from", "valid_until")) == [
        (None, LONG_AGO, date(2026, 2, 28)),
        (group.pk, date(2026, 3, 1), None),
    ]


def test_a_group_is_made_on_the_organizations_page(agent: Desk, acme: Customer) -> None:
    agent.does(f"customers/{acme.pk}/employee-groups/new", name="Drivers", code="drivers")
    assert EmployeeGroup.objects.values_list("organization", "code", "name").get() == (acme.pk, "drivers", "Drivers")
    page = agent.previews(f"customers/{acme.pk}/employee-groups/new", name="Truckers", code="drivers")
    assert page.status_code == 422
    assert said(page) == ["drivers is the code of the group Drivers: rename that one, or choose another code."]


# Opening


def test_an_organization_is_opened_with_its_signatories(supervisor: Desk, miles: Program) -> None:
    acme = make_organization()
    sally, otto = make_customer("Sally Sharp"), make_customer("Otto Old")
    path = f"customers/{acme.pk}/open-organization"
    before = everything()
    preview = supervisor.previews(path, program=miles.pk, signatory=sally.number, second=otto.number)
    assert said(preview) == [
        "The organization takes part in Miles, active at once, with an empty pool.",
        f"It is signed for by {sally.number}, {otto.number}.",
        "Nobody enrols under it yet: make an agreement next.",
    ]
    assert changed(preview)["Miles: signed for by"] == (
        None, f"S*** S*** ({sally.number}), O*** O*** ({otto.number})",
    )  # fmt: skip
    assert everything() == before
    receipt = supervisor.receipt(supervisor.confirms(preview))
    umbrella = Membership.objects.get(organization=acme)
    assert (umbrella.type, umbrella.status) == ("organization", "active")
    signing = OrganizationSignatory.objects.filter(membership=umbrella).order_by("pk")
    assert [one.customer_id for one in signing] == [sally.pk, otto.pk]
    assert ways(receipt)["Make an agreement"] == f"/desk/memberships/{umbrella.pk}/agreements/new"
    supervisor.opens(path, "ineligible")
    assert_audit_clean()


@pytest.mark.parametrize(
    ("signatory", "fault"),
    [
        ("C999", "signatory: No customer has this number: it looks like C00000123."),
        ("GLOBEX", "signatory: This is an organization: a person signs."),
    ],
)
def test_whoever_signs_is_a_known_person(supervisor: Desk, miles: Program, signatory: str, fault: str) -> None:
    make_customer("Globex", kind=CustomerKind.ORGANIZATION, number="GLOBEX")
    acme = make_organization()
    before = everything()
    page = supervisor.previews(f"customers/{acme.pk}/open-organization", program=miles.pk, signatory=signatory)
    assert (page.status_code, said(page)) == (400, [fault])
    assert everything() == before


def test_signatories_come_and_go_but_the_last_one_stays(supervisor: Desk, umbrella: Membership) -> None:
    first = OrganizationSignatory.objects.get()
    page = supervisor.opens(f"signatories/{first.pk}/end", "ineligible")
    assert "Nobody else signs" in said(page)[0]
    otto = make_customer("Otto Old")
    supervisor.does(f"memberships/{umbrella.pk}/signatories/new", signatory=otto.number)
    supervisor.does(f"signatories/{first.pk}/end", reason="The person has left")
    open_ones = OrganizationSignatory.objects.filter(ended_at__isnull=True)
    assert [one.customer_id for one in open_ones] == [otto.pk]
    assert umbrella.pool is not None
    umbrella.pool.refresh_from_db()
    assert umbrella.pool.owner_id == otto.pk
    supervisor.opens(f"signatories/{first.pk}/end", "ineligible")


# Agreements


def test_an_agreement_is_made_and_touches_nobody_yet(
    supervisor: Desk, umbrella: Membership, acme: Customer, miles: Program
) -> None:
    group = make_employee_group(acme, code="sales", name="Sales", actor=ACTOR)
    gold, lounge = tier_called(miles, "gold"), make_benefit(miles)
    form = terms_form(
        employee_group=group.pk, form="shared", leaving_rule="by_contribution", maximum="40",
        **{f"tier-{gold.group_id}": gold.pk, "benefits": [lounge.pk]},
    )  # fmt: skip
    path = f"memberships/{umbrella.pk}/agreements/new"
    before = everything()
    preview = supervisor.previews(path, **form)
    assert said(preview) == [
        "Name: Sales 2026", "For whom: Sales", "First day: 1 Jan 2026", "Last day: open", "Tiers: Ladder: Gold",
        "Benefits: Lounge", "Points: points go into the organization's pool",
        "On leaving: who leaves takes along what they brought and earned", "Most memberships: 40",
        "It touches nobody yet: it holds for who enrols or joins from now on.",
    ]  # fmt: skip
    assert everything() == before
    receipt = supervisor.receipt(supervisor.confirms(preview))
    supervisor.confirms(preview)
    made = OrganizationAgreement.objects.get()
    terms = terms_of(made)
    assert (terms.name, terms.employee_group_id, terms.form, terms.leaving_rule, terms.maximum) == (
        "Sales 2026", group.pk, "shared", "by_contribution", 40,
    )  # fmt: skip
    assert (terms.tiers, terms.benefits, made.version) == ((gold.pk,), (lounge.pk,), 1)
    assert ways(receipt)["Made by mistake: cancel it"] == f"/desk/agreements/{made.pk}/cancel"
    page = supervisor.client.get(f"/desk/agreements/{made.pk}")
    assert "Ladder: Gold, Lounge" in stands(page)


def test_agreements_that_meet_are_refused_on_the_form(supervisor: Desk, umbrella: Membership) -> None:
    agreement_with(umbrella)
    before = everything()
    page = supervisor.previews(f"memberships/{umbrella.pk}/agreements/new", **terms_form())
    assert "“Staff” holds from 2020-01-01" in said(page)[0]
    assert everything() == before


def test_amending_makes_a_version_and_changes_no_membership(supervisor: Desk, under: Membership) -> None:
    agreement = OrganizationAgreement.objects.get()
    path = f"agreements/{agreement.pk}/amend"
    form = supervisor.opens(path).context["form"]
    given = {name: form[name].value() for name in form.fields}
    given = {name: "" if value is None else value for name, value in given.items()}
    standing = list(under.standings.values())
    preview = supervisor.previews(path, **given | {"maximum": "40", "benefits": [], "reason": "Agreed"})
    assert said(preview) == [
        "Version 2 holds for who enrols or joins from now on.",
        "1 memberships stand under it; none of them changes until it is applied again.",
    ]
    assert changed(preview) == {
        "Version": (1, 2), "Benefits": ("Lounge", "none"), "Most memberships": ("any number", "40"),
    }  # fmt: skip
    supervisor.receipt(supervisor.confirms(preview))
    assert list(AgreementVersion.objects.order_by("version").values_list("version", flat=True)) == [1, 2]
    assert InheritedAgreement.objects.get().version == 1
    assert list(under.standings.values()) == standing
    assert under.benefits.filter(ended_at=None).count() == 1
    page = stands(supervisor.client.get(f"/desk/agreements/{agreement.pk}"))
    assert "1 membership stands under older terms." in page
    assert "<del>Lounge</del>" in page and "<ins>none</ins>" in page


def test_an_agreement_a_colleague_has_amended_meanwhile_is_not_overwritten(supervisor: Desk, under: Membership) -> None:
    agreement = OrganizationAgreement.objects.get()
    path = f"agreements/{agreement.pk}/amend"
    form = supervisor.opens(path).context["form"]
    given = {name: form[name].value() for name in form.fields}
    given = {name: "" if value is None else value for name, value in given.items()} | {"reason": "Agreed"}
    preview = supervisor.previews(path, **given | {"name": "Mine"})
    theirs = terms_of(agreement)
    amend_agreement(agreement, type(theirs)(**{**_values(theirs), "name": "Theirs"}), actor=ACTOR, reason="r")
    done = supervisor.confirms(preview)
    assert done.status_code in (409, 412)
    agreement.refresh_from_db()
    assert (agreement.name, agreement.version) == ("Theirs", 2)


def _values(terms: Any) -> dict[str, Any]:
    return {name: getattr(terms, name) for name in type(terms).__dataclass_fields__}


def test_an_agreement_ends_and_one_without_members_is_cancelled(
    supervisor: Desk, umbrella: Membership, under: Membership
) -> None:
    agreement = OrganizationAgreement.objects.get()
    receipt = supervisor.does(f"agreements/{agreement.pk}/end", last_day="2030-12-31", reason="Not renewed")
    assert said(receipt)[0] == "Nobody enrols under it after 31 Dec 2030."
    agreement.refresh_from_db()
    assert agreement.valid_until == date(2030, 12, 31)
    page = supervisor.opens(f"agreements/{agreement.pk}/cancel", "ineligible")
    assert "end it instead" in said(page)[0]
    empty = agreement_with(umbrella, valid_from=date(2031, 1, 1), name="Next")
    supervisor.does(f"agreements/{empty.pk}/cancel", reason="Never signed")
    empty.refresh_from_db()
    assert empty.cancelled_at is not None


# The pages


def test_the_page_of_an_organization_shows_agreements_and_people(
    agent: Desk, under: Membership, acme: Customer, emma: Customer
) -> None:
    page = agent.client.get(f"/desk/organizations/{acme.pk}")
    text = stands(page)
    assert "Acme Ltd" in text
    assert under.number in text and "Staff" in text
    assert "***17" in text and "E-17" not in text and "Emma Stone" not in text
    assert f"/desk/playbooks/employee-left?customer={emma.pk}" in text


def test_people_are_found_by_personnel_number_group_and_as_those_who_left(
    agent: Desk, acme: Customer, emma: Customer
) -> None:
    group = make_employee_group(acme, code="sales", name="Sales", actor=ACTOR)
    ben, carl = make_customer("Ben Miller"), make_customer("Carl Lee")
    works_for(acme, ben, employee_group=group)
    end_affiliation(works_for(acme, carl), last_day=date(2025, 1, 1), actor=ACTOR, reason="left")

    def listed(**query: Any) -> list[int]:
        page = agent.client.get(f"/desk/organizations/{acme.pk}", query)
        return sorted(one["affiliation"].customer_id for one in page.context["people"])

    assert listed() == [emma.pk, ben.pk]
    assert listed(q="e-17") == [emma.pk]
    assert listed(q=ben.number) == [ben.pk]
    assert listed(group=group.pk) == [ben.pk]
    assert listed(former="yes") == [carl.pk]
    assert listed(q="nobody") == []


def test_a_person_has_no_organization_page(agent: Desk, emma: Customer) -> None:
    assert agent.client.get(f"/desk/organizations/{emma.pk}").status_code == 404


def test_an_agent_looks_but_an_auditor_changes_nothing(auditor: Desk, under: Membership, acme: Customer) -> None:
    agreement = OrganizationAgreement.objects.get()
    assert auditor.client.get(f"/desk/agreements/{agreement.pk}").context["ways"] == []
    assert auditor.client.get(f"/desk/agreements/{agreement.pk}/amend").status_code == 403
    text = stands(auditor.client.get(f"/desk/organizations/{acme.pk}"))
    assert "New agreement" not in text and "Add a person" not in text


def test_the_customers_page_says_where_the_person_belongs_and_what_it_stands_under(
    agent: Desk, under: Membership, acme: Customer, emma: Customer
) -> None:
    text = stands(agent.client.get(f"/desk/customers/{emma.pk}"))
    assert f'<a href="/desk/organizations/{acme.pk}">Acme Ltd</a>' in text
    assert "Staff</a>" in text and "version 1" in text
    text = stands(agent.client.get(f"/desk/customers/{acme.pk}"))
    assert "Organization page" in text
