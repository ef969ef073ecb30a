"""POST /api/activities as a channel calls it: names, input, rights, keys, rehearsals."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest

from activities.models import MemberActivity
from cards import issuing
from common import clock
from gateway.models import Throttle
from gateway.throttling import MOST_FAILURES
from memberships.models import Membership
from points.models import Posting
from programs.models import Program
from tests.activities.conftest import Caller
from tests.activities.till import MADE, earn_by, main_card, refused, visit
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, counted, make_membership, make_program, member_of
from tests.temporary import batch_row, temporary_card

# A wrong number is counted outside of the transaction.
pytestmark = pytest.mark.django_db(transaction=True)


# The three ways to name whom it is about.


def test_each_name_leads_to_the_membership_and_its_person(shop: Caller, michael_adams: Membership) -> None:
    names: list[dict[str, Any]] = [
        {"membership": michael_adams.pk},
        {"member_number": michael_adams.number},
        {"member_number": michael_adams.number, "program": "miles"},
        {"card_number": main_card(michael_adams).number_id},
    ]
    for name in names:
        body = shop.post("activities", {"type": "earn", "points": 10} | name).json()
        assert (body["membership"], body["member"]) == (michael_adams.pk, member_of(michael_adams))
    assert account_of(michael_adams).balance == 40
    assert list(MemberActivity.objects.order_by("pk").values_list("card_id", flat=True)) == [
        None,
        None,
        None,
        main_card(michael_adams).pk,
    ]


def test_a_number_of_several_programs_needs_its_program(caller: Callable[..., Caller], miles: Program) -> None:
    shop = caller("activities:write", "points:earn")
    here, there = (make_membership(one, "Emma Stone", number="MI7") for one in (miles, twin_of(miles)))
    body = {"type": "earn", "points": 10, "member_number": "MI7"}
    assert refused(shop, body, 422, "ambiguous_number")["facts"] == {"programs": ["miles", "twin"]}
    assert shop.post("activities", body | {"program": "twin"}).json()["membership"] == there.pk
    assert (account_of(here).balance, account_of(there).balance) == (0, 10)
    refused(shop, body | {"program": "nowhere"}, 404, "not_found")


def twin_of(program: Program) -> Program:
    return make_program("twin", member_number_prefix=program.member_number_prefix)


@pytest.mark.parametrize(
    "names",
    [
        {},
        {"membership": 1, "card_number": "123"},
        {"member_number": "MI1", "card_number": "123"},
        {"membership": 1, "program": "miles"},
        {"card_number": "123", "program": "miles"},
    ],
)
def test_exactly_one_of_them_is_given(shop: Caller, names: dict[str, Any]) -> None:
    refused(shop, {"type": "earn", "points": 5} | names, 400, "malformed")


@pytest.mark.parametrize(
    "more",
    [{"items": []}, {"mode": "x"}, {"currency": "EUR"}, {"points": 0}, {"points": "5"}, {"type": 7}, {"member": 0}],
)
def test_unknown_and_look_alike_input_is_malformed(
    shop: Caller, michael_adams: Membership, more: dict[str, Any]
) -> None:
    refused(shop, {"type": "earn", "points": 5, "membership": michael_adams.pk} | more, 400, "malformed")


def test_foreign_and_unknown_memberships_numbers_and_cards_answer_alike(shop: Caller, miles: Program) -> None:
    other = make_program("other")
    foreign = make_membership(other, "Emma Stone")
    revoked = batch_row(miles, status="revoked", revoked_at=clock.now())
    names: list[tuple[dict[str, Any], ...]] = [
        ({"membership": foreign.pk}, {"membership": 999_999_999}),
        ({"member_number": foreign.number}, {"member_number": "OT0000000"}),
        (
            {"card_number": main_card(foreign).number_id},
            {"card_number": temporary_card(other).number_id},
            {"card_number": temporary_card(miles, batch=revoked).number_id},
            {"card_number": issuing.issue_card(miles, actor=ACTOR).number_id},
            {"card_number": "0000000000000"},
        ),
    ]
    for alike in names:
        answers = [refused(shop, {"type": "earn", "points": 5} | name, 404, "not_found") for name in alike]
        assert all(answer == answers[0] for answer in answers)


def test_nothing_else_that_is_wrong_tells_a_barred_number_from_one_never_given_out(
    shop: Caller, miles: Program, michael_adams: Membership
) -> None:
    card = main_card(michael_adams)
    issuing.block(card, actor=ACTOR, reason="doubt")
    revoked = temporary_card(miles, batch=batch_row(miles, status="revoked", revoked_at=clock.now()))
    with clock.frozen(datetime(2026, 3, 10, 12, tzinfo=UTC)):
        over = temporary_card(miles, valid_until=date(2026, 3, 12))
    numbers = [card.number_id, revoked.number_id, over.number_id, "0000000000000"]
    for wrong in ({"type": "party", "points": 5}, {"type": "earn"}, {"type": "earn", "points": 5, "member": 999_999}):
        answers = [refused(shop, wrong | {"card_number": number}, 404, "not_found") for number in numbers]
        assert all(answer == answers[0] for answer in answers)


def test_wrong_numbers_are_counted_and_too_many_are_not_looked_up(shop: Caller, miles: Program) -> None:
    card = temporary_card(miles)
    for n in range(3):
        refused(shop, {"type": "earn", "points": 5, "card_number": f"000000000{n:04}"}, 404, "not_found")
    counter = Throttle.objects.get(subject__startswith="numbers:")
    assert counter.count == 3
    Throttle.objects.filter(pk=counter.pk).update(count=MOST_FAILURES)
    answer = shop.post("activities", earn_by(card))
    assert (answer.status_code, Membership.objects.count()) == (429, 0)


# Rights, keys, rehearsals.


def test_the_scope_of_what_the_type_does_is_needed_too(
    caller: Callable[..., Caller], michael_adams: Membership
) -> None:
    program, body = (michael_adams.program,), {"points": 5, "membership": michael_adams.pk}
    visit(michael_adams.program)
    earner = caller("activities:write", "points:earn", programs=program)
    assert earner.post("activities", {"type": "earn"} | body).status_code == 201
    refused(earner, {"type": "redeem"} | body, 403, "not_allowed")
    writer = caller("activities:write", programs=program)
    refused(writer, {"type": "earn"} | body, 403, "not_allowed")
    assert writer.post("activities", {"type": "visit", "membership": michael_adams.pk}).status_code == 201
    assert caller("points:earn", programs=program).post("activities", {"type": "earn"} | body).status_code == 403


def test_nothing_is_made_without_the_right_to_post(caller: Callable[..., Caller], miles: Program) -> None:
    refused(caller("activities:write", programs=(miles,)), earn_by(temporary_card(miles)), 403, "not_allowed")


def test_the_key_makes_it_once_and_the_answer_comes_again_byte_for_byte(shop: Caller, miles: Program) -> None:
    body = earn_by(temporary_card(miles))
    first, again = (shop.post("activities", body, key="k-1") for _ in range(2))
    assert (first.status_code, again.status_code, again.content) == (201, 201, first.content)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert (Membership.objects.count(), Posting.objects.count()) == (1, 1)
    assert shop.post("activities", body | {"points": 51}, key="k-1").json()["code"] == "key_reused"
    assert shop.post("activities", body, key=None).json()["code"] == "idempotency_key_missing"
    assert_audit_clean()


def test_a_dry_run_of_a_first_use_keeps_nothing(shop: Caller, miles: Program) -> None:
    card, before = temporary_card(miles), counted(*MADE)
    answer = shop.post("activities", earn_by(card), key=None, dry_run="true")
    body = answer.json()
    assert (answer.status_code, body["dry_run"]) == (201, True)
    assert (body["id"], body["membership"], body["posting"]["id"]) == (None, None, None)
    assert body["balances"][0]["balance"] == 50
    assert counted(*MADE) == before
    card.refresh_from_db()
    assert card.status == "created"
