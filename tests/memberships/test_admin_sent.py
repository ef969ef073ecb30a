"""Codes and links that were sent, as the back office shows them to support."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from common import clock
from memberships.changes.inviting import ask
from memberships.codes import CODE_LASTS, MOST_TRIES, state_of
from memberships.models import ConsentInvitation, Membership, SpendingCode
from memberships.spending_codes import CodeCall, send_spending_code
from programs.models import Program
from tests.asking import AGENT, code_in, proposed, reachable
from tests.changes import pair
from tests.factories import ACTOR, member_of

pytestmark = pytest.mark.django_db
URL = "/admin/memberships/consentinvitation/"
NOW = datetime(2026, 5, 1, tzinfo=UTC)


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    user = get_user_model().objects.create_superuser(username="root", password="secret-of-root")
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.mark.parametrize(
    ("values", "state"),
    [
        ({}, "waiting"),
        ({"expires_at": NOW}, "over"),
        ({"tries": MOST_TRIES - 1}, "waiting"),
        ({"tries": MOST_TRIES}, "tried_out"),
        ({"ended_at": NOW, "tries": MOST_TRIES}, "ended"),
        ({"used_at": NOW, "ended_at": NOW}, "used"),
    ],
)
def test_what_became_of_what_was_sent(values: dict[str, Any], state: str) -> None:
    sent = {"expires_at": NOW + timedelta(seconds=1), "used_at": None, "ended_at": None, "tries": 0}
    assert state_of(SimpleNamespace(**(sent | values)), NOW) == state


def test_an_invitation_is_found_by_customer_and_member_number_and_says_what_became_of_it(
    staff: Client, miles: Program
) -> None:
    anna, ben = pair(miles, "Anna Bauer", "Ben Miller")
    reachable(anna, ben)
    change = proposed(anna, ben)
    asked = [ask(change, customer_id=member_of(one), method="code", actor=AGENT) for one in (anna, ben)]
    person = anna.members.get().customer
    for wanted in (person.number, anna.number):
        page = staff.get(f"{URL}?q={wanted}").content.decode()
        assert f"{URL}{asked[0].pk}/change/" in page
        assert f"{URL}{asked[1].pk}/change/" not in page
    for text in ("waiting for the member", person.number, anna.number, str(change)):
        assert text in page
    assert str(asked[0].pk) in staff.get(f"{URL}?consent__change__id__exact={change.pk}").content.decode()
    with clock.frozen(clock.now() + CODE_LASTS):
        assert "time is over" in staff.get(f"{URL}{asked[0].pk}/change/").content.decode()


def test_an_invitation_is_never_written_here_and_leads_to_its_change(staff: Client, miles: Program) -> None:
    anna, ben = pair(miles, "Anna Bauer", "Ben Miller")
    reachable(anna, ben)
    change = proposed(anna, ben)
    row = ask(change, customer_id=member_of(anna), method="code", actor=AGENT)
    before = ConsentInvitation.objects.values().get()
    address = f"{URL}{row.pk}/"
    page = staff.get(f"{address}change/").content.decode()
    assert f"/desk/changes/{change.pk}" in page
    assert code_in(row) not in page
    assert bytes(row.secret_digest).hex() not in page
    assert staff.post(f"{address}change/", {"tries": 0, "used_at_0": "2026-01-01"}).status_code == 403
    assert staff.get(f"{address}delete/").status_code == 403
    assert staff.get(f"{URL}add/").status_code == 403
    assert ConsentInvitation.objects.values().get() == before


def test_a_code_to_spend_points_shows_what_it_allowed(staff: Client, katrin_bauer: Membership) -> None:
    reachable(katrin_bauer)
    row = send_spending_code(CodeCall(katrin_bauer.pk, 60), actor=ACTOR)
    listed = staff.get(f"/admin/memberships/spendingcode/?q={katrin_bauer.number}").content.decode()
    assert "waiting for the member" in listed
    SpendingCode.objects.update(used_at=clock.now(), activity_id=4711)
    page = staff.get(f"/admin/memberships/spendingcode/{row.pk}/change/").content.decode()
    assert ("4711" in page, code_in(row) in page) == (True, False)
