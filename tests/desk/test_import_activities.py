"""Files of activities among the imports of the desk."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from activities.models import ActivityBatch, MemberActivity, RefusedLine
from activities.timing import event_time
from common import clock
from loyalty_site.desk import uploads
from memberships.models import Membership
from points.errors import EventTimeOutOfRange
from programs.design import design_of
from programs.models import Partner, Program
from staff.models import AccessLog, Role, User
from tests.desk.test_imports import figures, staff_client
from tests.factories import make_membership, make_program

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Any) -> Path:
    settings.LOYALTY_TOTP = False
    monkeypatch.setattr(uploads, "FOLDER", tmp_path / "imports")
    return tmp_path / "imports"


@pytest.fixture
def sky(db: None) -> Program:
    return make_program("sky", name="Sky Club")


@pytest.fixture
def emma(sky: Program) -> Membership:
    return make_membership(sky)


@pytest.fixture
def supervisor(sky: Program) -> Client:
    return staff_client(Role.SUPERVISOR)


def uploaded(client: Client, *numbers: str, what: str = "activities/sky/", name: str = "night.csv") -> Any:
    at = clock.now().isoformat()
    lines = ["type,member_number,occurred_at,amount", *[f"purchase,{number},{at},12.50" for number in numbers], ""]
    return client.post("/desk/imports", {"what": what, "file": SimpleUploadedFile(name, "\n".join(lines).encode())})


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((), "no line below them: there is nothing to import"),
        (("SK0000",), "No line of this file can be imported as it stands"),
    ],
)
def test_what_has_no_good_line_offers_no_import(
    supervisor: Client, sky: Program, numbers: tuple[str, ...], said: str
) -> None:
    html = supervisor.get(uploaded(supervisor, *numbers)["Location"]).content.decode()
    assert said in html
    assert ">Import</button>" not in html
    assert "/desk/imports?what=activities/sky/" in html


def test_an_event_out_of_time_says_in_the_programs_own_time_which_it_takes(sky: Program) -> None:
    with clock.frozen(datetime(2026, 11, 22, 12, tzinfo=UTC)), pytest.raises(EventTimeOutOfRange) as refused:
        event_time(datetime(2026, 11, 1, 9, 30, 15, tzinfo=UTC), design_of(sky.pk))
    assert refused.value.message == (
        "The event is dated 2026-11-01 09:30; Sky Club takes events from 2026-11-19 12:00 to 2026-11-22 12:05, in the "
        "time of UTC."
    )


def test_a_file_is_looked_at_then_taken_in_to_wait_for_its_rules(supervisor: Client, emma: Membership) -> None:
    looked = uploaded(supervisor, emma.number, "SK0000")
    html = supervisor.get(looked["Location"]).content.decode()
    assert figures(html) == [1, 0, 0, 1]
    assert "Activities: night.csv" in html
    assert not ActivityBatch.objects.exists() and not MemberActivity.objects.exists()
    done = supervisor.post(looked["Location"], {"mode": "good"}, follow=True).content.decode()
    assert figures(done) == [1, 0, 0, 1]
    activity, batch = MemberActivity.objects.get(), ActivityBatch.objects.get()
    assert (activity.membership_id, activity.status, activity.batch_id) == (emma.pk, "received", batch.pk)
    assert (activity.user_id, batch.user_id) == (User.objects.get().pk,) * 2
    assert (batch.name, batch.complete, RefusedLine.objects.get().line) == ("night.csv", True, 3)
    refused = supervisor.get(f"{looked['Location']}/refused.csv").getvalue().decode()
    assert "SK0000" in refused and emma.number not in refused
    assert AccessLog.objects.filter(action="import").count() == 1


def test_all_or_nothing_takes_nothing_where_a_line_is_refused(supervisor: Client, emma: Membership) -> None:
    looked = uploaded(supervisor, emma.number, "SK0000")
    html = supervisor.post(looked["Location"], {"mode": "all"}, follow=True).content.decode()
    assert "Nothing was imported" in html
    assert not ActivityBatch.objects.exists() and not MemberActivity.objects.exists()
    good = uploaded(supervisor, emma.number, name="good.csv")
    supervisor.post(good["Location"], {"mode": "all"})
    assert MemberActivity.objects.count() == 1


def test_a_file_that_is_there_already_is_refused_at_the_look(supervisor: Client, emma: Membership) -> None:
    supervisor.post(uploaded(supervisor, emma.number)["Location"])
    again = uploaded(supervisor, emma.number, emma.number)
    assert again.status_code == 409
    assert "Another file came as" in again.content.decode()
    assert MemberActivity.objects.count() == 1


def test_a_partner_s_file_names_the_partner(supervisor: Client, emma: Membership) -> None:
    hotel = Partner.objects.create(program=emma.program, code="hotel", name="Hotel Blue")
    Partner.objects.create(program=emma.program, code="old", name="Old", is_active=False)
    html = supervisor.get("/desk/imports").content.decode()
    assert "Activities of Sky Club from Hotel Blue" in html and "from Old" not in html
    supervisor.post(uploaded(supervisor, emma.number, what="activities/sky/hotel")["Location"])
    assert MemberActivity.objects.get().partner_id == hotel.pk


def test_it_takes_the_right_to_approve_in_that_program(sky: Program, emma: Membership) -> None:
    agent = staff_client(Role.SUPPORT_AGENT, name="sue")
    assert "Activities of Sky Club" not in agent.get("/desk/imports").content.decode()
    assert uploaded(agent, emma.number).status_code == 400
    elsewhere = staff_client(Role.SUPERVISOR, make_program("sea"), name="joe")
    assert uploaded(elsewhere, emma.number).status_code == 400
    assert not MemberActivity.objects.exists()
