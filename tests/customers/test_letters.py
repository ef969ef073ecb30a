"""A message as a letter in the program's name and color."""

from typing import Any

import pytest
from django.core import mail
from django.core.mail import EmailMultiAlternatives

from customers.delivering import deliver_messages
from customers.letters import letter_of
from customers.models import Customer, MessagePurpose
from customers.outbox import put_message
from programs.models import Program
from tests.factories import make_customer, make_program

BODY = (
    "Dear Emma,\n\nEarned 10 <b>&</b> spent 5.\nSee https://example.org/x?a=1&b=2\n\n-- \nSkyConnect\nMembership SC1\n"
)


def sky(**values: Any) -> Program:
    return Program(**{"code": "sky", "name": "Sky <Miles>", "brand_color": "#0b7285"} | values)


def test_words_are_shown_as_words_and_addresses_as_links() -> None:
    letter = letter_of(sky(), "Yours & mine", BODY, language="de")
    assert "<b>" not in letter and "Earned 10 &lt;b&gt;&amp;&lt;/b&gt; spent 5.<br>" in letter
    assert 'href="https://example.org/x?a=1&amp;b=2"' in letter
    assert "<title>Yours &amp; mine</title>" in letter and 'lang="de"' in letter
    assert "Sky &lt;Miles&gt;</div>" in letter


def test_program_and_membership_stand_at_its_foot() -> None:
    letter = letter_of(sky(), "", BODY, language="en")
    assert "-- " not in letter
    assert letter.index("SkyConnect<br>Membership SC1") > letter.index("Earned")


@pytest.mark.parametrize(("color", "on_color"), [("#101030", "#ffffff"), ("#ffe066", "#000000")])
def test_the_name_is_readable_on_the_programs_color(color: str, on_color: str) -> None:
    assert f"background: {color}; color: {on_color}" in letter_of(sky(brand_color=color), "", BODY, language="en")


@pytest.fixture
def emma(db: None) -> Customer:
    customer = make_customer("Emma Moore", email="emma@example.com", email_key="emma@example.com")
    customer.contact_preferences.create(channel="email", allowed=True)
    return customer


def sent_about(program: Program | None, customer: Customer, settings: Any) -> EmailMultiAlternatives:
    settings.DEFAULT_FROM_EMAIL = "Loyalty <no-reply@shop.example>"
    context = {"code": "12", "link": "", "change": "", "membership": "SC1", "points": 5, "point_type": "Miles"}
    put_message(customer, purpose=MessagePurpose.CODE, template="consent-code", context=context, program=program)
    assert dict(deliver_messages()) == {"sent": 1}
    (sent,) = mail.outbox
    assert isinstance(sent, EmailMultiAlternatives)
    return sent


def test_a_program_writes_under_its_own_name_and_the_text_stays_what_it_was(emma: Customer, settings: Any) -> None:
    sent = sent_about(make_program("sky", name="Sky, Miles"), emma, settings)
    assert sent.from_email == '"Sky, Miles" <no-reply@shop.example>'
    ((letter, kind),) = sent.alternatives
    assert kind == "text/html"
    assert "Dear Emma Moore," in sent.body and "Dear Emma Moore," in str(letter)


def test_what_is_of_no_program_is_plain_and_from_the_house(emma: Customer, settings: Any) -> None:
    sent = sent_about(None, emma, settings)
    assert (sent.from_email, sent.alternatives) == ("Loyalty <no-reply@shop.example>", [])
