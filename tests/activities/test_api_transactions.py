"""POST /api/transactions, GET, returns, the history of a customer, POST /api/claims."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from activities.models import Claim, MemberActivity, Transaction
from common import clock
from gateway.models import Event
from memberships.models import Membership
from points.models import Posting
from programs.models import Program
from tests.activities.conftest import Caller, earned
from tests.activities.sales import per_euro, released, without_words
from tests.activities.till import main_card
from tests.factories import account_of, counted, make_customer, make_membership, make_program, member_of
from tests.temporary import temporary_card

pytestmark = pytest.mark.django_db
MADE = (Transaction, MemberActivity, Posting, Claim, Event, Membership)


@pytest.fixture
def miles(miles: Program) -> Program:
    """One mile for every full euro."""
    released(miles, per_euro())
    return miles


@pytest.fixture
def till(caller: Callable[..., Caller], miles: Program) -> Caller:
    return caller("activities:write", "points:redeem", "memberships:read", programs=(miles,))


def body(**values: Any) -> dict[str, Any]:
    return {"reference": "R-1", "amount": "50.00", "currency": "EUR"} | values


def refused(till: Caller, path: str, given: dict[str, Any], status: int, code: str, **query: str) -> Any:
    """The problem, after which nothing is there that was not there before."""
    before = counted(*MADE)
    answer = till.post(path, given, **query)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.content
    assert counted(*MADE) == before
    return answer.json()


def test_a_sale_is_answered_with_activities_effects_and_balances(till: Caller, michael_adams: Membership) -> None:
    answer = till.post("transactions", body(membership_id=michael_adams.pk, items=[{"amount": "50.00", "sku": "hat"}]))
    assert answer.status_code == 201
    told = answer.json()
    row = Transaction.objects.get()
    assert (told["id"], told["type"], told["program"], told["amount"]) == (row.pk, "purchase", "miles", "50.00")
    assert told["items"] == [
        {"line": 1, "sku": "hat", "category": "", "quantity": "1", "amount": "50.00", "returns_line": None}
    ]
    (activity,) = told["activities"]
    assert (activity["type"], activity["status"], activity["membership"]) == (
        "purchase",
        "processed",
        michael_adams.pk,
    )
    assert activity["postings"][0]["entries"] == [{"point_type": "miles", "amount": 50, "balance_after": 50}]
    (effect,) = told["effects"]
    assert (effect["points"], effect["version"], effect["action"]) == (50, 1, "credit")
    assert told["memberships"] == [michael_adams.pk]
    assert without_words(till.get(f"transactions/{row.pk}").json()) == without_words(told)


@pytest.mark.parametrize("name", ["card_number", "member_number", "customer_id"])
def test_the_member_is_named_in_four_ways(till: Caller, michael_adams: Membership, name: str) -> None:
    who = {
        "card_number": main_card(michael_adams).number_id,
        "member_number": michael_adams.number,
        "customer_id": member_of(michael_adams),
    }[name]
    more = {"program": "miles"} if name == "customer_id" else {}
    told = till.post("transactions", body(**{name: who}, **more)).json()
    assert (told["memberships"], told["customer"]) == ([michael_adams.pk], member_of(michael_adams))


def test_the_same_key_answers_the_same_and_another_key_is_told_of_the_reference(
    till: Caller, michael_adams: Membership
) -> None:
    given = body(membership_id=michael_adams.pk)
    first, again = (till.post("transactions", given, key="one") for _ in range(2))
    assert (first.status_code, again.content) == (201, first.content)
    problem = refused(till, "transactions", given, 409, "reference_taken")
    assert problem["facts"] == {"transaction": first.json()["id"], "reference": "R-1"}
    assert account_of(michael_adams).balance == 50


def test_a_dry_run_leaves_nothing_and_names_no_ids(till: Caller, michael_adams: Membership) -> None:
    before = counted(*MADE)
    answer = till.post("transactions", body(membership_id=michael_adams.pk), key=None, dry_run="true")
    told = answer.json()
    assert (answer.status_code, told["dry_run"], told["id"]) == (201, True, None)
    assert (told["activities"][0]["id"], told["activities"][0]["postings"][0]["id"]) == (None, None)
    assert told["effects"][0]["points"] == 50
    assert counted(*MADE) == before


def test_a_customer_without_membership_is_told_so(till: Caller, miles: Program) -> None:
    told = till.post("transactions", body(customer_id=make_customer().pk, program="miles")).json()
    assert told["unattributed"]["code"] == "not_a_member"
    assert "nothing was earned" in told["unattributed"]["detail"]


def test_a_sale_pays_with_points_of_another_membership_by_card(
    till: Caller, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    earned(katrin_bauer, 100)
    given = body(membership_id=michael_adams.pk, redeem={"membership_id": katrin_bauer.pk, "points": 60})
    refused(till, "transactions", given, 422, "card_needed")
    given["redeem"]["card_number"] = main_card(katrin_bauer).number_id
    told = till.post("transactions", given).json()
    assert told["memberships"] == sorted([michael_adams.pk, katrin_bauer.pk])
    assert account_of(katrin_bauer).balance == 40


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"currency": None}, "/currency"),
        ({"amount": "1e3"}, "/amount"),
        ({"amount": True}, "/amount"),
        ({"amount": "-1.00"}, "/amount"),
        ({"amount": "1.005"}, "/amount"),
        ({"currency": "eur"}, "/currency"),
        ({"type": "return"}, "/type"),
        ({"items": [{"quantity": 1}]}, "/items/0/amount"),
        ({"items": [{"amount": "1", "quantity": "0"}]}, "/items/0/quantity"),
        ({"items": [{"amount": "1"}] * 201}, "/items"),
        ({"reference": ""}, "/reference"),
        ({"card_number": "1", "customer_id": 1}, ""),
        ({"program": "miles", "membership_id": 1}, "/program"),
        ({"redeem": {"membership_id": 1, "points": 0}}, "/redeem/points"),
        ({"attributes": {"a b": 1}}, "/attributes"),
        ({"color": "red"}, "/color"),
    ],
)
def test_malformed_sales_are_refused_with_a_pointer(till: Caller, wrong: dict[str, Any], pointer: str) -> None:
    problem = refused(till, "transactions", body(**wrong), 400, "malformed")
    assert any(one["pointer"].startswith(pointer) for one in problem["errors"]), problem["errors"]


def test_an_amount_needs_its_currency(till: Caller, michael_adams: Membership) -> None:
    given = {"reference": "R-1", "amount": "5.00", "membership_id": michael_adams.pk}
    problem = refused(till, "transactions", given, 400, "malformed")
    assert [one["pointer"] for one in problem["errors"]] == ["/currency"]


def test_a_return_answers_what_became_of_the_points(till: Caller, michael_adams: Membership) -> None:
    sold = till.post(
        "transactions",
        body(membership_id=michael_adams.pk, items=[{"amount": "30.00", "quantity": 3}, {"amount": "20.00"}]),
    ).json()
    answer = till.post(
        f"transactions/{sold['id']}/returns", {"reference": "B-1", "items": [{"line": 1, "quantity": 1}]}
    )
    told = answer.json()
    assert answer.status_code == 201
    assert (told["type"], told["return_of"], told["amount"], told["in_full"]) == ("return", sold["id"], "10.00", False)
    ((line,),) = [one["points"] for one in told["reversed"]]
    assert (line["point_type"], line["posted"], line["cut_from_refund"]) == ("miles", 10, None)
    assert account_of(michael_adams).balance == 40
    again = till.get(f"transactions/{told['id']}").json()
    assert (again["return_of"], again["items"]) == (sold["id"], told["items"])


@pytest.mark.parametrize(
    ("asked", "status", "code"),
    [
        ({"amount": "50.01"}, 422, "return_too_large"),
        ({"items": [{"line": 1, "quantity": "2"}]}, 422, "return_too_large"),
        ({"items": [{"sku": "shoes"}]}, 422, "unknown_item"),
        ({"items": []}, 400, "malformed"),
        ({"items": [{}]}, 400, "malformed"),
        ({"amount": "0.00"}, 400, "malformed"),
        ({"amount": "1.00", "items": [{"line": 1}]}, 400, "malformed"),
    ],
)
def test_returns_that_ask_for_too_much_or_nonsense_change_nothing(
    till: Caller, michael_adams: Membership, asked: dict[str, Any], status: int, code: str
) -> None:
    sold = till.post("transactions", body(membership_id=michael_adams.pk, items=[{"amount": "50.00", "sku": "hat"}]))
    refused(till, f"transactions/{sold.json()['id']}/returns", {"reference": "B-1"} | asked, status, code)
    assert account_of(michael_adams).balance == 50


def test_a_second_return_is_refused_with_cause_and_cure(till: Caller, michael_adams: Membership) -> None:
    path = f"transactions/{till.post('transactions', body(membership_id=michael_adams.pk)).json()['id']}/returns"
    assert till.post(path, {"reference": "B-1"}).json()["in_full"]
    assert refused(till, path, {"reference": "B-2"}, 422, "already_returned")["facts"]["left"] == "0.00"
    assert refused(till, path, {"reference": "B-1"}, 409, "reference_taken")


def test_foreign_and_unknown_transactions_answer_alike(
    till: Caller, caller: Callable[..., Caller], michael_adams: Membership
) -> None:
    sold = till.post("transactions", body(membership_id=michael_adams.pk)).json()["id"]
    abroad = caller("activities:write", "memberships:read", programs=(make_program("abroad"),))
    foreign, unknown = (abroad.get(f"transactions/{pk}").json() for pk in (sold, 10**9))
    assert (foreign, foreign["status"]) == (unknown, 404)
    refused(abroad, f"transactions/{sold}/returns", {"reference": "B-1"}, 404, "not_found")


def test_paying_needs_the_right_to_redeem(caller: Callable[..., Caller], michael_adams: Membership) -> None:
    earned(michael_adams, 100)
    plain = caller("activities:write", programs=(michael_adams.program,))
    given = body(membership_id=michael_adams.pk, redeem={"membership_id": michael_adams.pk, "points": 5})
    refused(plain, "transactions", given, 403, "not_allowed")


def test_an_unknown_and_a_foreign_card_answer_alike(
    till: Caller, michael_adams: Membership, caller: Callable[..., Caller]
) -> None:
    foreign = temporary_card(make_program("abroad"))
    told = [refused(till, "transactions", body(card_number=one), 404, "not_found") for one in (foreign.number_id, "1")]
    assert told[0] == told[1]


def test_the_history_has_pages_and_totals(till: Caller, michael_adams: Membership) -> None:
    for number in range(3):
        till.post("transactions", body(reference=f"R-{number}", membership_id=michael_adams.pk))
    path = f"customers/{member_of(michael_adams)}/transactions"
    page = till.get(f"{path}?page_size=2").json()
    assert [one["reference"] for one in page["results"]] == ["R-2", "R-1"]
    assert page["totals"] == [
        {"currency": "EUR", "purchases": 3, "bought": "150.00", "returns": 0, "returned": "0.00", "net": "150.00"}
    ]
    assert page["per_membership"] == [
        {"membership": michael_adams.pk, "program": "miles", "totals": page["totals"]},
    ]
    assert [one["reference"] for one in till.client.get(page["next"]).json()["results"]] == ["R-0"]


def test_a_claim_is_opened_and_refused_where_the_receipt_earned(till: Caller, miles: Program) -> None:
    anna = make_membership(miles, "Anna Bauer", at=clock.now() - timedelta(days=90))
    when = (clock.now() - timedelta(days=40)).isoformat()
    given = {"receipt": "R-9", "occurred_at": when, "amount": "12.00", "currency": "EUR", "membership_id": anna.pk}
    told = till.post("claims", given).json()
    assert (told["status"], told["membership"], told["program"], told["activity"]) == ("open", anna.pk, "miles", None)
    till.post("transactions", body(reference="R-10", membership_id=anna.pk))
    problem = refused(till, "claims", given | {"receipt": "R-10"}, 422, "receipt_attributed")
    assert problem["facts"]["receipt"] == "R-10"
    refused(till, "claims", given | {"card_number": "1"}, 400, "malformed")


def test_money_of_another_currency_earns_only_by_rules_that_ask_for_it(till: Caller, michael_adams: Membership) -> None:
    released(michael_adams.program, {"do": "credit", "points": 5})
    told = till.post("transactions", body(membership_id=michael_adams.pk, amount="10000.00", currency="JPY")).json()
    assert (told["amount"], told["currency"]) == ("10000.00", "JPY")
    assert [effect["points"] for effect in told["effects"]] == [5]
    assert account_of(michael_adams).balance == 5
    till.post("transactions", body(reference="R-2", membership_id=michael_adams.pk))
    assert account_of(michael_adams).balance == 5 + 50 + 5


def test_items_that_come_to_more_than_an_amount_holds_are_refused(till: Caller, michael_adams: Membership) -> None:
    given = {"reference": "R-1", "currency": "EUR", "membership_id": michael_adams.pk}
    problem = refused(till, "transactions", given | {"items": [{"amount": "999999999999.99"}] * 2}, 400, "malformed")
    assert [one["pointer"] for one in problem["errors"]] == ["/items"]


@pytest.mark.parametrize("occurred_at", ["0001-01-01T00:00:00Z", "1900-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_a_sale_in_no_program_lies_in_the_last_hundred_years(till: Caller, occurred_at: str) -> None:
    given = body(customer_id=make_customer().pk, occurred_at=occurred_at)
    problem = refused(till, "transactions", given, 422, "event_time_out_of_range")
    assert problem["facts"] == {"occurred_at": occurred_at.replace("Z", "+00:00")}
