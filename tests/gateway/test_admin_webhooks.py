"""Staff see webhooks and what was given up, have it tried again, and switch off."""

import pytest
from django.test import Client

from common import clock
from gateway.channels import system_actor
from gateway.events import record_event
from gateway.models import Channel, WebhookDelivery, WebhookEndpoint
from gateway.webhooks import register_webhook, secrets_of
from staff.models import Role, StaffRight, User

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def no_second_factor(settings: object) -> None:
    settings.LOYALTY_TOTP = False  # type: ignore[attr-defined]


@pytest.fixture
def dead(till: Channel) -> WebhookDelivery:
    endpoint, _ = register_webhook(till, url="https://hooks.example.com/", actor=system_actor())
    event = record_event("points.earned", program_id=None, subject_id=1, facts={})
    return WebhookDelivery.objects.create(
        endpoint=endpoint, event_id=event.pk, number=4, status="dead", tries=10, problem="HTTP 500"
    )


@pytest.fixture
def admin() -> Client:
    user = User.objects.create_user("ada", is_staff=True)
    StaffRight.objects.create(user=user, role=Role.ADMIN)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def does(client: Client, endpoint: WebhookEndpoint, verb: str) -> str:
    answer = client.post(f"/admin/gateway/webhookendpoint/{endpoint.pk}/do/{verb}/", {"reason": "asked"}, follow=True)
    assert answer.status_code == 200
    return answer.content.decode()


def test_what_was_given_up_is_listed_and_tried_again(admin: Client, dead: WebhookDelivery) -> None:
    listed = admin.get("/admin/gateway/webhookdelivery/?status__exact=dead").content.decode()
    assert "points.earned" in listed and "HTTP 500" in listed
    assert "1 deliveries are tried again." in does(admin, dead.endpoint, "retry")
    dead.refresh_from_db()
    assert (dead.status, dead.tries) == ("waiting", 0)


def test_a_new_secret_is_shown_once(admin: Client, dead: WebhookDelivery) -> None:
    page = does(admin, dead.endpoint, "new-secret")
    dead.endpoint.refresh_from_db()
    secret = secrets_of(dead.endpoint, at=clock.now())[0]
    assert secret.replace("+", "&#x2B;") in page or secret in page
    again = admin.get(f"/admin/gateway/webhookendpoint/{dead.endpoint_id}/change/").content.decode()
    assert "whsec_" not in again


def test_switched_off_offers_no_verb_and_keeps_why(admin: Client, dead: WebhookDelivery) -> None:
    does(admin, dead.endpoint, "switch-off")
    endpoint = WebhookEndpoint.objects.get()
    assert not endpoint.is_active
    assert WebhookEndpoint.history.latest("history_id").history_change_reason == "asked"
    page = admin.get(f"/admin/gateway/webhookendpoint/{endpoint.pk}/change/").content.decode()
    assert "/do/retry/" not in page
