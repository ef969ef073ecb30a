"""The search box: by any key, retired ones too, straight to the one thing found, in the viewer's programs only."""

from typing import Any

import pytest

from cards.models import Card
from customers.keys import email_key, name_key, phone_key
from customers.models import Customer, CustomerNumber, Identification
from memberships.card_holding import replace_card
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.desk.visitor import Visitor, earned
from tests.factories import ACTOR, make_customer, make_membership, make_program, member_of


def known(name: str, email: str | None = None, phone: str | None = None) -> Customer:
    keys = {"email_key": email_key(email), "phone_key": phone_key(phone), "name_key": name_key(name)}
    return make_customer(name, email=email, phone=phone, **keys)


@pytest.fixture
def emma(miles: Program) -> Membership:
    return enrol(known("Emma Stone", "emma@example.com", "+491701234567"), program=miles, actor=ACTOR)


def lands(visitor: Visitor, text: str) -> str:
    """Where the one thing found is shown."""
    answer = visitor.asks("search", q=text)
    assert answer.status_code == 302, answer.status_code
    return str(answer.url)


@pytest.mark.parametrize(
    "text",
    ["EMMA@example.com ", "+49 170 1234567", "0049 170 1234567", "491701234567", "Stone", "stone emma", "Émma"],
)
def test_a_customer_by_contact_or_name(agent: Visitor, emma: Membership, text: str) -> None:
    known("Katrin Bauer", "katrin@example.com", "+491707654321")
    assert lands(agent, text) == f"/desk/customers/{member_of(emma)}"


def test_a_customer_by_number_document_member_number_or_card(agent: Visitor, emma: Membership) -> None:
    person = Customer.objects.get(pk=member_of(emma))
    Identification.objects.create(customer=person, kind="passport", number="L01X-00T47", number_key="L01X00T47")
    card = Card.objects.get(holdings__membership=emma)
    at_home = f"/desk/customers/{person.pk}#m{emma.pk}"
    assert lands(agent, person.number.lower()) == f"/desk/customers/{person.pk}"
    assert lands(agent, "l01x 00t47") == f"/desk/customers/{person.pk}"
    assert lands(agent, emma.number.lower()) == at_home
    assert lands(agent, f" {str(card.number_id)[:4]} {str(card.number_id)[4:]}") == at_home


def test_a_card_out_of_use_still_finds_its_holder(auditor: Visitor, emma: Membership) -> None:
    card = Card.objects.get(holdings__membership=emma)
    replace_card(card, actor=ACTOR, reason="damaged")
    asked = f"?card={card.number_id}"
    assert lands(auditor, str(card.number_id)) == f"/desk/customers/{member_of(emma)}{asked}#m{emma.pk}"


def test_a_retired_member_number_leads_to_where_the_person_is_now(
    agent: Visitor, miles: Program, emma: Membership
) -> None:
    terminate(emma, actor=ACTOR, reason="left")
    again = enrol(Customer.objects.get(pk=member_of(emma)), program=miles, actor=ACTOR)
    place = lands(agent, emma.number)
    assert place == f"/desk/customers/{member_of(emma)}?retired={emma.number}#m{again.pk}"
    assert (
        f"Found by <b>{emma.number}</b>, a number that is no longer in use." in agent.client.get(place).content.decode()
    )


def test_the_number_of_a_merged_record_leads_to_the_survivor(agent: Visitor, emma: Membership) -> None:
    gone = make_customer("Ema Stone")
    person = Customer.objects.get(pk=member_of(emma))
    CustomerNumber.objects.filter(number=gone.number).update(customer=person)
    assert lands(agent, gone.number) == f"/desk/customers/{person.pk}?retired={gone.number}"


def test_a_reference_or_a_posting(agent: Visitor, emma: Membership) -> None:
    posting = earned(emma, 50, reference="R-2026-17")
    assert lands(agent, "R-2026-17") == f"/desk/postings/{posting}"
    assert lands(agent, str(posting)) == f"/desk/postings/{posting}"


def test_several_are_listed_by_kind_with_why(agent: Visitor, miles: Program, emma: Membership) -> None:
    second = make_membership(miles, "Katrin Bauer")
    for membership in (emma, second):
        earned(membership, 50, reference="SHOP-1")
    page = agent.reads("search", q="SHOP-1")
    assert "Activities 2" in page.text
    assert [row[-1] for row in page.rows if row[0] == "Earn SHOP-1"] == ["reference", "reference"]
    known("Emma Moore", "moore@example.com")
    page = agent.reads("search", q="emma")
    assert "Customers 2" in page.text
    assert [row[4] for row in page.rows if row[-1] == "name"] == ["none", f"MMiles {emma.number}"]
    assert [row[2] for row in page.rows if row[-1] == "name"] == ["m***@e***.com", "e***@e***.com"]
    assert "Moore" not in page.text


def test_nothing_found_says_what_was_tried_and_offers_a_new_customer(agent: Visitor, auditor: Visitor) -> None:
    page = agent.reads("search", q="nobody@example.com")
    assert "Looked for a e-mail, reference, in the programs" in page.text
    assert "/desk/customers/new?email=nobody%40example.com" in page.links
    assert "/desk/customers/new?first_name=No&last_name=Body" in agent.reads("search", q="No Body").links
    assert not any("/desk/customers/new" in link for link in auditor.reads("search", q="nobody@example.com").links)


def test_what_belongs_to_other_programs_is_not_found(db: None, emma: Membership) -> None:
    posting = earned(emma, 50, reference="R-9")
    card = Card.objects.get(holdings__membership=emma)
    stranger = Visitor(Role.SUPPORT_AGENT, make_program("other"))
    for text in (emma.number, str(card.number_id), "R-9", f"{posting}"):
        assert "Nothing found" in stranger.reads("search", q=text).text
    # Customers are global; what they have elsewhere is not shown.
    page = stranger.client.get(lands(stranger, "emma@example.com")).content.decode()
    assert emma.number not in page


@pytest.mark.parametrize("text", ["", "   ", "%", "_", "'", "\\", "\x00", "9" * 400, "😀", "a" * 300 + "@b", "-", "0"])
def test_strange_texts_find_nothing_and_break_nothing(agent: Visitor, emma: Membership, text: str) -> None:
    assert "E*** S***" not in agent.reads("search", q=text).text


def test_a_search_costs_a_handful_of_queries(agent: Visitor, emma: Membership, django_assert_num_queries: Any) -> None:
    agent.reads("search", q="nobody")
    # Session, user, rights, the session saved (3); customer, member and card number (3), reference, name.
    with django_assert_num_queries(6 + 7):
        agent.reads("search", q="nobody")
