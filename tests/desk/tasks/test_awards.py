"""Bulk awards at the desk: upload, look, send on, decide, see the result."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command

from activities.models import BulkAward
from memberships.models import Membership
from points.models import Posting
from programs.models import Program
from staff.models import Role
from tests.desk.tasks.working import Desk, said
from tests.factories import account_of, make_membership, make_program

pytestmark = pytest.mark.django_db


@pytest.fixture
def crowd(miles: Program) -> list[Membership]:
    miles.adjustment_limit = 100
    miles.save()
    return [make_membership(miles, f"Member {n}") for n in range(2)]


def upload(desk: Desk, *lines: str, **fields: str) -> object:
    file = SimpleUploadedFile("list.csv", "\n".join(["member_number,points", *lines]).encode())
    given = {"point_type": "miles:miles", "name": "Spring", "reason_code": "goodwill", "note": "", "file": file}
    return desk.client.post("/desk/awards/new", given | fields)


def test_a_list_goes_from_the_file_to_the_second_person_to_the_postings(
    agent: Desk, supervisor: Desk, crowd: list[Membership], capsys: pytest.CaptureFixture
) -> None:
    answer = upload(agent, f"{crowd[0].number},60", "NOBODY,9", f"{crowd[1].number},41")
    award = BulkAward.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/desk/awards/{award.pk}")
    page = agent.client.get(f"/desk/awards/{award.pk}").content.decode()
    for text in ("NOBODY", "There is no such membership", "0 of 2 lines", f"/desk/awards/{award.pk}/send"):
        assert text in page
    told = said(agent.does(f"awards/{award.pk}/send"))
    assert told[0] == "101 Miles for 2 memberships."
    assert "waits for a second person" in told[1]
    assert f"/desk/awards/{award.pk}/decide" not in agent.client.get(f"/desk/awards/{award.pk}").content.decode()
    supervisor.does(f"awards/{award.pk}/decide", decision="approve", note="agreed")
    call_command("post_awards")
    assert capsys.readouterr().out == "2 lines of awards done.\n"
    assert [account_of(one).balance for one in crowd] == [60, 41]
    assert "2 of 2 lines" in agent.client.get(f"/desk/awards/{award.pk}").content.decode()
    assert "posted" in agent.client.get("/desk/awards").content.decode()


def test_who_asked_does_not_decide_and_a_refusal_needs_its_reason(
    agent: Desk, supervisor: Desk, crowd: list[Membership]
) -> None:
    upload(supervisor, f"{crowd[0].number},101")
    award = BulkAward.objects.get()
    supervisor.does(f"awards/{award.pk}/send")
    told = said(supervisor.opens(f"awards/{award.pk}/decide", "ineligible"))
    assert told == ["Whoever asked for an award does not decide about it: ask a second person."]
    assert agent.client.get(f"/desk/awards/{award.pk}/decide").status_code == 403
    second = Desk("sonja", Role.SUPERVISOR)
    assert second.previews(f"awards/{award.pk}/decide", decision="refuse", note="").status_code == 400
    assert said(second.does(f"awards/{award.pk}/decide", decision="refuse", note="too much")) == [
        "Refused: no point is booked."
    ]
    assert Posting.objects.count() == 0


@pytest.mark.parametrize(
    ("fields", "status"),
    [({"name": ""}, 400), ({"point_type": "miles:nothing"}, 400), ({"reason_code": "because"}, 400)],
)
def test_what_is_filled_in_wrongly_makes_no_award(
    agent: Desk, crowd: list[Membership], fields: dict[str, str], status: int
) -> None:
    assert upload(agent, f"{crowd[0].number},1", **fields).status_code == status
    assert not BulkAward.objects.exists()


def test_a_file_that_is_no_list_or_too_large_is_refused_beside_the_form(agent: Desk, crowd: list[Membership]) -> None:
    for content in (b"name\nEmma", b"%PDF-1.7", b"member_number,points\n" + b"MI1,1\n" * 200_000):
        file = SimpleUploadedFile("list.csv", content)
        assert upload(agent, file=file).status_code in (400, 422)
    assert not BulkAward.objects.exists()


def test_awards_of_another_program_do_not_exist(agent: Desk, crowd: list[Membership]) -> None:
    upload(agent, f"{crowd[0].number},1")
    award = BulkAward.objects.get()
    stranger = Desk("stella", Role.SUPERVISOR, make_program("sea"))
    for path in (f"awards/{award.pk}", f"awards/{award.pk}/send", f"awards/{award.pk}/decide"):
        assert stranger.client.get(f"/desk/{path}").status_code == 404
    assert "Spring" not in stranger.client.get("/desk/awards").content.decode()
    assert upload(stranger, "MI1,1").status_code == 400


def test_a_draft_is_discarded_and_shown_as_such(agent: Desk, supervisor: Desk, crowd: list[Membership]) -> None:
    upload(agent, f"{crowd[0].number},60")
    award = BulkAward.objects.get()
    address = f"/desk/awards/{award.pk}"
    colleague = Desk("anton", Role.SUPPORT_AGENT)
    assert f"{address}/discard" not in colleague.client.get(address).content.decode()
    assert said(colleague.opens(f"awards/{award.pk}/discard", "ineligible")) == [
        "Whoever uploaded the list discards it, or somebody with the right points:approve."
    ]
    assert f"{address}/discard" in supervisor.client.get(address).content.decode()
    assert f"{address}/discard" in agent.client.get(address).content.decode()
    told = said(agent.does(f"awards/{award.pk}/discard", note="last month's list"))
    assert told == ["Discarded: no point is booked, now or later."]
    page = agent.client.get(address).content.decode()
    assert ("Discarded by" in page, "last month&#x27;s list" in page, f"{address}/send" in page) == (True, True, False)
    assert "discarded" in agent.client.get("/desk/awards").content.decode()
    assert said(agent.opens(f"awards/{award.pk}/send", "ineligible")) == ["It is discarded already."]
    call_command("post_awards")
    assert Posting.objects.count() == 0
