"""Messages and pairs of records in the back office and on the customer page: who sees what of them."""

from typing import Any

import pytest
from django.test import Client

from common import clock
from common.actor import Actor
from customers.merging import dismiss_pair
from customers.models import Customer, Message, MessagePurpose
from customers.outbox import put_message
from customers.unmasking import SESSION_KEY
from staff.models import Role
from tests.factories import make_program
from tests.staff.world import staff_client

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.LOYALTY_TOTP = False


@pytest.fixture
def code(probe: str, michael_adams: Customer) -> Message:
    """Waiting, with its secret in the row."""
    (message,) = put_message(
        michael_adams, purpose=MessagePurpose.CODE, template=probe, context={"what": "code 471123"}
    )
    return message


@pytest.fixture
def notice(probe: str, michael_adams: Customer) -> Message:
    context = {"what": "news of today", "membership": "SK1"}
    (message,) = put_message(
        michael_adams, purpose=MessagePurpose.NOTICE, template=probe, context=context, program=make_program("sky")
    )
    return message


def unmask(client: Client, customer: Customer) -> None:
    session = client.session
    session[SESSION_KEY] = {str(customer.pk): clock.now().timestamp() + 60}
    session.save()


def text_of(client: Client, path: str) -> str:
    response = client.get(path)
    assert response.status_code == 200
    return str(response.content.decode())


def test_the_text_of_a_secret_is_never_shown(code: Message, michael_adams: Customer) -> None:
    Message.objects.update(subject="Your code")
    client = staff_client(Role.ADMIN)
    unmask(client, michael_adams)
    pages = (
        f"/admin/customers/message/{code.pk}/change/",
        "/admin/customers/message/",
        f"/desk/customers/{michael_adams.pk}",
    )
    for path in pages:
        text = text_of(client, path)
        assert "Michael.Adams@Example.com" in text
        assert "471123" not in text


def test_the_text_of_a_notice_and_the_address_are_shown_to_who_unmasked(
    notice: Message, michael_adams: Customer
) -> None:
    client = staff_client(Role.ADMIN)
    path = f"/admin/customers/message/{notice.pk}/change/"
    masked = text_of(client, path)
    assert "m***@e***.com" in masked
    assert not [value for value in ("Michael.Adams", "news of today") if value in masked]
    unmask(client, michael_adams)
    whole = text_of(client, path)
    assert [value for value in ("Michael.Adams@Example.com", "news of today") if value not in whole] == []


def test_nobody_changes_or_deletes_a_message(notice: Message) -> None:
    client = staff_client(Role.ADMIN)
    before = list(Message.objects.values())
    for page in ("change", "delete"):
        assert (
            client.post(f"/admin/customers/message/{notice.pk}/{page}/", {"body": "x", "post": "yes"}).status_code
            == 403
        )
    assert client.get("/admin/customers/message/add/").status_code == 403
    assert list(Message.objects.values()) == before


def test_the_customer_page_lists_the_latest_messages(code: Message, notice: Message, michael_adams: Customer) -> None:
    client = staff_client(Role.SUPPORT_AGENT)
    text = text_of(client, f"/desk/customers/{michael_adams.pk}")
    assert "<b>Notice</b>" in text
    assert "Sky" in text
    assert "m***@e***.com" in text
    assert "news of today" not in text


def test_messages_of_other_programs_are_not_seen(notice: Message, michael_adams: Customer) -> None:
    client = staff_client(Role.ADMIN, make_program("sea"))
    assert "<b>Notice</b>" not in text_of(client, f"/desk/customers/{michael_adams.pk}")
    assert client.get(f"/admin/customers/message/{notice.pk}/change/").status_code == 404


def test_pairs_are_looked_at_only(michael_adams: Customer, katrin_bauer: Customer, agent: Actor) -> None:
    pair = dismiss_pair(michael_adams, duplicate=katrin_bauer, actor=agent, reason="father of Katrin")
    client = staff_client(Role.ADMIN)
    path = f"/admin/customers/duplicatecustomer/{pair.pk}/change/"
    assert "two different people" in text_of(client, path)
    assert "father" not in text_of(client, path)
    assert client.post(path, {"status": "confirmed"}).status_code == 403
    pair.refresh_from_db()
    assert pair.status == "dismissed"
