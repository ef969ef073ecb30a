"""Rewards in the back office: made by form, offered, withdrawn and stocked by their verbs."""

from typing import Any

import pytest
from django.test import Client

from activities.models import RewardItem, RewardStock, StockMovement
from programs.models import PointType, Program
from staff.models import Role, StaffRight, User
from tests.factories import make_program
from tests.rewards import left_of, make_reward

pytestmark = pytest.mark.django_db
LIST = "/admin/activities/rewarditem/"


def somebody(role: Role, program: Program | None = None) -> Client:
    user = User.objects.create_user(f"{role}-user", is_staff=True)
    StaffRight.objects.create(user=user, role=role, program=program)
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture(autouse=True)
def no_second_factor(settings: Any) -> None:
    settings.LOYALTY_TOTP = False


@pytest.fixture
def manager(miles: Program) -> Client:
    return somebody(Role.PROGRAM_MANAGER)


def form(program: Program, **values: Any) -> dict[str, Any]:
    point_type = PointType.objects.get(program=program, code="miles")
    given = {"program": program.pk, "name": "Cup", "code": "cup", "kind": "product", "price": 150}
    return given | {"point_type": point_type.pk, "description": ""} | values


def test_a_reward_is_made_as_a_draft_and_offered_by_its_verb(manager: Client, miles: Program) -> None:
    assert manager.post(f"{LIST}add/", form(miles)).status_code == 302
    item = RewardItem.objects.get()
    assert (item.code, item.status, item.price) == ("cup", "draft", 150)
    assert manager.post(f"{LIST}{item.pk}/do/offer/", {"reason": "for spring"}).status_code == 302
    item.refresh_from_db()
    assert (item.status, item.history.first().history_change_reason) == ("offered", "for spring")
    again = manager.post(f"{LIST}{item.pk}/do/offer/", {"reason": "again"})
    assert (again.status_code, "is offered already" in again.content.decode()) == (422, True)


def test_the_stock_is_set_by_its_verb_with_a_reason(manager: Client, miles: Program) -> None:
    item = make_reward(miles)
    assert manager.post(f"{LIST}{item.pk}/do/stock/", {"left": "7", "reason_code": "delivered"}).status_code == 302
    assert left_of(item) == 7
    assert manager.post(f"{LIST}{item.pk}/do/stock/", {"left": "-1", "reason_code": "counted"}).status_code == 422
    assert manager.post(f"{LIST}{item.pk}/do/stock/", {"left": "", "reason_code": "on-demand"}).status_code == 302
    assert not RewardStock.objects.exists()
    assert list(StockMovement.objects.order_by("pk").values_list("quantity", flat=True)) == [7, -7]


def test_what_does_not_fit_the_program_is_told_beside_its_field(manager: Client, miles: Program) -> None:
    foreign = PointType.objects.get(program=make_program("sea"), code="miles")
    status = PointType.objects.get(program=miles, code="status")
    for wrong, told in (
        ({"point_type": foreign.pk}, "belongs to another program"),
        ({"point_type": status.pk}, "Qualifying points can"),
        ({"kind": "voucher"}, "A voucher needs the value it has."),
        ({"price": 10**13}, "more than anybody can have"),
        ({"program": ""}, "This field is required."),
    ):
        answer = manager.post(f"{LIST}add/", form(miles) | wrong)
        assert (answer.status_code, told in answer.content.decode()) == (200, True), told
    assert not RewardItem.objects.exists()


def test_the_status_is_not_written_by_form(manager: Client, miles: Program) -> None:
    item = make_reward(miles, "cup", status="draft")
    sent = form(miles, status="offered", price=200, change_reason="dearer")
    assert manager.post(f"{LIST}{item.pk}/change/", sent).status_code == 302
    item.refresh_from_db()
    assert (item.status, item.price) == ("draft", 200)


def test_who_may_not_manage_rewards_only_looks(miles: Program) -> None:
    item = make_reward(miles, left=3)
    agent = somebody(Role.SUPPORT_AGENT)
    assert agent.get(f"{LIST}{item.pk}/change/").status_code == 200
    assert agent.post(f"{LIST}{item.pk}/do/stock/", {"left": "9", "reason_code": "counted"}).status_code == 403
    assert agent.post(f"{LIST}add/", form(miles, code="cap")).status_code == 403
    assert left_of(item) == 3
