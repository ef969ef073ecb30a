"""Orders and vouchers of a former membership on the pages of today's, and a campaign in the preview of a change."""

import os
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import expect

from activities.calls import PointsCall
from activities.campaigns import create_campaign, put_on_list
from activities.earning import earn_in_general
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.browser.helpers import LogIn, Open, assert_sound, mostly_narrow, mostly_wide
from tests.changes import pair
from tests.factories import ACTOR, make_program, member_of
from tests.memberships.changes.undone import done, proposed
from tests.rewards import make_reward, make_voucher_reward, ordered

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def sky(transactional_db: None) -> Program:
    return make_program("sky")


@mostly_narrow
def test_what_was_ordered_before_a_merge_stands_on_the_pages_of_today(
    sky: Program, log_in: LogIn, open_page: Open, width: int
) -> None:
    anna, ben = pair(sky)
    earn_in_general(PointsCall(ben.pk, 500), actor=ACTOR)
    make_reward(sky, left=3)
    make_voucher_reward(sky)
    order, vouched = ordered(ben), ordered(ben, "ten-off")
    group = Membership.objects.get(pk=done("merge", anna, ben, result_type="group", main_id=member_of(anna)).result_id)
    log_in(Role.ADMIN)
    page = open_page(f"/desk/memberships/{group.pk}", width=width)
    expect(page.get_by_text(f"with {ben.number}").first).to_be_visible()
    voucher = vouched.vouchers.get()
    paths = {
        "membership": f"memberships/{group.pk}",
        "order": f"orders/{order.pk}",
        "voucher": f"vouchers/{voucher.pk}",
        "customer": f"customers/{member_of(ben)}",
    }
    for name, path in paths.items():
        page = open_page(f"/desk/{path}", width=width)
        expect(page.get_by_role("link", name=group.number).first).to_be_visible()
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=str(Path(folder) / f"{name}-{width}.png"), full_page=True)
        assert_sound(page)


@mostly_wide
def test_the_preview_of_a_change_names_the_campaigns_that_come_along(
    sky: Program, log_in: LogIn, open_page: Open, width: int
) -> None:
    anna, ben = pair(sky)
    campaign = create_campaign(
        sky, actor=ACTOR, code="spring", name="Spring offers", eligibility="list",
        valid_from=date(2026, 1, 1), valid_until=date(2026, 12, 31),
    )  # fmt: skip
    put_on_list(campaign, actor=ACTOR, numbers=[ben.number])
    change = proposed("merge", anna, ben, result_type="group", main_id=member_of(anna))
    log_in(Role.ADMIN)
    page = open_page(f"/desk/changes/{change.pk}", width=width)
    expect(page.get_by_text("Spring offers").first).to_be_visible()
    if folder := os.environ.get("SHOTS"):
        page.screenshot(path=str(Path(folder) / f"change-{width}.png"), full_page=True)
    assert_sound(page)
