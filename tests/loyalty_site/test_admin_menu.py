"""The menu of the back office: daily work, only what one may open; links to the desk lead somewhere."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client, RequestFactory
from django.urls import resolve

from common.admin import tasks
from loyalty_site import menu
from memberships.models import Membership
from staff.models import Role, StaffRight, User
from tests.loyalty_site.admin_world import login, make_world
from tests.staff.world import staff_client, user_of

pytestmark = pytest.mark.django_db


def request_of(user: User) -> Any:
    request = RequestFactory().get("/admin/")
    request.user = user
    return request


def titles(user: User) -> dict[str, list[str]]:
    return {str(group["title"]): [str(item["title"]) for item in group["items"]]
            for group in menu.navigation(request_of(user))}  # fmt: skip


def test_every_role_sees_what_it_may_open() -> None:
    agent = titles(user_of(staff_client(Role.SUPPORT_AGENT)))
    assert {"Customers & memberships", "Points", "Cards", "Programs", "Channels"} <= agent.keys()
    assert "Staff" not in agent
    assert agent["Channels"] == ["Events"]
    everything = titles(user_of(staff_client(Role.ADMIN)))
    assert everything["Staff"] == ["Users", "Rights", "Access log", "Customers of staff"]
    assert titles(user_of(staff_client(None))) == {}


def test_every_link_of_the_menu_opens() -> None:
    client = staff_client(Role.ADMIN)
    for group in menu.navigation(request_of(user_of(client))):
        for item in group["items"]:
            assert item["link"].startswith("/desk/") or client.get(item["link"]).status_code == 200, item


def test_what_the_menu_names_is_registered() -> None:
    named = {label for _, rows in menu.GROUPS for label, _ in rows}
    known = {model._meta.label for model in admin.site._registry}
    assert named <= known


def test_the_badge_says_whose_data_it_is(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def badge() -> str:
        return str(menu.environment(RequestFactory().get("/"))[0])

    settings.PRODUCTION = True
    assert badge() == "Production"
    settings.PRODUCTION = False
    monkeypatch.setenv("LOYALTY_EMBEDDED_URL", settings.DATABASE_URL)
    assert badge() == "Demo"
    monkeypatch.setenv("LOYALTY_EMBEDDED_URL", "postgresql://elsewhere/")
    assert badge() == "Sandbox"


def test_the_quick_search_finds_within_ones_rights() -> None:
    world: Membership = make_world()
    found = menu.search(request_of(user_of(staff_client(Role.SUPPORT_AGENT))), world.number.lower())
    assert f"/admin/memberships/membership/{world.pk}/change/" in [str(one.link) for one in found]
    elsewhere = make_world("sea").program
    user = User.objects.create_user("tom", is_staff=True)
    StaffRight.objects.create(user=user, role=Role.SUPPORT_AGENT, program=elsewhere)
    links = [str(one.link) for one in menu.search(request_of(user), world.number)]
    assert not [link for link in links if "/memberships/" in link]


@pytest.fixture
def opened() -> Client:
    return login(User.objects.create_superuser("root"))


def test_the_list_that_is_open_is_marked(opened: Client) -> None:
    def marked(path: str) -> list[str]:
        groups = opened.get(path).context["sidebar_navigation"]
        return [str(item["title"]) for group in groups for item in group["items"] if item["active"]]

    assert marked("/admin/points/lot/") == ["Lots"]
    assert marked(f"/admin/staff/user/{user_of(opened).pk}/change/") == ["Users"]
    assert marked("/admin/") == []


def test_the_list_of_all_applications_is_put_together_where_it_is_drawn(
    opened: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = []
    monkeypatch.setattr(admin.AdminSite, "_build_app_dict", lambda *given: made.append(given) or {})
    assert opened.get("/admin/points/lot/").status_code == 200
    assert made == []
    assert opened.get("/admin/points/").status_code == 404
    assert len(made) == 1


@pytest.mark.parametrize("page", [*tasks.WITHOUT_ID, *tasks.WITH_ID], ids=lambda page: page.name)
def test_every_page_of_the_desk_that_is_linked_exists_and_asks_for_that_right(page: tasks.Page) -> None:
    address = tasks.url_of(page, *(() if page in tasks.WITHOUT_ID else (1,)))
    assert address is not None
    assert resolve(address).func.view_class.action == page.right  # type: ignore[attr-defined]


def test_only_tasks_one_may_do_have_a_button() -> None:
    world = make_world()

    def buttons(role: Role) -> set[str]:
        page = staff_client(role).get(f"/admin/memberships/membership/{world.pk}/change/")
        shown = page.context["actions_detail"]
        return {str(one["title"]) for button in shown for one in button.get("items", [button])}

    assert buttons(Role.AUDITOR) == {"Open at the desk", "Statement", "Why this balance?"}
    assert {"Adjust", "Transfer", "Suspend", "Terminate"} <= buttons(Role.SUPPORT_AGENT)
