"""What is written for a customer: to which address, or why not; in the transaction of what it speaks of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import transaction

from common import clock
from common.actor import Actor
from customers.creating import create_customer
from customers.erasing import erase_customer
from customers.exits import deactivate, mark_deceased
from customers.merging import confirm_duplicate, merge_customers
from customers.models import Customer, Message, MessagePurpose
from customers.outbox import put_message
from customers.updating import update_customer
from tests.factories import make_program

pytestmark = pytest.mark.django_db
CODE, LINK, NOTICE = MessagePurpose.CODE, MessagePurpose.LINK, MessagePurpose.NOTICE
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Put = Callable[..., list[Message]]


@pytest.fixture
def put(probe: str) -> Put:
    """Puts the probe, by default a code."""

    def call(customer: Customer, **values: Any) -> list[Message]:
        return put_message(customer, **({"purpose": CODE, "template": probe, "context": {"what": "code 12"}} | values))

    return call


def addresses(messages: list[Message]) -> list[str | None]:
    return [message.address for message in messages]


def moved(customer: Customer, email: str | None, actor: Actor, *, days: float) -> Customer:
    """The customer after another address was recorded, so many days after NOON."""
    with clock.frozen(NOON + timedelta(days=days)):
        return update_customer(customer, actor=actor, email=email)


def emma_since_noon(actor: Actor, **values: Any) -> Customer:
    with clock.frozen(NOON):
        return create_customer(first_name="Emma", last_name="Moore", actor=actor, **values)


# Whom and what


@pytest.mark.parametrize("purpose", [CODE, LINK])
@pytest.mark.parametrize("wish", [True, False, None])
def test_codes_and_links_go_out_whatever_the_wishes_are(
    put: Put, agent: Actor, purpose: MessagePurpose, wish: bool | None
) -> None:
    wishes = {} if wish is None else {"email": wish}
    emma = create_customer(
        first_name="Emma", last_name="Moore", email="emma@example.com", actor=agent, details={"preferences": wishes}
    )
    with clock.frozen(NOON):
        (message,) = put(emma, purpose=purpose, cause=("consent", 7))
    assert Message.objects.values().get() == {
        "id": message.pk, "customer_id": emma.pk, "program_id": None, "channel": "email", "purpose": purpose,
        "template": "probe", "cause_kind": "consent", "cause_id": 7, "once_key": "", "address": "emma@example.com",
        "subject": "Your code 12 is & stays", "body": "Dear Emma Moore,\n\ncode 12 <en>\n", "status": "waiting",
        "why_not": "", "created_at": NOON, "next_try_at": NOON, "tries": 0, "sent_at": None,
    }  # fmt: skip


@pytest.mark.parametrize("wishes", [{}, {"email": False}, {"sms": True}])
def test_a_notice_needs_the_customers_wish_and_leaves_only_the_fact(
    put: Put, agent: Actor, wishes: dict[str, bool]
) -> None:
    emma = create_customer(
        first_name="Emma", last_name="Moore", email="emma@example.com", actor=agent, details={"preferences": wishes}
    )
    (message,) = put(emma, purpose=NOTICE)
    assert (message.status, message.why_not) == ("suppressed", "the customer has not allowed notices by e-mail")
    assert (message.address, message.subject, message.body, message.next_try_at) == (None, None, None, None)


def test_a_notice_names_program_and_membership(put: Put, michael_adams: Customer) -> None:
    program = make_program("sky", name="Sky & Sea")
    (message,) = put(michael_adams, purpose=NOTICE, program=program, context={"what": "news", "membership": "SK1"})
    assert message.subject == "Your news is & stays Sky & Sea"
    assert message.body == "Dear Michael Adams,\n\nnews <en>\n\n-- \nSky & Sea\nMembership SK1\n"
    assert message.program == program
    with pytest.raises(TypeError, match="names the membership"):
        put(michael_adams, purpose=NOTICE, program=program)
    assert Message.objects.count() == 1


def test_texts_are_drawn_in_the_language_of_the_customer(put: Put, agent: Actor) -> None:
    emma = create_customer(first_name="E", last_name="Moore", email="e@example.com", language="de-AT", actor=agent)
    assert "code 12 <de" in (put(emma)[0].body or "")


def test_a_subject_is_one_line_that_fits_its_column(put: Put, michael_adams: Customer) -> None:
    (message,) = put(michael_adams, context={"what": "x\r\nBcc: all@example.com" + "y" * 300})
    assert message.subject == ("Your x Bcc: all@example.com" + "y" * 300)[:200]


def test_without_an_e_mail_address_nothing_is_sent(put: Put, agent: Actor) -> None:
    emma = create_customer(
        first_name="Emma", last_name="Moore", phone="+43 664 1", actor=agent, details={"preferences": {"sms": True}}
    )
    assert [(one.status, one.why_not) for one in put(emma)] == [("suppressed", "no e-mail address")]


def test_the_deceased_and_the_erased_get_nothing(
    put: Put, michael_adams: Customer, katrin_bauer: Customer, agent: Actor
) -> None:
    mark_deceased(michael_adams, actor=agent, reason="told")
    erase_customer(katrin_bauer, actor=agent, reason="asked")
    found = [(one.status, one.why_not) for who in (michael_adams, katrin_bauer) for one in put(who)]
    assert found == [("suppressed", "the customer is deceased"), ("suppressed", "the customer was erased")]


def test_an_inactive_customer_still_gets_codes(put: Put, katrin_bauer: Customer, agent: Actor) -> None:
    deactivate(katrin_bauer, actor=agent, reason="moved")
    assert addresses(put(katrin_bauer)) == ["katrin@example.org"]


def test_what_is_rolled_back_is_not_sent(put: Put, michael_adams: Customer) -> None:
    with pytest.raises(RuntimeError), transaction.atomic():
        put(michael_adams)
        assert Message.objects.count() == 1
        raise RuntimeError
    assert Message.objects.count() == 0


def test_a_merged_record_stands_for_the_one_that_stays(
    put: Put, michael_adams: Customer, katrin_bauer: Customer, agent: Actor
) -> None:
    confirm_duplicate(michael_adams, duplicate=katrin_bauer, actor=agent, reason="same passport")
    merge_customers(michael_adams, duplicate=katrin_bauer, actor=agent, reason="same passport")
    (message,) = put(katrin_bauer)
    assert (message.customer_id, message.address) == (michael_adams.pk, "Michael.Adams@Example.com")


# Old and new addresses


def test_a_new_address_gets_it_with_the_old_one_until_it_has_settled(put: Put, agent: Actor) -> None:
    emma = emma_since_noon(agent, email="old@example.com")
    emma = moved(emma, "new@example.com", agent, days=30)
    with clock.frozen(NOON + timedelta(days=37, seconds=-1)):
        found = put(emma)
        assert addresses(found) == ["new@example.com", "old@example.com"]
        assert len({message.body for message in found}) == 1
    with clock.frozen(NOON + timedelta(days=37)):
        assert addresses(put(emma)) == ["new@example.com"]


def test_the_program_says_how_long_an_address_takes_to_settle(put: Put, agent: Actor) -> None:
    emma = moved(emma_since_noon(agent, email="old@example.com"), "new@example.com", agent, days=30)
    strict, at_once = make_program("strict", settled_address_days=60), make_program("trusting", settled_address_days=0)
    with clock.frozen(NOON + timedelta(days=50)):
        found = {
            program.code if program else None: addresses(put(emma, program=program))
            for program in (None, strict, at_once)
        }
    assert found == {
        None: ["new@example.com"],
        "strict": ["new@example.com", "old@example.com"],
        "trusting": ["new@example.com"],
    }


@pytest.mark.parametrize("days_of_change", [None, 30])
def test_a_first_address_counts_as_settled(put: Put, agent: Actor, days_of_change: int | None) -> None:
    if days_of_change is None:
        emma = emma_since_noon(agent, email="emma@example.com")
    else:
        emma = moved(emma_since_noon(agent), "emma@example.com", agent, days=days_of_change)
    with clock.frozen(NOON + timedelta(days=days_of_change or 0, hours=1)):
        assert addresses(put(emma)) == ["emma@example.com"]


def test_changing_twice_does_not_push_the_settled_address_out(put: Put, agent: Actor) -> None:
    emma = emma_since_noon(agent, email="old@example.com")
    moved(emma, "thief@example.net", agent, days=30)
    emma = moved(emma, "thief@example.org", agent, days=30.1)
    with clock.frozen(NOON + timedelta(days=31)):
        assert addresses(put(emma)) == ["thief@example.org", "old@example.com"]


def test_taking_an_address_away_first_does_not_either(put: Put, agent: Actor) -> None:
    emma = emma_since_noon(agent, email="old@example.com")
    moved(emma, None, agent, days=30)
    emma = moved(emma, "thief@example.org", agent, days=30.1)
    with clock.frozen(NOON + timedelta(days=31)):
        assert addresses(put(emma)) == ["thief@example.org", "old@example.com"]


def test_a_young_record_that_changed_its_first_address_has_an_old_one(put: Put, agent: Actor) -> None:
    emma = moved(emma_since_noon(agent, email="first@example.com"), "second@example.com", agent, days=1)
    with clock.frozen(NOON + timedelta(days=2)):
        assert addresses(put(emma)) == ["second@example.com", "first@example.com"]


def test_letter_case_and_another_phone_make_no_other_address(put: Put, agent: Actor) -> None:
    emma = emma_since_noon(agent, email="emma@example.com")
    moved(emma, "Emma@Example.com", agent, days=30)
    with clock.frozen(NOON + timedelta(days=31)):
        emma = update_customer(emma, actor=agent, phone="+43 664 7654321")
        assert addresses(put(emma)) == ["Emma@Example.com"]


def test_a_record_without_history_has_its_present_address(put: Put) -> None:
    """As those that were taken over in bulk."""
    bare = Customer(
        number="T-1", name="Bare", email="bare@example.com", email_key="bare@example.com", customer_since=NOON.date(),
        contact_changed_at=NOON, created_at=NOON,
    )  # fmt: skip
    bare.save_base(raw=True)
    assert not Customer.history.filter(id=bare.pk).exists()
    with clock.frozen(NOON):
        assert addresses(put(bare)) == ["bare@example.com"]
