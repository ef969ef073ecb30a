"""The customer page: everything of a person on one screen, whatever became of them."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from activities.adjusting import AdjustmentCall, adjust_points
from activities.effects import effects_of_postings
from activities.holding import HoldCall, hold_points
from activities.transaction_calls import TransactionCall
from activities.transactions import take_transaction
from common import clock
from customers.exits import deactivate
from customers.models import Address, AddressKind, Customer, CustomerNumber, CustomerStatus
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose, withdraw
from memberships.ending import terminate
from memberships.enrolment import enrol
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.models import Hold, Posting
from programs.models import ExpiryPolicy, PointType, Program
from staff.models import Role
from tests.activities.sales import per_euro, released
from tests.changes import pool_of
from tests.desk.visitor import Visitor, cells, earned, redeemed
from tests.factories import ACTOR, make_customer, make_program, member_of

# Session, user, rights; and the session saved again, in a transaction of its own.
FRAME = 3 + 3


def person(membership: Membership) -> Customer:
    return Customer.objects.get(pk=member_of(membership))


def expiring(program: Program, days: int) -> None:
    miles = PointType.objects.get(program=program, is_default=True)
    miles.expiry_policy, miles.expiry_length = ExpiryPolicy.AFTER_DAYS, days
    miles.save()


def test_it_shows_every_figure_of_a_membership(agent: Visitor, miles: Program, michael_adams: Membership) -> None:
    expiring(miles, 30)
    earned(michael_adams, 1500, reference="R-1")
    sale = redeemed(michael_adams, 200)
    hold_points(HoldCall(michael_adams.pk, 300, reference="BASKET"), actor=ACTOR)
    earned(michael_adams, 40, point_type="status")
    # They end with that day.
    end = (clock.now() + timedelta(days=30)).date()

    page = agent.reads("customer", member_of(michael_adams))

    ends = f"{end.day} {end:%b %Y}"
    assert cells(page, "Miles") == ["Miles", "1,000", "1,300", "0", "300", "0", "1,300", ends]
    assert cells(page, "Status") == ["Status", "40", "40", "0", "0", "0", "–", ""]
    assert f"Ending within 90 days {ends} 1,300 Miles" in page.text
    assert "Open holds BASKET until" in page.text
    latest = [row[1:] for row in page.rows if row and row[-1] in ("40", "1,300", "1,500") and len(row) == 5]
    assert latest == [
        ["Earned", "Status", "+40", "40"],
        ["Redeemed", "Miles", "−200", "1,300"],
        ["Earned", "Miles", "+1,500", "1,500"],
    ]  # fmt: skip
    assert f"/desk/postings/{sale}" in page.links
    assert f"/desk/holds/{Hold.objects.get().pk}/release" in page.links


def test_contacts_are_masked_and_a_reason_is_asked_to_show_them(agent: Visitor, miles: Program) -> None:
    customer = make_customer("Emma Stone", email="emma@example.com", phone="+491701234567")
    Address.objects.create(customer=customer, kind=AddressKind.HOME, lines="Elm Street 3", city="Bonn", country="DE")
    page = agent.reads("customer", customer.pk)
    for hidden in ("Emma", "Stone", "emma@example.com", "+491701234567", "Elm Street", "Bonn"):
        assert hidden not in page.text
    assert "E*** S*** Active" in page.text
    assert "E-mail e***@e***.com Phone ***67" in page.text
    assert f"/desk/customers/{customer.pk}/unmask" in page.links

    agent.client.post(f"/desk/customers/{customer.pk}/unmask", {"reason": "customer_asks"})

    page = agent.reads("customer", customer.pk)
    assert "E-mail emma@example.com Phone +491701234567" in page.text
    assert "Home Elm Street 3, Bonn, DE" in page.text
    assert f"/desk/customers/{customer.pk}/unmask" not in page.links


def test_an_auditor_reads_but_is_offered_no_task(auditor: Visitor, michael_adams: Membership) -> None:
    page = auditor.reads("customer", member_of(michael_adams))
    assert michael_adams.number in page.text
    tasks = ("/adjust", "/suspend", "/unmask", "/enrol", "/deactivate", "/erase")
    assert [link for link in page.links if link.endswith(tasks)] == []


def test_tasks_not_possible_say_why(agent: Visitor, michael_adams: Membership) -> None:
    suspend(michael_adams, actor=ACTOR, reason="misuse")
    page = agent.reads("customer", member_of(michael_adams))
    base = f"/desk/memberships/{michael_adams.pk}"
    assert {f"{base}/adjust", f"{base}/reinstate", f"{base}/terminate"} <= set(page.links)
    assert not {f"{base}/suspend", f"{base}/transfer", f"{base}/hold"} & set(page.links)
    assert "Transfer points: it is suspended and of type standard" in page.text
    assert "Suspend: it is suspended" in page.text
    assert "Renew: memberships of this program have no term" in page.text
    assert "May: have its points adjusted. May not: earn points, redeem points" in page.text


def test_only_programs_of_the_viewer_are_shown(db: None, miles: Program) -> None:
    other = make_program("other")
    customer = make_customer("Emma Stone")
    for program in (miles, other):
        enrol(customer, program=program, actor=ACTOR)
    seen, hidden = customer.members.order_by("pk").values_list("membership__number", flat=True)

    page = Visitor(Role.SUPPORT_AGENT, miles).reads("customer", customer.pk)

    assert seen in page.text
    assert hidden not in page.text
    assert "Other" not in page.text


def test_programs_the_customer_is_not_in_are_offered(agent: Visitor, miles: Program, michael_adams: Membership) -> None:
    make_program("other")
    make_program("draft", status="draft")
    pk = member_of(michael_adams)
    links = [link for link in agent.reads("customer", pk).links if "/enrol?" in link]
    assert links == [f"/desk/customers/{pk}/enrol?program=other"]


def test_a_customer_without_memberships_has_an_empty_state(agent: Visitor, db: None) -> None:
    page = agent.reads("customer", make_customer().pk)
    assert "This customer takes part in no program that you can see." in page.text


def test_an_ended_membership_is_shown_apart_with_its_end(agent: Visitor, michael_adams: Membership) -> None:
    earned(michael_adams, 70)
    terminate(michael_adams, actor=ACTOR, reason="moved away")
    page = agent.reads("customer", member_of(michael_adams))
    assert "1 former membership" in page.text
    assert "terminated. Its points rest until" in page.text
    assert cells(page, "Miles")[2] == "70"
    assert "moved away" in page.text


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"status": CustomerStatus.DECEASED}, "This customer has died."),
        (
            {"status": CustomerStatus.ERASED, "name": None, "erased_at": clock.now()},
            "Personal data was erased on",
        ),
        ({"kind": "organization", "name": "Moore Ltd"}, "organization Moore Ltd"),
    ],
)
def test_whatever_became_of_the_customer_is_told(agent: Visitor, db: None, values: dict[str, Any], told: str) -> None:
    customer = make_customer(**({"name": "Emma Stone"} | values))
    assert told in agent.reads("customer", customer.pk).text


def test_an_inactive_customer_can_come_back_but_not_enrol(agent: Visitor, miles: Program) -> None:
    customer = make_customer()
    deactivate(customer, actor=ACTOR, reason="asked for it")
    page = agent.reads("customer", customer.pk)
    assert "This customer is not active and can't be enrolled." in page.text
    assert f"/desk/customers/{customer.pk}/reactivate" in page.links
    assert not any("/enrol" in link for link in page.links)


def test_a_merged_record_says_where_the_customer_goes_on(agent: Visitor, db: None) -> None:
    survivor, gone = make_customer("Emma Stone"), make_customer("Ema Stone")
    gone.merged_into = survivor
    gone.save()
    CustomerNumber.objects.filter(number=gone.number).update(customer=survivor)
    page = agent.reads("customer", gone.pk)
    assert f"the customer goes on as {survivor.number}." in page.text
    assert f"Other numbers {gone.number}" in agent.reads("customer", survivor.pk).text


def test_a_retired_number_that_led_here_is_named(agent: Visitor, michael_adams: Membership) -> None:
    pk = member_of(michael_adams)
    assert "Found by OLD-17, a number that is no longer in use." in agent.reads("customer", pk, retired="OLD-17").text
    assert "Found by" not in agent.reads("customer", pk, retired="<b>call 555 now</b>").text


def test_an_adjustment_that_waits_is_told(agent: Visitor, miles: Program, michael_adams: Membership) -> None:
    adjust_points(AdjustmentCall(michael_adams.pk, 5_000, "goodwill"), actor=ACTOR)
    text = agent.reads("customer", member_of(michael_adams)).text
    assert "An adjustment of +5,000 Miles waits for a second person since" in text


def test_frozen_points_say_until_when_and_for_which_change(agent: Visitor, miles: Program) -> None:
    katrin, john = pool_of(miles, "Katrin", "John")
    told = "Nothing is spent from these points until"
    assert told not in agent.reads("membership", katrin.pk).text
    proposal = Proposal("split", john.pk, leaver_id=member_of(john), policy="by_contribution", freezes=True)
    change = propose(proposal, actor=ACTOR)
    for membership in (katrin, john):
        text = agent.reads("membership", membership.pk).text
        assert told in text and f"while change {change.pk} is decided" in text
    withdraw(change, actor=ACTOR, reason="no")
    assert told not in agent.reads("membership", katrin.pk).text


def test_changes_say_who_when_what_and_why_with_personal_values_masked(agent: Visitor, db: None) -> None:
    customer = make_customer("Emma Stone", email="emma@example.com")
    customer.email, customer.language = "stone@example.com", "de"
    customer._change_reason = "letter of 3 May"
    customer.save()
    text = agent.reads("customer", customer.pk).text
    assert "Customer changed – letter of 3 May" in text
    assert "e-mail: changed" in text
    assert "language: en → de" in text
    assert "stone@example.com" not in text


def test_stored_scripts_show_as_text(agent: Visitor, miles: Program) -> None:
    customer = make_customer("<script>alert(1)</script>")
    enrol(customer, program=miles, actor=ACTOR)
    agent.client.post(f"/desk/customers/{customer.pk}/unmask", {"reason": "customer_asks"})
    html = agent.asks("customer", customer.pk).content.decode()
    assert "<script>alert" not in html
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in html


def test_unknown_customers_do_not_exist_and_nobody_comes_without_a_login(
    agent: Visitor, michael_adams: Membership
) -> None:
    assert agent.status_of("customer", 999_999) == 404
    agent.client.logout()
    answer = agent.asks("customer", member_of(michael_adams))
    assert (answer.status_code, answer.url.split("?")[0]) == (302, "/admin/login/")


def test_a_posting_says_beside_it_which_rule_gave_how_many_and_why(agent: Visitor, miles: Program) -> None:
    released(miles, per_euro())
    emma = enrol(make_customer("Emma Stone"), program=miles, actor=ACTOR)
    call = TransactionCall(reference="R-1", amount=Decimal(50), currency="EUR", membership_id=emma.pk)
    take_transaction(call, actor=ACTOR)
    said = effects_of_postings(Posting.objects.values_list("pk", flat=True))[Posting.objects.get().pk][0]
    for page in (agent.reads("customer", member_of(emma)), agent.reads("membership", emma.pk)):
        row = next(row for row in page.rows if len(row) == 5 and row[1].startswith("Earned"))
        assert row[1] == f"Earned {said.rule}: {said.why}"
        assert row[3] == "+50"


def test_seventeen_queries_whatever_the_number_of_memberships(
    agent: Visitor, miles: Program, django_assert_num_queries: Any
) -> None:
    one, five = make_customer("Emma Stone"), make_customer("Katrin Bauer")
    earned(enrol(one, program=miles, actor=ACTOR), 10)
    for program in (miles, *(make_program(f"brand{n}") for n in range(4))):
        membership = enrol(five, program=program, actor=ACTOR)
        for points in (10, 20, 30, 40):
            earned(membership, points)
        hold_points(HoldCall(membership.pk, 5), actor=ACTOR)
        suspend(membership, actor=ACTOR, reason="misuse")
    agent.reads("customer", one.pk)
    for customer in (one, five):
        with django_assert_num_queries(FRAME + 11):
            page = agent.reads("customer", customer.pk)
    assert "5 memberships" in page.text
