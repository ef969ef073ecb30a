"""Activating, pausing, suspending, reinstating, renewing and terminating at the desk."""

from datetime import date, timedelta

import pytest
from django.test import Client

from common import clock
from gateway.models import Event
from memberships.lifecycle import pause, suspend
from memberships.models import Membership
from programs.models import Program
from staff.models import Role
from tests.activities.conftest import earned
from tests.audit.helpers import assert_audit_clean
from tests.changes import pool_of
from tests.desk.tasks.working import Desk, changed, confirmation, everything, said, ways
from tests.factories import ACTOR, account_of, make_membership, make_program

pytestmark = pytest.mark.django_db
VERBS = ("activate", "pause", "suspend", "reinstate", "renew", "terminate")


def at(membership: Membership, verb: str) -> str:
    return f"memberships/{membership.pk}/{verb}"


def fields(verb: str) -> dict[str, str]:
    return {"reason": "asked by phone"} | ({"end_reason": "terminated"} if verb == "terminate" else {})


@pytest.mark.parametrize(
    ("verb", "status"), [("pause", "inactive"), ("suspend", "suspended"), ("terminate", "expired")]
)
def test_an_active_membership_changes_as_previewed(
    agent: Desk, michael_adams: Membership, verb: str, status: str
) -> None:
    before = everything()
    preview = agent.previews(at(michael_adams, verb), **fields(verb))
    assert changed(preview)["Status"] == ("active", status)
    assert everything() == before
    receipt = agent.receipt(agent.confirms(preview))
    row = Membership.objects.get()
    assert (row.status, row.version) == (status, 2)
    last = row.history.first()
    assert (last.history_change_reason, last.history_user_id) == ("asked by phone", agent.user.pk)
    assert changed(receipt) == changed(preview)
    assert "asked by phone" not in receipt.content.decode()
    assert_audit_clean()


def test_each_has_its_way_back(agent: Desk, michael_adams: Membership) -> None:
    there = {"pause": "activate", "activate": "suspend", "suspend": "reinstate", "reinstate": "terminate"}
    backs = {"pause": "activate", "activate": "pause", "suspend": "reinstate", "reinstate": "suspend"}
    verb = "pause"
    while verb != "terminate":
        urls = ways(agent.does(at(michael_adams, verb), **fields(verb))).values()
        assert f"/desk/{at(michael_adams, backs[verb])}" in urls
        verb = there[verb]
    receipt = agent.does(at(michael_adams, verb), **fields(verb))
    assert ways(receipt)["Take it back: reinstate"] == f"/desk/{at(michael_adams, 'reinstate')}"
    agent.does(at(michael_adams, "reinstate"), **fields("reinstate"))
    assert Membership.objects.get().status == "active"


@pytest.mark.parametrize(
    ("verb", "cause"),
    [
        ("activate", "is active; only one that is inactive can be activated."),
        ("reinstate", "is active; only one that is suspended or expired can be reinstated."),
        ("renew", "Memberships of Miles have no term to renew."),
    ],
)
def test_what_is_not_possible_says_why_before_any_form(
    agent: Desk, michael_adams: Membership, verb: str, cause: str
) -> None:
    before = everything()
    (told,) = said(agent.opens(at(michael_adams, verb), "ineligible"))
    assert told.endswith(cause)
    posted = agent.client.post(
        f"/desk/{at(michael_adams, verb)}", fields(verb) | {"key": "0" * 32, "step": "confirm", "seen": ""}
    )
    assert posted.status_code == 409
    assert everything() == before


@pytest.mark.parametrize("verb", ["pause", "suspend", "terminate"])
@pytest.mark.parametrize(
    ("reason", "fault"),
    [
        ("", "reason: This field is required."),
        ("   ", "reason: This field is required."),
        ("x" * 101, "reason: Ensure this value has at most 100 characters (it has 101)."),
    ],
)
def test_a_reason_is_always_given(agent: Desk, michael_adams: Membership, verb: str, reason: str, fault: str) -> None:
    before = everything()
    page = agent.previews(at(michael_adams, verb), **fields(verb) | {"reason": reason})
    assert (page.status_code, said(page)) == (400, [fault])
    assert everything() == before


def test_an_end_needs_a_known_cause(agent: Desk, michael_adams: Membership) -> None:
    page = agent.previews(at(michael_adams, "terminate"), reason="gone", end_reason="merged")
    assert said(page) == ["end_reason: Select a valid choice. merged is not one of the available choices."]


def test_terminating_tells_when_the_points_will_expire(agent: Desk, michael_adams: Membership, miles: Program) -> None:
    earned(michael_adams, 1450)
    preview = agent.previews(at(michael_adams, "terminate"), **fields("terminate"))
    until = (clock.now() + timedelta(days=miles.rest_days)).astimezone(miles.zone).date()
    told = f"{until.day} {until:%b %Y}"
    assert said(preview) == [
        f"The membership ends at once. Until {told} it can be reinstated.",
        f"1,450 Miles rest until {told}, then they expire.",
    ]
    agent.confirms(preview)
    row = Membership.objects.get()
    assert (row.end_reason, row.rests_until is not None) == ("terminated", True)
    assert account_of(michael_adams).balance == 1450


def test_two_clicks_suspend_once(agent: Desk, michael_adams: Membership) -> None:
    preview = agent.previews(at(michael_adams, "suspend"), **fields("suspend"))
    first = agent.confirms(preview)
    before = everything()
    again = agent.client.post(f"/desk/{at(michael_adams, 'suspend')}", confirmation(preview))
    assert (again.status_code, again["Location"]) == (302, first["Location"])
    assert everything() == before
    assert Event.objects.filter(kind="membership.suspended").count() == 1


def test_a_colleague_who_was_faster_is_told(agent: Desk, michael_adams: Membership) -> None:
    preview = agent.previews(at(michael_adams, "suspend"), **fields("suspend"))
    pause(michael_adams, actor=ACTOR, reason="trip")
    before = everything()
    page = agent.client.post(f"/desk/{at(michael_adams, 'suspend')}", confirmation(preview))
    assert (page.status_code, page.context["state"]) == (409, "ineligible")
    assert "is inactive; only one that is active can be suspended" in said(page)[0]
    assert everything() == before


def test_renewing_shows_the_new_term_and_its_fee(agent: Desk) -> None:
    club = make_program("club", fee="99.00", term_months=12, currency="EUR")
    membership = make_membership(club, "Sarah Kim")
    first = membership.terms.get()
    preview = agent.previews(at(membership, "renew"), **fields("renew"))
    start = first.last_day + timedelta(days=1)
    end = date(start.year + 1, start.month, start.day) - timedelta(days=1)
    assert said(preview) == [
        f"The term runs from {start.day} {start:%b %Y} to {end.day} {end:%b %Y}.",
        "A fee of 99.00 EUR is to be paid.",
    ]
    assert membership.terms.count() == 1
    agent.confirms(preview)
    assert sorted(membership.terms.values_list("first_day", flat=True)) == [first.first_day, start]
    assert Membership.objects.get().expires_on == end


def test_a_foreign_program_is_not_there_and_a_missing_right_is_refused(michael_adams: Membership) -> None:
    suspend(michael_adams, actor=ACTOR, reason="doubt")
    foreign = Desk("fred", Role.SUPPORT_AGENT, make_program("stars"))
    auditor = Desk("otto", Role.AUDITOR)
    cards = Desk("cleo", Role.CARD_MANAGER, michael_adams.program)
    before = everything()
    for verb in VERBS:
        form = fields(verb) | {"key": "0" * 32, "step": "confirm", "seen": ""}
        for who, status in ((foreign, 404), (auditor, 403), (cards, 403)):
            assert who.client.get(f"/desk/{at(michael_adams, verb)}").status_code == status, verb
            assert who.client.post(f"/desk/{at(michael_adams, verb)}", form).status_code == status, verb
    assert for_nobody(michael_adams) == 302
    assert everything() == before


def for_nobody(membership: Membership) -> int:
    """Who is not logged in is sent to the login."""
    return Client().get(f"/desk/{at(membership, 'pause')}").status_code


def test_a_membership_that_does_not_exist(agent: Desk) -> None:
    assert agent.client.get("/desk/memberships/999999999/pause").status_code == 404
    assert agent.client.get(f"/desk/memberships/{10**30}/pause").status_code == 404


@pytest.mark.parametrize(
    ("names", "told"),
    [
        (
            ("Katrin Bauer", "John Miller"),
            "Who stays alone has a standard membership with the rest of the points.",
        ),
        (("Katrin Bauer", "John Miller", "Lena Lopez"), "Memberships that go on sharing it: 2."),
    ],
)
def test_ending_one_of_a_pool_tells_what_it_means_for_the_others(
    agent: Desk, miles: Program, names: tuple[str, ...], told: str
) -> None:
    katrin, *_ = pool_of(miles, *names)
    before = everything()
    preview = agent.previews(at(katrin, "terminate"), **fields("terminate"))
    rule = "Its member leaves the shared account by the program's rule: left behind."
    assert {rule, told} <= set(said(preview))
    assert everything() == before
    agent.receipt(agent.confirms(preview))
    katrin.refresh_from_db()
    assert (katrin.type, katrin.status) == ("standard", "expired")
    assert_audit_clean()
