"""Adjusting points at the desk: at once below the limit, above it by a second person."""

import pytest

from customers.models import StaffCustomer
from memberships.lifecycle import pause
from memberships.models import Membership
from points.models import Adjustment, Posting
from programs.models import Program
from staff.models import Role
from tests.activities.conftest import earned
from tests.audit.helpers import assert_audit_clean
from tests.desk.tasks.working import Desk, changed, confirmation, everything, said, ways
from tests.factories import ACTOR, account_of, make_program, member_of

pytestmark = pytest.mark.django_db
GIVE_50 = {"direction": "give", "points": "50", "point_type": "miles", "reason_code": "goodwill", "note": "queue"}


@pytest.fixture
def path(michael_adams: Membership) -> str:
    earned(michael_adams, 100)
    return f"memberships/{michael_adams.pk}/adjust"


def test_the_page_says_what_happens_above_the_limit_before_one_asks(agent: Desk, path: str) -> None:
    page = agent.opens(path)
    text = page.content.decode()
    assert "Up to 1,000 points are booked at once" in text
    assert "above 5,000 points a day" in text


def test_a_preview_is_the_execution_and_changes_nothing(agent: Desk, path: str) -> None:
    before = everything()
    page = agent.previews(path, **GIVE_50)
    assert (page.status_code, page.context["state"]) == (200, "preview")
    assert changed(page) == {"Miles": (100, 150)}
    assert said(page) == ["The points are booked at once."]
    assert everything() == before


def test_confirming_books_exactly_what_was_previewed(agent: Desk, path: str, michael_adams: Membership) -> None:
    receipt = agent.does(path, **GIVE_50)
    posting = Posting.objects.latest("pk")
    assert (posting.kind, posting.reason_code, posting.user_id) == ("adjust", "goodwill", agent.user.pk)
    assert account_of(michael_adams).balance == 150
    adjustment = Adjustment.objects.get()
    assert (adjustment.points, adjustment.note, adjustment.status) == (50, "queue", "posted")
    assert changed(receipt) == {"Miles": (100, 150)}
    assert f"Posting {posting.pk}:" in receipt.content.decode()
    assert ways(receipt)["Membership"] == f"/desk/memberships/{michael_adams.pk}"
    assert_audit_clean()


def test_taking_points_is_the_same_with_a_minus(agent: Desk, path: str, michael_adams: Membership) -> None:
    agent.does(path, **GIVE_50 | {"direction": "take", "points": "30"})
    assert account_of(michael_adams).balance == 70


def test_a_second_click_a_reload_and_a_double_submit_book_once(
    agent: Desk, path: str, michael_adams: Membership
) -> None:
    preview = agent.previews(path, **GIVE_50)
    first = agent.confirms(preview)
    before = everything()
    for _ in range(3):
        again = agent.confirms(preview)
        assert (again.status_code, again["Location"]) == (302, first["Location"])
    assert everything() == before
    assert account_of(michael_adams).balance == 150
    assert Posting.objects.latest("pk").key_digest is not None


def test_a_form_carried_out_takes_no_other_values(agent: Desk, path: str, michael_adams: Membership) -> None:
    preview = agent.previews(path, **GIVE_50)
    done = agent.confirms(preview)
    before = everything()
    other = agent.client.post(f"/desk/{path}", confirmation(preview) | {"points": "70"})
    assert other.status_code == 422
    assert "carried out already" in said(other)[0]
    assert done["Location"] in other.content.decode()
    assert everything() == before


def test_what_changed_since_the_preview_is_shown_again_first(
    agent: Desk, path: str, michael_adams: Membership, miles: Program
) -> None:
    preview = agent.previews(path, **GIVE_50)
    miles.adjustment_limit = 10
    miles.save()
    before = everything()
    page = agent.client.post(f"/desk/{path}", confirmation(preview))
    assert page.context["state"] == "preview"
    assert "Something changed since the preview" in page.content.decode()
    assert "waits for a second person" in said(page)[0]
    assert everything() == before
    receipt = agent.receipt(agent.confirms(page))
    assert "waits for a second person" in said(receipt)[0]
    assert account_of(michael_adams).balance == 100


def test_above_the_limit_it_waits_and_the_receipt_says_so(agent: Desk, path: str, michael_adams: Membership) -> None:
    preview = agent.previews(path, **GIVE_50 | {"points": "1001"})
    assert "waits for a second person" in said(preview)[0]
    assert changed(preview) == {"Waiting for approval": (0, 1)}
    receipt = agent.receipt(agent.confirms(preview))
    assert "waits for a second person" in said(receipt)[0]
    assert account_of(michael_adams).balance == 100
    assert Adjustment.objects.get().status == "waiting"


@pytest.mark.parametrize(
    ("fields", "fault"),
    [
        ({"points": ""}, "points: This field is required."),
        ({"points": "0"}, "points: Ensure this value is greater than or equal to 1."),
        ({"points": "-5"}, "points: Write a whole number of points in digits only, as 1450."),
        ({"points": "1_000"}, "points: Write a whole number of points in digits only, as 1450."),
        ({"points": "10.0"}, "points: Write a whole number of points in digits only, as 1450."),
        ({"points": "1e3"}, "points: Write a whole number of points in digits only, as 1450."),
        ({"points": "٣"}, "points: Write a whole number of points in digits only, as 1450."),
        ({"points": "9" * 30}, "points: Write a whole number of points in digits only, as 1450."),
        ({"points": "9" * 16}, "points: Ensure this value is less than or equal to 1000000000000000."),
        ({"direction": "both"}, "direction: Select a valid choice. both is not one of the available choices."),
        (
            {"point_type": "status-x"},
            "point_type: Select a valid choice. status-x is not one of the available choices.",
        ),
        (
            {"reason_code": "because"},
            "reason_code: Select a valid choice. because is not one of the available choices.",
        ),
        ({"reason_code": "other", "note": ""}, "note: Say in the note what the reason is."),
        ({"note": "x" * 501}, "note: Ensure this value has at most 500 characters (it has 501)."),
        ({"note": "a\x00b"}, "note: Null characters are not allowed."),
    ],
)
def test_bad_input_is_told_at_its_field(agent: Desk, path: str, fields: dict[str, str], fault: str) -> None:
    before = everything()
    page = agent.previews(path, **GIVE_50 | fields)
    assert (page.status_code, page.context["state"]) == (400, "form")
    assert said(page) == [fault]
    assert everything() == before


def test_a_refusal_of_the_rule_is_a_message_and_the_form_stays(agent: Desk, path: str) -> None:
    before = everything()
    page = agent.previews(path, **GIVE_50 | {"direction": "take", "points": "101"})
    assert page.status_code == 422
    assert said(page) == ["100 points of type “miles” are available, 101 were asked for."]
    assert 'value="101"' in page.content.decode()
    assert everything() == before


def test_who_may_not_is_told_before_any_form(agent: Desk, path: str, michael_adams: Membership) -> None:
    StaffCustomer.objects.create(user=agent.user, customer_id=member_of(michael_adams))
    page = agent.opens(path, "ineligible")
    assert said(page) == ["These points are your own, or of somebody linked to you. A colleague corrects them."]
    before = everything()
    posted = agent.client.post(f"/desk/{path}", GIVE_50 | {"key": "0" * 32, "step": "confirm", "seen": ""})
    assert posted.status_code == 409
    assert everything() == before


def test_a_locked_program_takes_no_adjustment(agent: Desk, path: str, miles: Program) -> None:
    miles.status = "locked"
    miles.save()
    page = agent.opens(path, "ineligible")
    assert "Miles is locked" in said(page)[0]


def test_a_paused_membership_may_still_be_adjusted(agent: Desk, path: str, michael_adams: Membership) -> None:
    pause(michael_adams, actor=ACTOR, reason="trip")
    agent.opens(path)


def test_rights(auditor: Desk, path: str, miles: Program) -> None:
    foreign = Desk("fred", Role.SUPPORT_AGENT, make_program("stars"))
    reader = Desk("rita", Role.AUDITOR, miles)
    elsewhere = Desk("rita", Role.SUPPORT_AGENT, Program.objects.get(code="stars"))
    before = everything()
    form = GIVE_50 | {"key": "0" * 32, "step": "confirm", "seen": ""}
    for who, status in ((auditor, 403), (foreign, 404), (reader, 403), (elsewhere, 403)):
        assert who.client.get(f"/desk/{path}").status_code == status
        assert who.client.post(f"/desk/{path}", form).status_code == status
    assert everything() == before


def test_a_receipt_is_for_who_may_do_the_task(agent: Desk, auditor: Desk, path: str, katrin_bauer: Membership) -> None:
    done = agent.confirms(agent.previews(path, **GIVE_50))
    assert auditor.client.get(done["Location"]).status_code == 403
    colleague = Desk("carl", Role.SUPPORT_AGENT)
    assert colleague.client.get(done["Location"]).status_code == 200
    foreign = Desk("fred", Role.SUPPORT_AGENT, make_program("stars"))
    assert foreign.client.get(done["Location"]).status_code == 404
    other_page = done["Location"].replace(path, f"memberships/{katrin_bauer.pk}/adjust")
    assert agent.client.get(other_page).status_code == 404
    assert agent.client.get(f"/desk/{path}?receipt={'0' * 32}").status_code == 404
    assert agent.client.get(f"/desk/{path}?receipt=x").status_code == 404


# The second person


@pytest.fixture
def waiting(agent: Desk, path: str) -> int:
    agent.does(path, **GIVE_50 | {"points": "1500"})
    return Adjustment.objects.get().pk


def test_a_supervisor_sees_the_request_and_approves(supervisor: Desk, waiting: int, michael_adams: Membership) -> None:
    page = supervisor.opens(f"adjustments/{waiting}")
    assert "queue" in page.content.decode()
    assert "agnes" in page.content.decode()
    receipt = supervisor.does(f"adjustments/{waiting}", decision="approve", note="heard the call")
    row = Adjustment.objects.get()
    assert (row.status, row.decided_by_id, row.decision_note) == ("posted", supervisor.user.pk, "heard the call")
    assert account_of(michael_adams).balance == 1600
    assert changed(receipt)["Miles"] == (100, 1600)
    assert ways(receipt)["Take it back: reverse"] == f"/desk/postings/{row.posting_id}/reverse"
    assert_audit_clean()


def test_a_refusal_needs_a_note_and_books_nothing(supervisor: Desk, waiting: int, michael_adams: Membership) -> None:
    page = supervisor.previews(f"adjustments/{waiting}", decision="refuse", note="")
    assert said(page) == ["note: Tell your colleague why you refuse."]
    supervisor.does(f"adjustments/{waiting}", decision="refuse", note="no proof")
    assert Adjustment.objects.get().status == "refused"
    assert account_of(michael_adams).balance == 100


def test_nobody_decides_about_their_own_request(supervisor: Desk, path: str) -> None:
    supervisor.does(path, **GIVE_50 | {"points": "1500"})
    page = supervisor.opens(f"adjustments/{Adjustment.objects.get().pk}", "ineligible")
    assert said(page) == ["Whoever asked for an adjustment does not decide about it: ask a second person."]


def test_the_second_supervisor_is_told_who_came_first(supervisor: Desk, waiting: int) -> None:
    late = Desk("luis", Role.SUPERVISOR)
    preview = late.previews(f"adjustments/{waiting}", decision="approve", note="")
    supervisor.does(f"adjustments/{waiting}", decision="approve", note="")
    before = everything()
    page = late.client.post(f"/desk/adjustments/{waiting}", confirmation(preview))
    assert (page.status_code, page.context["state"]) == (409, "ineligible")
    assert said(page) == [f"Adjustment {waiting} was posted already."]
    assert "susan" in page.content.decode()
    assert everything() == before


def test_an_agent_does_not_decide(agent: Desk, waiting: int) -> None:
    before = everything()
    assert agent.client.get(f"/desk/adjustments/{waiting}").status_code == 403
    form = {"decision": "approve", "key": "0" * 32, "step": "confirm"}
    assert agent.client.post(f"/desk/adjustments/{waiting}", form).status_code == 403
    assert everything() == before


def test_a_request_of_another_program_does_not_exist(waiting: int) -> None:
    foreign = Desk("fred", Role.SUPERVISOR, make_program("stars"))
    assert foreign.client.get(f"/desk/adjustments/{waiting}").status_code == 404
