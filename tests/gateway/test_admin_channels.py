"""A channel made in the back office shows its secret once; the built-in ones can't be changed."""

import re
from typing import Any

import pytest
from django.contrib.auth.hashers import check_password
from django.test import Client

from gateway.channels import all_scopes
from gateway.events import record_event
from gateway.models import Channel, Event
from programs.models import Program
from staff.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def root() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("root"), backend="django.contrib.auth.backends.ModelBackend")
    return client


def form(program: Program, **values: Any) -> dict[str, Any]:
    return {
        "code": "kiosk",
        "name": "Kiosk",
        "scope_list": ["points:earn", "cards:read"],
        "requests_per_minute": 60,
        "change_reason": "fewer needed",
        "channel_programs-TOTAL_FORMS": 1,
        "channel_programs-INITIAL_FORMS": 0,
        "channel_programs-0-program": program.pk,
    } | values


def secret_on(page: Any) -> str:
    found = re.search(r"secret (\w{40,})\.", page.content.decode())
    assert found
    return found[1]


def test_the_form_offers_every_scope(root: Client) -> None:
    page = root.get("/admin/gateway/channel/add/").content.decode()
    assert all(f'value="{scope}"' in page for scope in all_scopes())
    assert "client_secret" not in page


def test_a_new_channel_shows_its_secret_once(root: Client, city_air: Program) -> None:
    page = root.post("/admin/gateway/channel/add/", form(city_air), follow=True)
    channel = Channel.objects.get(code="kiosk")
    assert check_password(secret_on(page), channel.client_secret)
    assert (channel.scope_list, channel.all_programs, channel.requests_per_minute) == (
        ["cards:read", "points:earn"],
        False,
        60,
    )
    assert channel.authorization_grant_type == "client-credentials"
    assert list(channel.channel_programs.values_list("program", flat=True)) == [city_air.pk]
    row = Channel.history.get(id=channel.pk)
    assert (row.history_user_id, row.history_channel) == (User.objects.get().pk, "desk")
    assert secret_on(page) not in root.get("/admin/gateway/channel/").content.decode()


def test_an_unknown_scope_makes_no_channel(root: Client, city_air: Program) -> None:
    page = root.post("/admin/gateway/channel/add/", form(city_air, scope_list=["points:approve"]))
    assert page.status_code == 200
    assert not Channel.objects.filter(code="kiosk").exists()


def test_a_changed_scope_keeps_the_secret_and_is_recorded(root: Client, city_air: Program) -> None:
    root.post("/admin/gateway/channel/add/", form(city_air))
    before = Channel.objects.get(code="kiosk")
    row = before.channel_programs.get()
    kept = {
        "channel_programs-INITIAL_FORMS": 1,
        "channel_programs-0-id": row.pk,
        "channel_programs-0-channel": before.pk,
    }
    url = f"/admin/gateway/channel/{before.pk}/change/"
    assert root.post(url, form(city_air, scope_list=["cards:read"], **kept)).status_code == 302
    after = Channel.objects.get(code="kiosk")
    assert (after.scope_list, after.client_secret) == (["cards:read"], before.client_secret)
    assert list(
        Channel.history.filter(id=after.pk).order_by("history_id").values_list("history_type", "scope_list")
    ) == [
        ("+", ["cards:read", "points:earn"]),
        ("~", ["cards:read"]),
    ]


def test_a_new_secret_is_shown_once_for_one_channel(root: Client, till: Channel) -> None:
    def act(channel: int, **posted: str) -> Any:
        return root.post(f"/admin/gateway/channel/{channel}/do/new-secret/", posted, follow=True)

    before = Channel.objects.get(pk=till.pk).client_secret
    assert act(till.pk).status_code == 422
    assert Channel.objects.get(pk=till.pk).client_secret == before
    page = act(till.pk, reason="lost")
    assert check_password(secret_on(page), Channel.objects.get(pk=till.pk).client_secret)
    assert not re.search(r"secret \w{40,}", root.get(f"/admin/gateway/channel/{till.pk}/change/").content.decode())
    assert act(1, reason="lost").status_code == 403
    assert Channel.objects.get(pk=1).client_secret == ""


def test_built_in_channels_are_only_shown(root: Client, city_air: Program) -> None:
    assert root.post("/admin/gateway/channel/1/change/", form(city_air, code="mine")).status_code == 403
    assert Channel.objects.get(pk=1).code == "desk"


def test_events_and_the_access_log_are_only_shown(root: Client) -> None:
    event = record_event("tried", program_id=None, subject_id=4, facts={})
    assert root.get("/admin/gateway/event/").status_code == 200
    assert root.get("/admin/staff/accesslog/").status_code == 200
    assert root.get("/admin/staff/staffright/add/").status_code == 200
    assert root.get("/admin/staff/user/add/").status_code == 200
    assert root.post(f"/admin/gateway/event/{event.pk}/change/", {"kind": "other"}).status_code == 403
    assert root.get("/admin/gateway/event/add/").status_code == 403
    assert Event.objects.get().kind == "tried"
