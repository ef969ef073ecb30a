"""A sale that another person's points pay, by the code that was sent to that person (domain 1.11)."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from activities.models import MemberActivity, Transaction
from common import clock
from common.actor import Actor
from common.errors import LoyaltyError
from customers.models import Customer, Message
from gateway.models import Event
from memberships.codes import CODE_LASTS, MOST_SENT, MOST_TRIES
from memberships.errors import CodeNotEnough, CodeNotSent, CodeNotValid, MembershipNotAble, NotAMember, TooManyCodes
from memberships.exits import delete_membership
from memberships.lifecycle import suspend
from memberships.models import Membership, SpendingCode
from memberships.spending_codes import CodeCall, send_spending_code
from points.errors import InsufficientPoints
from points.models import Posting
from programs.models import Program
from tests.activities.conftest import Caller, earned
from tests.activities.sales import entries_of, paying, per_euro, released, sale
from tests.asking import code_in, reachable, wrong
from tests.audit.helpers import assert_audit_clean
from tests.changes import group_of, people_of
from tests.factories import ACTOR, account_of, counted, make_membership, member_of

pytestmark = pytest.mark.django_db
MADE = (Transaction, MemberActivity, Posting, Event, Message, SpendingCode)


@pytest.fixture
def miles(miles: Program) -> Program:
    """One mile for every full euro."""
    released(miles, per_euro())
    return miles


@pytest.fixture
def katrin(katrin_bauer: Membership) -> Membership:
    """With an address and 100 miles."""
    reachable(katrin_bauer)
    earned(katrin_bauer, 100)
    return katrin_bauer


def sent(membership: Membership, points: int = 60, actor: Actor = ACTOR, **values: Any) -> SpendingCode:
    return send_spending_code(CodeCall(membership.pk, points, **values), actor=actor)


def refused(error: type[LoyaltyError], func: Callable[[], Any]) -> LoyaltyError:
    """What it was refused with, after which nothing is there that was not there before, and no code is used."""
    before = counted(*MADE), list(SpendingCode.objects.order_by("pk").values())
    with pytest.raises(error) as found:
        func()
    assert (counted(*MADE), list(SpendingCode.objects.order_by("pk").values())) == before
    return found.value


def pay(buyer: Membership | None, payer: Membership, code: str, points: int = 60, **values: Any) -> dict[str, Any]:
    return sale(buyer, "10", redeem=paying(payer, points, code=code), **values)


def test_the_code_that_was_sent_pays_once(michael_adams: Membership, katrin: Membership) -> None:
    row = sent(katrin)
    code = code_in(row)
    told = pay(michael_adams, katrin, code)
    assert entries_of(told) == [("miles", -60), ("miles", 10)]
    assert (account_of(katrin).balance, account_of(michael_adams).balance) == (40, 10)
    spent = MemberActivity.objects.get(membership=katrin, type__code="redeem", transaction=told["id"])
    assert spent.customer_id == member_of(katrin)
    row.refresh_from_db()
    assert (row.transaction_id, row.used_at is None, row.ended_at) == (told["id"], False, None)
    refused(CodeNotValid, lambda: pay(michael_adams, katrin, code, points=5))
    assert account_of(katrin).balance == 40
    assert_audit_clean()


def test_the_letter_goes_to_the_member_and_says_how_much(katrin: Membership) -> None:
    row = sent(katrin, 60)
    message = Message.objects.get()
    person = Customer.objects.get(pk=member_of(katrin))
    assert (row.message, message.purpose, message.address) == (message, "code", person.email)
    assert code_in(row) in (message.body or "")
    assert "up to 60 Miles" in (message.body or "")
    assert "30 minutes" in (message.body or "")
    assert code_in(row).encode() not in bytes(row.secret_digest)
    assert row.expires_at - row.sent_at == CODE_LASTS
    assert Event.objects.get(kind="spending_code.sent").facts == {
        "membership": katrin.pk, "customer": person.pk, "points": 60,
    }  # fmt: skip


def test_a_new_address_gets_the_code_together_with_the_one_before(katrin: Membership) -> None:
    person = Customer.objects.get(pk=member_of(katrin))
    before = person.email
    person.email = person.email_key = "new@example.com"
    person.contact_changed_at = clock.now()
    person.save()
    sent(katrin)
    assert set(Message.objects.values_list("address", flat=True)) == {before, "new@example.com"}


def test_wrong_used_late_and_foreign_codes_answer_alike(michael_adams: Membership, katrin: Membership) -> None:
    never = refused(CodeNotValid, lambda: pay(michael_adams, katrin, "123456"))
    old = code_in(sent(katrin))
    code = code_in(sent(katrin))
    other = replace(ACTOR, channel_id=1)
    told = [
        refused(CodeNotValid, lambda: pay(michael_adams, katrin, wrong(code))),
        refused(CodeNotValid, lambda: pay(michael_adams, katrin, "none")),
        refused(CodeNotValid, lambda: pay(michael_adams, katrin, code, actor=other)),
    ]
    if old != code:
        told.append(refused(CodeNotValid, lambda: pay(michael_adams, katrin, old)))
    with clock.frozen(clock.now() + CODE_LASTS):
        told.append(refused(CodeNotValid, lambda: pay(michael_adams, katrin, code)))
    assert {(one.code, one.message, str(one.facts)) for one in told} == {
        (never.code, never.message, str({"membership": katrin.pk}))
    }
    pay(michael_adams, katrin, code)


def test_a_wrong_code_is_answered_alike_whatever_the_membership_may(
    michael_adams: Membership, katrin: Membership
) -> None:
    right = code_in(sent(katrin))
    suspend(katrin, actor=ACTOR, reason="asked")
    refused(CodeNotValid, lambda: pay(michael_adams, katrin, wrong(right)))
    refused(MembershipNotAble, lambda: pay(michael_adams, katrin, right))


def test_a_sale_that_is_refused_leaves_the_code_as_it_was(michael_adams: Membership, katrin: Membership) -> None:
    code = code_in(sent(katrin, 500))
    refused(InsufficientPoints, lambda: pay(michael_adams, katrin, code, points=101))
    pay(michael_adams, katrin, code, points=100)
    assert account_of(katrin).balance == 0


def test_no_more_and_no_other_points_than_the_person_was_told(michael_adams: Membership, katrin: Membership) -> None:
    code = code_in(sent(katrin, 60))
    error = refused(CodeNotEnough, lambda: pay(michael_adams, katrin, code, points=61))
    assert error.facts == {"points": 60, "point_type": "miles"}
    other = paying(katrin, 5, code=code, point_type="status")
    refused(CodeNotEnough, lambda: sale(michael_adams, "10", redeem=other))
    pay(michael_adams, katrin, code, points=59)


def test_a_sale_of_nobody_is_paid_by_code_too(katrin: Membership) -> None:
    pay(None, katrin, code_in(sent(katrin)))
    assert account_of(katrin).balance == 40


def test_in_a_group_the_one_who_was_asked_is_who_spent(miles: Program, michael_adams: Membership) -> None:
    group = group_of(miles, "Anna", "Ben")
    anna, ben = people_of(group)
    reachable(group)
    earned(group, 100)
    codes = {person: code_in(sent(group, member=person)) for person in (anna, ben)}
    assert SpendingCode.objects.filter(ended_at=None).count() == 2
    pay(michael_adams, group, codes[ben], points=10)
    assert MemberActivity.objects.get(type__code="redeem").customer_id == ben
    refused(NotAMember, lambda: sent(group, member=member_of(michael_adams)))


def test_who_can_not_be_reached_or_may_not_spend_gets_none(miles: Program, katrin_bauer: Membership) -> None:
    error = refused(CodeNotSent, lambda: sent(katrin_bauer))
    assert "no e-mail address" in error.message
    reachable(katrin_bauer)
    suspend(katrin_bauer, actor=ACTOR, reason="asked")
    refused(MembershipNotAble, lambda: sent(katrin_bauer))


def test_the_number_of_codes_of_a_day_is_bounded_over_all_channels(katrin: Membership) -> None:
    for channel in range(MOST_SENT):
        sent(katrin, actor=replace(ACTOR, channel_id=channel + 1))
    refused(TooManyCodes, lambda: sent(katrin))
    SpendingCode.objects.update(sent_at=clock.now() - timedelta(days=1, seconds=1))
    sent(katrin)


def test_a_membership_nothing_was_posted_to_is_deleted_with_its_codes(miles: Program) -> None:
    nina = make_membership(miles, "Nina")
    reachable(nina)
    sent(nina)
    delete_membership(nina, actor=ACTOR, reason="by mistake")
    assert not SpendingCode.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_six_wrong_tries_kill_the_code(michael_adams: Membership, katrin: Membership) -> None:
    row = sent(katrin)
    code = code_in(row)
    for number in range(1, MOST_TRIES + 1):
        with pytest.raises(CodeNotValid):
            pay(michael_adams, katrin, wrong(code))
        row.refresh_from_db()
        assert row.tries == number
    with pytest.raises(CodeNotValid):
        pay(michael_adams, katrin, code)
    assert account_of(katrin).balance == 100
    assert not Transaction.objects.exists()


@pytest.fixture
def till(caller: Callable[..., Caller], miles: Program) -> Caller:
    return caller("activities:write", "points:redeem", programs=(miles,))


def body(payer: Membership, **redeem: Any) -> dict[str, Any]:
    redeem = {"membership_id": payer.pk, "points": 60} | redeem
    return {"reference": "R-1", "amount": "50.00", "currency": "EUR", "redeem": redeem}


def test_a_till_has_a_code_sent_and_pays_with_it(till: Caller, katrin: Membership) -> None:
    answer = till.post(f"memberships/{katrin.pk}/spending-codes", {"points": 60})
    row = SpendingCode.objects.get()
    assert (answer.status_code, answer.json()) == (
        201,
        {
            "id": row.pk,
            "membership": katrin.pk,
            "member": member_of(katrin),
            "points": 60,
            "point_type": "miles",
            "expires_at": row.expires_at.isoformat().replace("+00:00", "Z"),
        },
    )
    told = till.post("transactions", body(katrin, code=code_in(row)))
    assert told.status_code == 201, told.content
    assert account_of(katrin).balance == 40


def test_in_a_rehearsal_nothing_is_sent(till: Caller, katrin: Membership) -> None:
    answer = till.post(f"memberships/{katrin.pk}/spending-codes", {"points": 60}, dry_run="true")
    assert (answer.status_code, answer.json()["id"], answer.json()["dry_run"]) == (201, None, True)
    assert not SpendingCode.objects.exists()
    assert not Message.objects.exists()


def test_wrong_codes_count_like_wrong_numbers(
    till: Caller, katrin: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted_for: list[str] = []
    monkeypatch.setattr("memberships.api.guesses.count_failure", counted_for.append)
    answer = till.post("transactions", body(katrin, code="123456"))
    assert (answer.status_code, answer.json()["code"]) == (422, "code_not_valid")
    assert len(counted_for) == 1
    monkeypatch.setattr("memberships.api.guesses.too_many_failures", lambda subject: True)
    assert till.post("transactions", body(katrin, code="123457")).status_code == 429


def test_a_card_or_a_code_but_not_both(till: Caller, katrin: Membership) -> None:
    answer = till.post("transactions", body(katrin, code="123456", card_number="1"))
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
