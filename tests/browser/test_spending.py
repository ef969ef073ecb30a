"""In a real browser: a code to spend points is sent and used, a list is discarded, a device's secret is scanned."""

import io
import re

import pytest
from playwright.sync_api import Page, expect
from pytest_django.live_server_helper import LiveServer

from activities.award_lines import read_list
from activities.awarding import AwardCall, draft_award
from common.actor import Actor
from memberships.models import Membership, SpendingCode
from programs.models import Program
from staff.models import Role, User
from tests.activities.conftest import earned
from tests.asking import code_in, reachable
from tests.audit.helpers import assert_audit_clean
from tests.browser.helpers import LogIn, Open, assert_sound
from tests.factories import account_of, make_membership

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def emma(live_server: LiveServer, miles: Program) -> Membership:
    membership = make_membership(miles, "Emma Moore")
    reachable(membership)
    earned(membership, 500)
    return membership


def done(page: Page, task: str) -> None:
    expect(page.get_by_role("heading", name=re.compile(f"Done: {task}"))).to_be_visible()


def test_a_caller_allows_by_a_code_that_points_are_spent(log_in: LogIn, open_page: Open, emma: Membership) -> None:
    log_in(Role.SUPPORT_AGENT)
    page = open_page(f"/desk/memberships/{emma.pk}/spending-code")
    page.get_by_label("Points", exact=True).fill("200")
    assert_sound(page)
    page.get_by_role("button", name="Preview").click()
    assert_sound(page)
    page.get_by_role("button", name="Send", exact=True).click()
    done(page, "Send a spending code")
    assert_sound(page)
    page.get_by_role("link", name="Redeem with the code").click()
    expect(page.get_by_label("Points", exact=True)).to_have_value("200")
    page.get_by_label("What for").fill("Vase in store 12")
    page.get_by_label(re.compile("^Code")).fill(code_in(SpendingCode.objects.get()))
    assert_sound(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("The member allowed it by the code, which is used up.")).to_be_visible()
    page.get_by_role("button", name="Redeem", exact=True).click()
    done(page, "Redeem points")
    assert account_of(emma).balance == 300
    assert_audit_clean()


def test_a_list_that_was_wrong_is_discarded(log_in: LogIn, open_page: Open, emma: Membership) -> None:
    user: User = log_in(Role.SUPPORT_AGENT)
    agent = Actor("user", user.pk, 1, "agent", lambda action, program_id: True, None)
    lines = read_list(io.BytesIO(f"member_number,points\n{emma.number},60\nNOBODY,9".encode()))
    award = draft_award(emma.program, AwardCall("Spring", "goodwill"), lines, actor=agent)
    page = open_page(f"/desk/awards/{award.pk}")
    assert_sound(page)
    page.get_by_role("link", name="Discard it").click()
    page.get_by_label("Why").fill("last month's list")
    assert_sound(page)
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Discard", exact=True).click()
    done(page, "Discard an award")
    page.get_by_role("link", name="The award", exact=True).click()
    expect(page.get_by_text("This list was discarded before it was sent on")).to_be_visible()
    assert_sound(page)
    open_page("/desk/awards")
    expect(page.get_by_text("discarded", exact=True)).to_be_visible()
    assert_sound(page)


def test_a_new_device_is_scanned_from_the_page(log_in: LogIn, open_page: Open, miles: Program) -> None:
    user: User = log_in(Role.ADMIN)
    page = open_page("/admin/otp_totp/totpdevice/add/")
    page.locator("select[name=user]").select_option(str(user.pk), force=True)
    page.get_by_label("Name").fill("phone")
    page.get_by_role("button", name="Save", exact=True).click()
    picture = page.get_by_role("img", name="The secret as a QR code")
    expect(picture).to_be_visible()
    assert picture.evaluate("one => one.complete && one.naturalWidth > 0")
    page.reload()
    expect(picture).to_have_count(0)
