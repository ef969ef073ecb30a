"""One posting and one membership whole, with the ways on from there."""

from activities.adjusting import AdjustmentCall, adjust_points, approve_adjustment
from activities.reversing import reverse_posting
from activities.transferring import TransferCall, transfer_points
from memberships.enrolment import enrol
from memberships.models import Membership
from points.models import Adjustment
from points.reversal_parts import Part
from programs.models import Program
from staff.models import Role
from tests.desk.visitor import Visitor, cells, earned, redeemed
from tests.factories import ACTOR, make_customer, make_program, make_terms, member_of


def test_a_posting_shows_what_it_did_why_and_by_whom(
    supervisor: Visitor, michael_adams: Membership, katrin_bauer: Membership
) -> None:
    earning = earned(michael_adams, 500, reference="R-17", location="Bonn", note="double points day")
    sent = transfer_points(TransferCall(michael_adams.pk, katrin_bauer.pk, 200), actor=ACTOR)["posting"]["id"]

    page = supervisor.reads("posting", earning)
    assert "Earned posting" in page.text
    assert f"Miles {michael_adams.number} +500 Balance after: 500 · entry number 1" in page.text
    assert "300 left today" in page.text
    assert "Activity Earn, processed, 500 Reference R-17 Where Bonn Note double points day" in page.text
    assert "By system" in page.text
    assert f"/desk/postings/{earning}/reverse" in page.links

    page = supervisor.reads("posting", sent)
    assert f"Miles {michael_adams.number} −200 Balance after: 300" in page.text
    assert f"Miles {katrin_bauer.number} +200 Balance after: 200" in page.text
    assert "Lots drawn 200 of 500, earned" in page.text


def test_a_posting_taken_back_says_so_and_by_what(supervisor: Visitor, michael_adams: Membership) -> None:
    posting = earned(michael_adams, 500)
    part = reverse_posting(posting, Part("booked-wrongly", points=450), actor=ACTOR)["posting"]["id"]
    page = supervisor.reads("posting", posting)
    assert "taken back in part" in page.text
    assert f"Taken back Posting {part} part 1, Booked wrongly" in page.text
    assert f"/desk/postings/{posting}/reverse" in page.links
    reverse_posting(posting, Part("booked-wrongly"), actor=ACTOR)
    page = supervisor.reads("posting", posting)
    assert "It was taken back in full." in page.text
    assert f"/desk/postings/{posting}/reverse" not in page.links

    page = supervisor.reads("posting", part)
    assert f"This takes back posting {posting} (part 1)" in page.text
    assert "No reversal from here: Book the original event again instead." in page.text
    assert f"/desk/postings/{part}/reverse" not in page.links


def test_only_who_may_reverse_is_offered_to(agent: Visitor, michael_adams: Membership) -> None:
    posting = earned(michael_adams, 500)
    page = agent.reads("posting", posting)
    assert "Reversing needs the right points:reverse: ask a supervisor." in page.text
    assert f"/desk/postings/{posting}/reverse" not in page.links


def test_an_approved_adjustment_names_both_people(
    supervisor: Visitor, agent: Visitor, michael_adams: Membership
) -> None:
    asking, deciding = agent.client.get("/desk/search"), supervisor.client.get("/desk/search")
    adjust_points(AdjustmentCall(michael_adams.pk, 5_000, "goodwill", note="two hours"), actor=asking.context["actor"])
    waiting = Adjustment.objects.get()
    posting = approve_adjustment(waiting.pk, actor=deciding.context["actor"])["posting"]["id"]
    text = agent.reads("posting", posting).text
    assert f"Asked by {agent.user.username}," in text
    assert f"Approved by {supervisor.user.username}," in text
    assert "Note two hours" in text


def test_a_foreign_posting_does_not_exist(db: None, michael_adams: Membership) -> None:
    posting = earned(michael_adams, 500)
    stranger = Visitor(Role.SUPERVISOR, make_program("other"))
    assert stranger.status_of("posting", posting) == 404
    assert stranger.status_of("posting", 999_999) == 404


def test_a_membership_shows_all_that_belongs_to_it(agent: Visitor, miles: Program) -> None:
    make_terms(miles)
    membership = enrol(make_customer("Emma Stone"), program=miles, actor=ACTOR, accept_terms=True)
    earned(membership, 120, reference="R-9")
    redeemed(membership, 50)
    page = agent.reads("membership", membership.pk)
    assert f"Membership {membership.number}" in page.text
    assert cells(page, "Miles") == ["Miles", "70", "70", "0", "0", "0", "–", ""]
    lots = [row for row in page.rows if row[:3] == ["Miles", "70", "120"]]
    assert [row[4:] for row in lots] == [["at once", "no end"]]
    assert [row[1:] for row in page.rows if "R-9" in row] == [["Earn", "Processed", "R-9", "", "120"]]
    assert "Terms accepted Terms (v1)" in page.text
    assert "Blue Ladder, at enrolment" in page.text
    assert f"/desk/customers/{member_of(membership)}" in page.links
