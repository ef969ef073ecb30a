"""At the desk: two records found to be one person, or two people; a death; a payment."""

from datetime import timedelta
from decimal import Decimal

import pytest

from common import clock
from customers.models import Customer, DuplicateCustomer
from memberships.models import Member, Membership, MembershipTerm
from programs.models import Activation, Program
from tests.audit.helpers import assert_audit_clean
from tests.changes import pair
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import make_customer, make_membership, make_program, member_of

pytestmark = pytest.mark.django_db
SAME = {"email": "emma@example.com", "email_key": "emma@example.com"}


@pytest.fixture
def emmas(db: None) -> tuple[Customer, Customer]:
    return make_customer("Emma Stone", **SAME), make_customer("Ema Stone", **SAME)


# One person


def test_two_records_become_one(agent: Desk, miles: Program, emmas: tuple[Customer, Customer]) -> None:
    stays, goes = emmas
    membership = make_membership(miles, "x")
    other = Customer.objects.get(pk=member_of(membership))
    before = everything()
    preview = agent.previews(f"customers/{stays.pk}/same-person/{other.pk}", reason="The customer told us")
    assert said(preview) == [
        f"{stays.number} stays and answers to both numbers; {other.number} is closed.",
        f"Documents, addresses and memberships of {other.number} are now with {stays.number}.",
        "A way of being contacted that was refused on one of the records is refused from now on.",
        "Past postings go on naming the record they were made for.",
    ]
    assert changed(preview) == {
        "The two records": ("nothing was decided", "merged"),
        f"Current memberships of {stays.number}": (0, 1),
        f"Current memberships of {other.number}": (1, 0),
    }
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    assert ways(receipt) == {"Customer page": f"/desk/customers/{stays.pk}"}
    assert "Stone" not in receipt.content.decode()
    other.refresh_from_db()
    assert (other.merged_into, other.status) == (stays, "closed")
    assert Member.objects.get(membership=membership, ended_at=None).customer == stays
    assert DuplicateCustomer.objects.get().reason == "The customer told us"
    assert_audit_clean()
    page = agent.opens(f"customers/{stays.pk}/same-person/{other.pk}", "ineligible")
    assert said(page) == [f"{other.number} was merged already: go on with the record that stayed."]
    assert goes.merged_into is None


def test_where_both_take_part_it_says_which_merge_to_propose(agent: Desk, miles: Program) -> None:
    one, two = pair(miles, "Emma Stone", "Ema Stone")
    stays, goes = (Customer.objects.get(pk=member_of(membership)) for membership in (one, two))
    receipt = agent.does(f"customers/{stays.pk}/same-person/{goes.pk}", reason="Same identification document")
    assert said(receipt) == [
        "The two records are marked as one person and wait for their memberships to be united.",
        f"In Miles a merge of {one.number} and {two.number} must be proposed.",
        "With the last of these changes the two records are merged.",
    ]
    proposal = f"/desk/changes/new?kind=merge&prime={one.pk}&secondary={two.pk}&result_type=standard"
    assert ways(receipt)["Propose the merge in Miles"] == proposal
    goes.refresh_from_db()
    assert (goes.status, goes.merged_into) == ("active", None)
    assert DuplicateCustomer.objects.get().status == "confirmed"


def test_a_program_of_others_is_not_named(miles: Program) -> None:
    one, two = pair(miles, "Emma Stone", "Ema Stone")
    stranger = Desk("sam", "support_agent", make_program("stars"))
    receipt = stranger.does(f"customers/{member_of(one)}/same-person/{member_of(two)}", reason="?")
    assert "So it is in a program you have no part in: ask somebody who has." in said(receipt)
    assert "Miles" not in " ".join(said(receipt))
    assert list(ways(receipt)) == ["Customer page"]


def test_the_other_record_can_be_kept_instead(agent: Desk, emmas: tuple[Customer, Customer]) -> None:
    stays, goes = emmas
    page = agent.opens(f"customers/{stays.pk}/same-person/{goes.pk}")
    exits = {str(way.label): way.url for way in page.context["exits"]}
    assert exits[f"Keep {goes.number} instead"] == f"/desk/customers/{goes.pk}/same-person/{stays.pk}"
    assert exits["They are two people"] == f"/desk/customers/{stays.pk}/two-people/{goes.pk}"


def test_two_people_leave_the_list(agent: Desk, emmas: tuple[Customer, Customer]) -> None:
    one, other = emmas
    listed = agent.client.get("/desk/work/duplicates").content.decode()
    assert f"/desk/customers/{one.pk}/same-person/{other.pk}" in listed
    assert f"/desk/customers/{one.pk}/two-people/{other.pk}" in listed
    receipt = agent.does(f"customers/{one.pk}/two-people/{other.pk}", reason="Both customers confirmed it")
    assert said(receipt) == ["The two records are not shown as likely duplicates any more."]
    assert "None found." in agent.client.get("/desk/work/duplicates").content.decode()
    assert DuplicateCustomer.objects.get().status == "dismissed"


def test_the_list_says_which_pair_waits_and_an_auditor_decides_nothing(
    agent: Desk, auditor: Desk, miles: Program
) -> None:
    one, two = pair(miles, "Emma Stone", "Ema Stone")
    for membership in (one, two):
        customer = Customer.objects.get(pk=member_of(membership))
        customer.email = customer.email_key = "emma@example.com"
        customer.save()
    path = f"customers/{member_of(one)}/same-person/{member_of(two)}"
    agent.does(path, reason="The customer told us")
    page = auditor.client.get("/desk/work/duplicates").content.decode()
    assert "waits for the memberships to be united" in page
    assert "same-person" not in page
    for name in ("same-person", "two-people"):
        assert auditor.client.get(f"/desk/{path.replace('same-person', name)}").status_code == 403
    assert agent.client.get(f"/desk/customers/{member_of(one)}/same-person/999999").status_code == 404


# A death


def test_a_death_is_recorded_and_taken_back(agent: Desk, emmas: tuple[Customer, Customer]) -> None:
    emma, _ = emmas
    assert f"/desk/customers/{emma.pk}/deceased" in agent.client.get(f"/desk/customers/{emma.pk}").content.decode()
    receipt = agent.does(f"customers/{emma.pk}/deceased", reason="Death certificate shown")
    emma.refresh_from_db()
    assert emma.status == "deceased"
    assert ways(receipt)["It was a mistake: reactivate"] == f"/desk/customers/{emma.pk}/reactivate"
    page = agent.opens(f"customers/{emma.pk}/deceased", "ineligible")
    assert said(page) == [f"Customer {emma.number} is deceased and can't become deceased."]
    offered = agent.client.get(f"/desk/customers/{emma.pk}").content.decode()
    assert f"/desk/customers/{emma.pk}/deceased" not in offered
    assert f"/desk/customers/{emma.pk}/reactivate" in offered
    agent.does(f"customers/{emma.pk}/reactivate", reason="Another customer of that name")
    emma.refresh_from_db()
    assert emma.status == "active"


# A payment


@pytest.fixture
def unpaid(db: None) -> Membership:
    """Not active before the fee of the first term is paid."""
    program = make_program(
        "club", fee=Decimal("99.00"), term_months=12, activation=Activation.FIRST_PAYMENT, time_zone="Europe/Vienna"
    )
    return make_membership(program, "Emma Stone")


def test_a_payment_activates_the_membership(agent: Desk, unpaid: Membership) -> None:
    term = MembershipTerm.objects.get()
    day = (clock.now() - timedelta(days=2)).date()
    preview = agent.previews(f"memberships/{unpaid.pk}/record-payment", paid_on=day.isoformat(), reference="RF 18 5390")
    (told,) = said(preview)
    assert told.endswith("is paid: 99.00 EUR.")
    assert changed(preview)["Unpaid terms"] == (1, 0)
    assert changed(preview)["Status"] == ("inactive", "active")
    agent.receipt(agent.confirms(preview))
    agent.confirms(preview)
    term.refresh_from_db()
    unpaid.refresh_from_db()
    assert term.paid_at is not None
    assert term.paid_at.astimezone(unpaid.program.zone).date() == day
    assert (term.payment_reference, unpaid.status) == ("RF 18 5390", "active")
    page = agent.opens(f"memberships/{unpaid.pk}/record-payment", "ineligible")
    assert said(page) == [f"No term of {unpaid.number} is unpaid."]


def test_a_payment_of_tomorrow_is_refused(agent: Desk, unpaid: Membership) -> None:
    tomorrow = (clock.now() + timedelta(days=2)).date().isoformat()
    before = everything()
    page = agent.previews(f"memberships/{unpaid.pk}/record-payment", paid_on=tomorrow, reference="RF 18")
    assert page.status_code == 400
    assert said(page) == ["paid_on: A payment is recorded once it was made: no day in the future."]
    assert everything() == before


def test_a_program_without_a_fee_offers_no_payment(agent: Desk, michael_adams: Membership) -> None:
    page = agent.client.get(f"/desk/memberships/{michael_adams.pk}").content.decode()
    assert f"/desk/memberships/{michael_adams.pk}/record-payment" not in page
    assert "memberships of this program cost nothing" in page
