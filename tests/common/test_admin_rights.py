"""The back office follows the rights of staff: permissions, rows, choices, filters, history."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client

from memberships.models import Membership
from programs.models import PointType, Program, ProgramStatus, TierGroup
from staff.models import Role, StaffRight
from tests.factories import make_membership, make_program
from tests.staff.world import staff_client, user_of

pytestmark = pytest.mark.django_db
# The first part of the page's address, and the roles that see its list.
EVERYBODY = set(Role)
LISTS = {
    "programs/program": EVERYBODY,
    "programs/pointtype": EVERYBODY,
    "customers/customer": EVERYBODY,
    "memberships/membership": EVERYBODY,
    "cards/card": EVERYBODY,
    "gateway/event": EVERYBODY,
    "gateway/channel": {Role.ADMIN},
    "staff/user": {Role.ADMIN},
    "staff/staffright": {Role.ADMIN},
    "staff/accesslog": {Role.ADMIN},
}
FORMS = {
    "programs/program": {Role.PROGRAM_MANAGER, Role.ADMIN},
    "programs/tiergroup": {Role.PROGRAM_MANAGER, Role.ADMIN},
    "customers/customer": {Role.SUPPORT_AGENT, Role.SUPERVISOR, Role.ADMIN},
    "memberships/membership": set(),
    "gateway/channel": {Role.ADMIN},
    "staff/staffright": {Role.ADMIN},
}


@pytest.fixture
def stars(miles: Program) -> Program:
    """The other program."""
    return make_program("stars")


@pytest.fixture
def foreign(stars: Program) -> Membership:
    return make_membership(stars, "Zoe Miller")


def text(client: Client, path: str) -> str:
    response = client.get(f"/admin/{path}")
    assert response.status_code == 200, path
    return response.content.decode()


def codes(client: Client, *paths: str) -> list[int]:
    return [client.get(f"/admin/{path}").status_code for path in paths]


def test_every_page_of_the_back_office_says_who_sees_it() -> None:
    """Without a `view_action` a page is nobody's; name one (and the program_path) on its ModelAdmin."""
    silent = [str(one) for one in admin.site._registry.values() if not getattr(one, "view_action", "")]
    assert silent == []


@pytest.mark.parametrize("role", Role)
def test_a_role_sees_the_lists_of_its_actions(miles: Program, role: Role) -> None:
    client = staff_client(role)
    assert {path: client.get(f"/admin/{path}/").status_code for path in LISTS} == {
        path: 200 if role in roles else 403 for path, roles in LISTS.items()
    }
    index = text(client, "")
    assert {path for path in LISTS if f'"/admin/{path}/"' in index} == {path for path in LISTS if role in LISTS[path]}


@pytest.mark.parametrize("role", Role)
def test_a_role_makes_rows_where_it_may_write(miles: Program, role: Role) -> None:
    client = staff_client(role)
    assert {path: client.get(f"/admin/{path}/add/").status_code for path in FORMS} == {
        path: 200 if role in roles else 403 for path, roles in FORMS.items()
    }


def test_without_a_right_every_list_is_closed(miles: Program) -> None:
    client = staff_client(None)
    assert set(codes(client, *(f"{path}/" for path in LISTS))) == {403}
    assert client.get("/admin/").status_code == 200


def test_rows_of_another_program_do_not_exist(michael_adams: Membership, foreign: Membership, miles: Program) -> None:
    client = staff_client(Role.ADMIN, miles)
    listed = text(client, "memberships/membership/")
    assert michael_adams.number in listed and foreign.number not in listed
    for pk in (foreign.pk, 999_999):
        base = f"memberships/membership/{pk}"
        assert codes(client, f"{base}/change/", f"{base}/history/", f"{base}/history/1/") == [404, 404, 404]
    version = foreign.history.latest("history_id").history_id
    assert codes(client, f"memberships/membership/{foreign.pk}/history/{version}/") == [404]
    assert codes(client, f"memberships/membership/{michael_adams.pk}/history/{version}/") == [404]
    assert codes(client, f"programs/program/{foreign.program_id}/change/") == [404]
    assert codes(client, f"programs/program/{miles.pk}/change/") == [200]


def test_the_history_of_a_deleted_row_stays_in_its_program(miles: Program, stars: Program) -> None:
    group = TierGroup.objects.create(program=stars, code="gone", name="Gone", fed_by="rules")
    pk = group.pk
    group.delete()
    path = f"programs/tiergroup/{pk}/history/"
    assert codes(staff_client(Role.AUDITOR, miles), path) == [404]
    assert codes(staff_client(Role.AUDITOR, stars), path) == [200]


def test_an_address_that_is_no_key_is_no_row(miles: Program) -> None:
    client = staff_client(Role.ADMIN)
    paths = ("change/", "history/", "history/1/", "history/x/")
    assert codes(client, *(f"programs/program/abc/{path}" for path in paths)) == [404] * 4
    assert codes(client, f"programs/program/{miles.pk}/history/x/") == [404]


def test_looking_is_no_writing(miles: Program, stars: Program) -> None:
    """Designer here, auditor there: each page knows the difference, whatever is posted."""
    client = staff_client(Role.PROGRAM_MANAGER, miles)
    StaffRight.objects.create(user=user_of(client), role=Role.AUDITOR, program=stars)
    for program, status in ((miles, 302), (stars, 403)):
        group = TierGroup.objects.get(program=program)
        posted = group_form(group, name="Renamed")
        assert client.post(f"/admin/programs/tiergroup/{group.pk}/change/", posted).status_code == status
    assert list(TierGroup.objects.order_by("pk").values_list("name", flat=True)) == ["Renamed", "Ladder"]


def group_form(group: TierGroup, **values: Any) -> dict[str, Any]:
    shown = {
        "program": group.program_id, "code": group.code, "name": group.name, "fed_by": group.fed_by,
        "point_type": group.point_type_id, "period": group.period, "downgrade": group.downgrade,
        "tiers-TOTAL_FORMS": 0, "tiers-INITIAL_FORMS": 0, "change_reason": "agreed with the brand",
    }  # fmt: skip
    return shown | values


def test_choices_end_where_the_right_to_write_ends(miles: Program, stars: Program) -> None:
    client = staff_client(Role.PROGRAM_MANAGER, miles)
    StaffRight.objects.create(user=user_of(client), role=Role.AUDITOR, program=stars)
    page = text(client, "programs/tiergroup/add/")
    assert f'<option value="{miles.pk}"' in page and f'<option value="{stars.pk}"' not in page
    there = PointType.objects.get(program=stars, code="status")
    assert f'<option value="{there.pk}"' not in page
    group = TierGroup.objects.get(program=miles)
    posted = group_form(group, program=stars.pk, code="taken-over")
    response = client.post("/admin/programs/tiergroup/add/", posted)
    assert response.status_code == 200 and "Select a valid choice" in response.content.decode()
    assert not TierGroup.objects.filter(code="taken-over").exists()


def test_filters_offer_programs_in_sight_only(michael_adams: Membership, foreign: Membership, miles: Program) -> None:
    offered = f'<option value="{foreign.program_id}"'
    assert offered not in text(staff_client(Role.AUDITOR, miles), "memberships/membership/")
    assert offered in text(staff_client(Role.AUDITOR), "memberships/membership/")
    theirs = f"memberships/membership/?program__id__exact={foreign.program_id}"
    assert foreign.number not in text(staff_client(Role.CARD_MANAGER, miles), theirs)


def test_a_program_is_added_by_who_designs_in_all_of_them(miles: Program) -> None:
    assert codes(staff_client(Role.PROGRAM_MANAGER, miles), "programs/program/add/") == [403]
    assert codes(staff_client(Role.PROGRAM_MANAGER), "programs/program/add/") == [200]


def test_a_verb_needs_the_right_to_write(miles: Program) -> None:
    page, posted = f"/admin/programs/program/{miles.pk}/do/lock/", {"reason": "stock-taking"}
    assert staff_client(Role.AUDITOR, miles).post(page, posted).status_code == 403
    assert Program.objects.get().status == ProgramStatus.RELEASED
    staff_client(Role.PROGRAM_MANAGER, miles).post(page, posted)
    assert Program.objects.get().status == ProgramStatus.LOCKED


def test_who_loses_the_role_loses_access_at_once(miles: Program) -> None:
    client = staff_client(Role.SUPERVISOR, miles)
    assert codes(client, "memberships/membership/") == [200]
    user_of(client).rights.get().delete()
    assert codes(client, "memberships/membership/") == [403]
    StaffRight.objects.create(user=user_of(client), role=Role.AUDITOR)
    user_of(client).__class__.objects.update(is_active=False)
    assert codes(client, "memberships/membership/") == [302]


def test_the_feed_shows_events_of_no_program_to_all_who_read_it(michael_adams: Membership, foreign: Membership) -> None:
    listed = text(staff_client(Role.AUDITOR, michael_adams.program), "gateway/event/")
    assert listed.count("membership.enrolled") == 1


def test_what_a_form_changed_stands_in_history_and_nowhere_else(miles: Program) -> None:
    client = staff_client(Role.PROGRAM_MANAGER, miles)
    group = TierGroup.objects.get()
    client.post(f"/admin/programs/tiergroup/{group.pk}/change/", group_form(group, name="Rungs"))
    assert group.history.latest().history_user_id == user_of(client).pk
    assert not admin.models.LogEntry.objects.exists()


def test_completions_and_indexes_end_where_sight_ends(miles: Program, stars: Program) -> None:
    client = staff_client(Role.PROGRAM_MANAGER, miles)
    asked = "autocomplete/?app_label=programs&model_name=tiergroup&field_name=program&term="
    offered = client.get(f"/admin/{asked}").json()["results"]
    assert [one["id"] for one in offered] == [str(miles.pk)]
    assert codes(staff_client(None), asked, "programs/", "staff/") == [403, 404, 404]
    assert codes(client, "programs/", "staff/") == [200, 404]
