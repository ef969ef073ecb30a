"""Power asks for the password again: pages of the desk that say so, and forms of the back office."""

from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import include, path

from common import clock
from common.desk.pages import DeskPage
from common.desk.recent_login import RecentLoginRequired
from common.recent_login import LASTS
from loyalty_site.urls import urlpatterns as site
from staff.models import Role, StaffRight, User
from staff.users import create_staff_user
from tests.loyalty_site.test_login import ADMIN, PASSWORD

CONFIRM = "/desk/confirm-password?next=%2Fpowerful"


class Powerful(RecentLoginRequired, DeskPage):
    action = "points:approve"

    def get(self, request: HttpRequest) -> HttpResponse:
        return HttpResponse("done")

    post = get


urlpatterns = [path("powerful", Powerful.as_view()), path("", include(site))]
pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


@pytest.fixture
def supervisor(client: Client) -> Client:
    create_staff_user("katrin", password=PASSWORD, actor=ADMIN, rights=[(Role.SUPERVISOR, None)])
    client.login(request=HttpRequest(), username="katrin", password=PASSWORD)
    return client


def play(role: Role) -> None:
    right = StaffRight.objects.get()
    right.role = role
    right.save()


def later(minutes: int) -> Any:
    return clock.frozen(clock.now() + timedelta(minutes=minutes))


def test_right_after_the_login_the_page_is_open(supervisor: Client) -> None:
    assert supervisor.get("/powerful").content == b"done"


@pytest.mark.parametrize("method", ["get", "post"])
def test_later_it_asks_for_the_password_first(supervisor: Client, method: str) -> None:
    supervisor.get("/powerful")
    with later(16):
        response = getattr(supervisor, method)("/powerful")
        assert (response.status_code, response["Location"]) == (302, CONFIRM)
        assert ("send the form again" in supervisor.get(CONFIRM).content.decode()) is (method == "post")


def test_the_password_opens_it_for_some_minutes(supervisor: Client) -> None:
    supervisor.get("/powerful")
    with later(16):
        response = supervisor.post(CONFIRM, {"password": PASSWORD, "next": "/powerful"})
        assert (response.status_code, response["Location"]) == (302, "/powerful")
        assert supervisor.get("/powerful").status_code == 200
    with later(16 + int(LASTS.total_seconds() // 60) + 1):
        assert supervisor.get("/powerful").status_code == 302


def test_a_wrong_password_opens_nothing_and_locks_like_a_login(supervisor: Client) -> None:
    supervisor.get("/powerful")
    with later(16):
        answers = [supervisor.post(CONFIRM, {"password": "wrong"}).status_code for _ in range(5)]
        assert answers == [422, 422, 422, 422, 429]
        assert supervisor.get("/powerful").status_code == 302


def test_the_page_leads_back_to_our_own_pages_only(supervisor: Client) -> None:
    response = supervisor.post("/desk/confirm-password", {"password": PASSWORD, "next": "https://evil.example/"})
    assert response["Location"] == "/desk/"


def test_who_may_not_is_refused_before_being_asked(supervisor: Client) -> None:
    supervisor.get("/powerful")
    play(Role.AUDITOR)
    with later(16):
        assert supervisor.get("/powerful").status_code == 403


def test_nobody_confirms_who_is_not_logged_in(client: Client) -> None:
    assert client.get("/desk/confirm-password")["Location"].startswith("/admin/login/")


def test_users_rights_and_devices_change_only_with_the_password_given_lately(supervisor: Client) -> None:
    play(Role.ADMIN)
    katrin = User.objects.get()
    right = StaffRight.objects.get()
    pages = (
        "staff/user/add/", f"staff/user/{katrin.pk}/change/", f"staff/user/{katrin.pk}/password/",
        "staff/staffright/add/", f"staff/staffright/{right.pk}/delete/", "otp_totp/totpdevice/add/",
    )  # fmt: skip
    assert [supervisor.get(f"/admin/{page}").status_code for page in pages] == [200] * 6
    with later(16):
        for page in pages:
            for answer in (supervisor.get(f"/admin/{page}"), supervisor.post(f"/admin/{page}", {"post": "yes"})):
                assert answer["Location"].startswith("/desk/confirm-password?next=%2Fadmin%2F"), page
        assert supervisor.get("/admin/staff/user/").status_code == 200
    assert (User.objects.count(), StaffRight.objects.count()) == (1, 1)
