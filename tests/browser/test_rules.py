"""Rules in a real browser: designed, tried, released and explained; every page at both widths, with what axe says."""

import os
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from activities.campaigns import create_campaign, put_on_list, start_campaign
from activities.models import ActivityStatus, Campaign, MemberActivity, RewardRule, RuleGroup
from activities.receiving import ActivityCall, receive
from activities.rules.groups import create_group
from activities.rules.releasing import change_rule, create_rule, release_rule
from common import clock
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.browser.helpers import LogIn, Open, assert_sound
from tests.desk.rules.designing import make_designed_program
from tests.factories import ACTOR, make_membership

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Sky:
    program: Program
    michael: Membership
    basic: RewardRule
    double: RewardRule
    draft: RewardRule
    campaign: Campaign
    failed: MemberActivity
    purchase: MemberActivity


def bought(membership: Membership, amount: str, **values: Any) -> MemberActivity:
    call = ActivityCall("purchase", membership=membership.pk, amount=Decimal(amount), currency="EUR", **values)
    return MemberActivity.objects.get(pk=receive(call, actor=ACTOR)["id"])


def written(program: Program, group: RuleGroup, name: str, *actions: Any, **values: Any) -> RewardRule:
    definition = {
        "activity_types": ["purchase"],
        "condition": values.pop("condition", ""),
        "actions": list(actions),
        "caps": values.pop("caps", []),
    }
    code = name.lower().replace(" ", "-")
    return create_rule(program, actor=ACTOR, code=code, name=name, group=group, definition=definition, **values)


@pytest.fixture
def sky(transactional_db: None) -> Sky:
    program = make_designed_program("sky", name="SkyConnect Rewards", brand_color="#0b7285")
    base = RuleGroup.objects.get(program=program)
    bonuses = create_group(program, code="bonuses", name="Bonuses", mode="exclusive", rank=1, actor=ACTOR)
    today = clock.now().date()
    campaign = create_campaign(
        program, code="spring", name="Spring double", valid_from=today.replace(month=1, day=1),
        valid_until=today.replace(month=12, day=31), eligibility="list", point_budget=50_000, actor=ACTOR,
        description="For those who have not been seen since the summer.",
    )  # fmt: skip
    michael, katrin = (make_membership(program, name) for name in ("Michael Adams", "Katrin Bauer"))
    put_on_list(campaign, actor=ACTOR, numbers=[michael.number])
    start_campaign(campaign, actor=ACTOR, why="agreed")
    basic = written(
        program, base, "Miles for money", {"do": "credit", "per": "1.00", "points": 2},
        {"do": "credit", "per": "1.00", "points": 1, "point_type": "status"}, caps=[{"scope": "day", "points": 5000}],
        description="The basic rule, agreed with finance in 2025.",
    )  # fmt: skip
    double = written(
        program, bonuses, "Double for friends", {"do": "multiply", "factor": "2"}, {"do": "add_label", "label": "vip"},
        condition="activity.amount >= 100.0 && activity.weekday in [1, 2, 3, 4, 5, 6, 7]", campaign=campaign,
    )  # fmt: skip
    for rule in (basic, double):
        release_rule(rule, actor=ACTOR, why="Agreed with marketing")
    purchase = bought(michael, "120.00", reference="R-1042", location="Berlin")
    for amount in ("15.50", "80.00", "99.99", "240.00"):
        bought(katrin, amount)
    definition = basic.definition | {"actions": [{"do": "credit", "per": "1.00", "points": 3}]}
    change_rule(basic, actor=ACTOR, name="Miles for money", group=base, definition=definition, priority=10)
    draft = written(
        program, base, "Morning bonus", {"do": "credit", "points": 50}, {"do": "issue_voucher", "reward": "voucher"},
        condition="activity.hour < 12 || (member.is_main && activity.amount > 9)",
        caps=[{"scope": "member", "times": 3}],
    )  # fmt: skip
    broken = written(
        program, base, "Share by nights", {"do": "credit", "expression": "100 / activity.points"},
        condition='activity.location == "Ulm"',
    )  # fmt: skip
    release_rule(broken, actor=ACTOR, why="tried")
    failed = bought(katrin, "33.00", reference="R-1043", location="Ulm")
    assert failed.status == ActivityStatus.FAILED
    return Sky(program, michael, basic, double, draft, campaign, failed, purchase)


def paths_of(sky: Sky) -> list[str]:
    since = "since=2020-01-01&until=2020-12-31"
    today = clock.now().date()
    return [
        "rules?program=sky", "programs/sky/rules/new", "programs/sky/rules/new?template=nothing",
        "programs/sky/rules/new?template=category", f"rules/{sky.basic.pk}", f"rules/{sky.double.pk}",
        f"rules/{sky.draft.pk}", f"rules/{sky.double.pk}/edit", f"rules/{sky.draft.pk}/edit",
        f"rules/{sky.draft.pk}/simulate?since={today.replace(day=1)}&until={today}",
        f"rules/{sky.draft.pk}/simulate?{since}",
        f"rules/{sky.basic.pk}/release", f"rules/{sky.basic.pk}/retire", f"rules/{sky.basic.pk}/copy",
        "programs/sky/rule-groups/new", "campaigns?program=sky", "programs/sky/campaigns/new",
        f"campaigns/{sky.campaign.pk}", f"campaigns/{sky.campaign.pk}/edit", f"campaigns/{sky.campaign.pk}/list",
        f"campaigns/{sky.campaign.pk}/stop", "activities", "activities?program=sky&status=failed",
        f"activities/{sky.purchase.pk}", f"activities/{sky.failed.pk}", f"activities/{sky.failed.pk}/reprocess",
        f"postings/{sky.purchase.posting_id}", f"memberships/{sky.michael.pk}/statement",
        f"memberships/{sky.michael.pk}/explain",
    ]  # fmt: skip


def test_every_page_fits_and_is_accessible(sky: Sky, log_in: LogIn, open_page: Open) -> None:
    log_in(Role.ADMIN)
    for at, path in enumerate(paths_of(sky)):
        page = open_page(f"/desk/{path}")
        if folder := os.environ.get("SHOTS"):
            page.screenshot(path=str(Path(folder) / f"{at:02}.png"), full_page=True)
        assert_sound(page)


def test_a_rule_is_designed_tried_released_and_explained(sky: Sky, log_in: LogIn, open_page: Open) -> None:
    log_in(Role.PROGRAM_MANAGER)
    page = open_page("/desk/rules?program=sky")
    page.get_by_role("link", name="New rule").click()
    page.get_by_role("link", name="Bonus above an amount").click()
    page.get_by_label("Name", exact=True).fill("Big basket")
    page.get_by_label("Value in EUR").fill("1OO")
    page.get_by_label("Points", exact=True).fill("300")
    page.get_by_role("button", name="Check", exact=True).last.click()
    expect(page.get_by_text("Write a number in digits, as 3 or 12.50.")).to_be_visible()
    page.get_by_label("Value in EUR").fill("90")
    page.get_by_label("Add a condition about").select_option("Is the main member")
    page.get_by_role("button", name="Add this condition").click()
    page.get_by_role("button", name="Check", exact=True).last.click()
    expect(page.get_by_text("Amount is at least 90 EUR")).to_be_visible()
    page.get_by_role("button", name="Save and try on past activities").click()
    page.get_by_role("button", name="Try it").click()
    expect(page.get_by_role("row", name="Miles")).to_contain_text("900")
    page.get_by_role("link", name="Release").first.click()
    page.get_by_label("Reason").fill("Agreed with marketing")
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("Big basket is in force as version 1.")).to_be_visible()
    assert RewardRule.objects.get(code="big-basket").released is None
    page.get_by_role("button", name="Release it").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Done")
    assert RewardRule.objects.get(code="big-basket").released == 1

    activity = bought(sky.michael, "95.00", reference="R-2000")
    log_in(Role.SUPPORT_AGENT)
    page = open_page(f"/desk/memberships/{sky.michael.pk}/statement")
    expect(page.get_by_text("Big basket v1 +300")).to_be_visible()
    explained(page, activity)
    assert_audit_clean()


def explained(page: Page, activity: MemberActivity) -> None:
    """From the statement to the rule, and to the reason."""
    page.get_by_role("link", name="Earned").first.click()
    expect(page.get_by_text("Big basket, version 1, gave 300 Miles because Amount is at least 90 EUR")).to_be_visible()
    page.get_by_role("link", name="Purchase").click()
    expect(page).to_have_url(f"{page.url.partition('/desk')[0]}/desk/activities/{activity.pk}")
    expect(page.get_by_role("listitem").filter(has_text="Miles for money").first).to_contain_text("+190")
