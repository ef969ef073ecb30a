"""Enrolling at the desk: programs the customer is not in, terms in full, all or none."""

import pytest

from customers.exits import deactivate
from customers.models import Customer
from memberships.enrolment import enrol
from memberships.models import Membership, TermsAcceptance
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR, make_customer, make_program, make_terms

pytestmark = pytest.mark.django_db


@pytest.fixture
def emma(miles: Program) -> Customer:
    return make_customer("Emma Stone")


@pytest.fixture
def stars(miles: Program) -> Program:
    program = make_program("stars", fee="10.00", term_months=12)
    make_terms(program, title="Rules of Stars", text="Points end after a year.\n\nBe kind.")
    return program


def test_several_at_once_with_the_terms_of_each(agent: Desk, emma: Customer, miles: Program, stars: Program) -> None:
    path = f"customers/{emma.pk}/enrol"
    page = agent.opens(path)
    text = page.content.decode()
    assert "Points end after a year." in text
    assert "Be kind." in text
    form = {f"enrol-{miles.pk}": "on", f"enrol-{stars.pk}": "on", f"accept-{stars.pk}": "on"}
    before = everything()
    preview = agent.previews(path, **form)
    assert changed(preview) == {"Memberships": (0, 2)}
    assert "A fee of 10.00 EUR is to be paid." in said(preview)[1]
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    made = list(Membership.objects.order_by("program__code"))
    assert [(one.program_id, one.status) for one in made] == [(miles.pk, "active"), (stars.pk, "active")]
    acceptance = TermsAcceptance.objects.get()
    assert (acceptance.program_id, acceptance.user_id) == (stars.pk, agent.user.pk)
    assert f"/desk/memberships/{made[0].pk}" in ways(receipt).values()
    assert said(agent.opens(path, "ineligible"))[0].startswith("There is no program the customer could join now")
    assert_audit_clean()


def test_terms_that_must_be_accepted_bar_at_their_box(agent: Desk, emma: Customer, stars: Program) -> None:
    before = everything()
    page = agent.previews(f"customers/{emma.pk}/enrol", **{f"enrol-{stars.pk}": "on"})
    assert page.status_code == 400
    assert said(page) == [f"accept-{stars.pk}: Read the terms to the customer and have them accepted."]
    assert everything() == before


def test_nothing_chosen(agent: Desk, emma: Customer) -> None:
    page = agent.previews(f"customers/{emma.pk}/enrol")
    assert said(page) == ["__all__: Choose at least one program."]


def test_who_was_enrolled_meanwhile_is_shown_what_is_left_first(
    agent: Desk, emma: Customer, miles: Program, stars: Program
) -> None:
    path = f"customers/{emma.pk}/enrol"
    form = {f"enrol-{miles.pk}": "on", f"enrol-{stars.pk}": "on", f"accept-{stars.pk}": "on"}
    preview = agent.previews(path, **form)
    enrol(emma, program=miles, actor=ACTOR)
    before = everything()
    page = agent.confirms(preview)
    assert page.context["state"] == "preview"
    assert "Something changed since the preview" in page.content.decode()
    assert [one.split(":")[0] for one in said(page)] == ["Stars"]
    assert everything() == before


def test_what_bars_a_program_is_told(agent: Desk, emma: Customer, miles: Program, stars: Program) -> None:
    stars.status = "locked"
    stars.save()
    page = agent.opens(f"customers/{emma.pk}/enrol")
    assert "Stars is locked; it takes no enrolments." in page.content.decode()
    assert [offer.program for offer, *_ in page.context["form"].rows()] == [miles]


def test_an_inactive_customer_enrols_nowhere(agent: Desk, emma: Customer) -> None:
    deactivate(emma, actor=ACTOR, reason="moved")
    page = agent.opens(f"customers/{emma.pk}/enrol", "ineligible")
    assert said(page) == ["The customer is inactive; only an active one can enrol. Reactivate the customer first."]


def test_only_programs_of_ones_right_are_offered(emma: Customer, miles: Program, stars: Program) -> None:
    agent = Desk("fred", Role.SUPPORT_AGENT, stars)
    Desk("fred", Role.AUDITOR, miles)
    path = f"customers/{emma.pk}/enrol"
    page = agent.opens(path)
    assert [offer.program for offer, *_ in page.context["form"].rows()] == [stars]
    before = everything()
    tried = agent.previews(path, **{f"enrol-{miles.pk}": "on"})
    assert said(tried) == ["__all__: Choose at least one program."]
    assert everything() == before


def test_rights(emma: Customer) -> None:
    for who in (Desk("otto", Role.AUDITOR), Desk("cleo", Role.CARD_MANAGER)):
        assert who.client.get(f"/desk/customers/{emma.pk}/enrol").status_code == 403
        assert who.client.post(f"/desk/customers/{emma.pk}/enrol", {"key": "0" * 32}).status_code == 403
    assert Desk("agnes", Role.SUPPORT_AGENT).client.get("/desk/customers/999999/enrol").status_code == 404
