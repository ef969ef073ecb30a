"""Cards at the desk in a real browser: one is lost, and the customer is on the phone."""

import pytest
from playwright.sync_api import expect
from pytest_django.live_server_helper import LiveServer

from cards.models import Card, CardStatus
from common import clock
from common.errors import LoyaltyError
from customers.creating import create_customer
from memberships.enrolment import enrol
from memberships.models import Membership
from memberships.targets import find_target
from programs.models import Program
from staff.models import AccessLog, Role
from tests.audit.helpers import assert_audit_clean
from tests.browser.helpers import NARROW, LogIn, Open, assert_sound, mostly_narrow, mostly_wide
from tests.factories import ACTOR, actor_in, member_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def emma(live_server: LiveServer, miles: Program) -> Membership:
    customer = create_customer(first_name="Emma", last_name="Moore", phone="+43 664 1234567", actor=ACTOR)
    return enrol(customer, program=miles, actor=ACTOR)


@mostly_wide
def test_a_lost_card_with_the_customer_on_the_phone(
    log_in: LogIn, open_page: Open, emma: Membership, miles: Program, width: int
) -> None:
    """From the number on the display to a card that works: three clicks on the way."""
    lost = Card.objects.get(holdings__membership=emma)
    log_in(Role.SUPPORT_AGENT)
    page = open_page("/desk/search", width=width)
    page.get_by_role("searchbox").fill("+43 664 1234567")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="E*** M***")).to_be_visible()
    assert_sound(page)
    page.get_by_role("link", name=f"Lost? {lost.number_id}").click()
    expect(page.get_by_label("Give a replacement at once")).to_be_checked()
    assert_sound(page)
    page.get_by_role("button", name="Preview").click()
    expect(page.get_by_text("A new card with a number of its own is usable at once, in the same hand.")).to_be_visible()
    assert_sound(page)
    page.get_by_role("button", name="Report it").dblclick()
    expect(page.get_by_role("heading", name="Done: Report a card lost, stolen or damaged")).to_be_visible()
    assert_sound(page)

    lost.refresh_from_db()
    new = lost.successor
    assert (lost.status, new.status, Card.objects.count()) == (CardStatus.REPLACED, CardStatus.ACTIVE, 2)
    till, now = actor_in(miles), clock.now()
    assert find_target(till, card_number=new.number_id, at=now).membership == emma
    with pytest.raises(LoyaltyError):
        find_target(till, card_number=lost.number_id, at=now)

    page.get_by_role("link", name="Was the old one used meanwhile?").click()
    expect(page.get_by_text("Nothing was ever reported with this card.")).to_be_visible()
    assert_sound(page)
    page.get_by_role("searchbox").fill(lost.number_id)
    page.keyboard.press("Enter")
    expect(page.get_by_text(f"Found by card {lost.number_id}: replaced")).to_be_visible()
    assert_sound(page)
    assert_audit_clean()


@mostly_narrow
def test_the_playbook_and_every_page_of_a_card(log_in: LogIn, open_page: Open, emma: Membership, width: int) -> None:
    card = Card.objects.get(holdings__membership=emma)
    log_in(Role.CARD_MANAGER)
    page = open_page(f"/desk/customers/{member_of(emma)}", width=width)
    page.get_by_role("link", name="Playbook: lost card").click()
    assert_sound(page)
    page.get_by_role("link", name="Only block it for now").click()
    page.get_by_label("Reason").fill("Looks for it at home")
    page.get_by_role("button", name="Preview").click()
    page.get_by_role("button", name="Block it").click()
    expect(page.get_by_role("heading", name="Done: Block a card")).to_be_visible()
    for name in ("", "/report", "/replace", "/block", "/unblock", "/cancel", "/front"):
        assert_sound(open_page(f"/desk/cards/{card.number_id}{name}", width=width))
    page = open_page("/desk/cards/hot-list?program=miles", width=width)
    expect(page.get_by_role("table").get_by_text("Blocked")).to_be_visible()
    assert_sound(page)
    page.emulate_media(color_scheme="dark")
    assert_sound(open_page(f"/desk/cards/{card.number_id}", width=width))
    assert_sound(open_page(f"/desk/cards/{card.number_id}/front", width=width))


def test_on_paper_is_the_card_alone_in_its_size(log_in: LogIn, open_page: Open, emma: Membership) -> None:
    card = Card.objects.get(holdings__membership=emma)
    log_in(Role.SUPPORT_AGENT)
    page = open_page(f"/desk/cards/{card.number_id}/front", width=NARROW)
    page.get_by_label("Show personal data because").select_option("customer_asks")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("Emma Moore")).to_be_visible()
    assert AccessLog.objects.filter(action="unmask").count() == 1
    page.set_viewport_size({"width": 800, "height": 900})
    page.emulate_media(media="print")
    for gone in (page.locator(".top"), page.get_by_role("heading", level=1), page.get_by_role("button", name="Print")):
        expect(gone).to_be_hidden()
    box = page.locator(".face").bounding_box()
    assert box is not None
    # 85.6 by 54 mm at 96 dots an inch.
    assert (round(box["width"]), round(box["height"])) == (324, 204)
    for image in page.locator(".face img").all():
        assert image.evaluate("one => one.complete && one.naturalWidth > 0")
