"""Letting an anonymous membership redeem by exception, and its page, at the desk."""

import pytest
from django.test import Client

from gateway.models import Event
from memberships.first_use import first_use
from memberships.models import CardHolding, Membership
from memberships.overriding import allow_redemption
from programs.models import Program
from staff.models import Role
from tests.audit.helpers import assert_audit_clean
from tests.changes import anonymous, earn
from tests.desk.tasks.working import Desk, changed, everything, said, ways
from tests.factories import ACTOR
from tests.temporary import temporary_card

pytestmark = pytest.mark.django_db


@pytest.fixture
def nobody(miles: Program) -> Membership:
    """Anonymous, with 100 points."""
    membership = anonymous(miles)
    earn(membership, 100)
    return membership


def test_the_exception_is_made_as_previewed_and_has_its_way_back(agent: Desk, nobody: Membership) -> None:
    path, before = f"memberships/{nobody.pk}/allow-redemption", everything()
    preview = agent.previews(path, reason="gift in store")
    assert changed(preview)["May"] == (
        "earn, be adjusted, change tier, use cards",
        "earn, redeem, hold, be adjusted, change tier, use cards",
    )
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    row = Membership.objects.get()
    assert (row.redeem_override, row.version) == (True, 2)
    last = row.history.first()
    assert (last.history_change_reason, last.history_user_id) == ("gift in store", agent.user.pk)
    assert ways(receipt)["End the exception"] == f"/desk/memberships/{nobody.pk}/forbid-redemption"
    agent.does(f"memberships/{nobody.pk}/forbid-redemption", reason="one purchase only")
    assert Membership.objects.get().redeem_override is False
    assert_audit_clean()


def test_what_can_not_be_is_told_before_anything_is_typed(
    agent: Desk, nobody: Membership, michael_adams: Membership
) -> None:
    page = agent.opens(f"memberships/{michael_adams.pk}/allow-redemption", "ineligible")
    assert "only an anonymous membership redeems by exception" in said(page)[0]
    page = agent.opens(f"memberships/{nobody.pk}/forbid-redemption", "ineligible")
    assert "has no exception that could end" in said(page)[0]


def test_two_clicks_make_one_exception(agent: Desk, nobody: Membership) -> None:
    preview = agent.previews(f"memberships/{nobody.pk}/allow-redemption", reason="gift in store")
    agent.confirms(preview)
    agent.confirms(preview)
    assert Event.objects.filter(kind="membership.redemption_allowed").count() == 1
    assert Membership.objects.get().version == 2


def test_who_only_reads_makes_no_exception(auditor: Desk, nobody: Membership) -> None:
    answer = auditor.client.get(f"/desk/memberships/{nobody.pk}/allow-redemption")
    assert answer.status_code == 403
    assert Membership.objects.get().redeem_override is False


def page_of(client: Client, membership: Membership) -> str:
    page = client.get(f"/desk/memberships/{membership.pk}")
    assert page.status_code == 200
    return page.content.decode()


def test_the_page_of_a_membership_without_people_says_whose_it_is_and_offers_the_exception(
    agent: Desk, nobody: Membership
) -> None:
    page = page_of(agent.client, nobody)
    assert "whoever has the card earns" in page
    assert "First used" in page
    assert "Nobody by name: whoever has the card." in page
    assert 'class="trail"' not in page
    assert f"/desk/memberships/{nobody.pk}/allow-redemption" in page
    number = CardHolding.objects.get(membership=nobody).card.number_id
    assert f"/desk/cards/register?number={number}" in page
    allow_redemption(nobody, actor=ACTOR, reason="gift in store")
    page = page_of(agent.client, nobody)
    assert "whoever has the card may redeem, by exception" in page
    assert f"/desk/memberships/{nobody.pk}/forbid-redemption" in page


def test_a_membership_with_people_shows_nothing_of_it(agent: Desk, michael_adams: Membership) -> None:
    page = page_of(agent.client, michael_adams)
    assert "whoever has the card" not in page
    assert "First used" not in page
    assert "redemption" not in page


def test_the_search_finds_it_by_its_card(miles: Program) -> None:
    card = temporary_card(miles)
    made = first_use(card, at=card.created_at, actor=ACTOR)
    reader = Desk("sid", Role.SUPPORT_AGENT)
    answer = reader.client.get("/desk/search", {"q": card.number_id}, follow=True)
    assert answer.status_code == 200
    assert f"/desk/memberships/{made.pk}" in answer.content.decode() + answer.wsgi_request.path
