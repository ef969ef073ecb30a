"""Programs at the desk: status, clock and released terms are the verbs' alone."""

from datetime import timedelta
from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from activities.calls import PointsCall
from activities.earning import earn
from common.actor import Actor
from programs import life
from programs.admin.life import VERBS
from programs.design import design_of
from programs.models import Program, ProgramTerms, TierGroup
from staff.models import User
from tests.factories import ACTOR, account_of, make_membership, make_program

pytestmark = pytest.mark.django_db
PROGRAMS, TERMS = "/admin/programs/program/", "/admin/programs/programterms/"


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    user = User.objects.create_superuser("root", password=None)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def act(desk: Client, url: str, verb: str, row: Any, **values: Any) -> Any:
    return desk.post(f"{url}{row.pk}/do/{verb}/", {"reason": "as agreed"} | values)


def told(response: Any) -> str:
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def status_of(program: Program) -> str:
    return Program.objects.get(pk=program.pk).status


def test_the_life_of_a_program_goes_by_its_verbs(desk: Client, program: Program) -> None:
    for verb, status in (("release", "released"), ("lock", "locked"), ("unlock", "released"), ("lock", "locked")):
        assert act(desk, PROGRAMS, verb, program).status_code == 302
        assert status_of(program) == status
    row = program.history.first()
    assert (row.history_user_id, row.history_channel, row.history_change_reason) == (
        User.objects.get().pk,
        "desk",
        "as agreed",
    )
    assert act(desk, PROGRAMS, "close", program).status_code == 302
    assert status_of(program) == "closed"


@pytest.mark.parametrize(("status", "offered"), [
    ("draft", ["release"]), ("released", ["lock"]), ("locked", ["unlock", "close"]), ("closed", []),
])  # fmt: skip
def test_only_what_is_possible_has_a_button(desk: Client, program: Program, status: str, offered: list[str]) -> None:
    program.status = status
    program.save()
    page = desk.get(f"{PROGRAMS}{program.pk}/change/").content.decode()
    assert [verb for verb in VERBS if f"/do/{verb}/" in page] == offered


def test_a_verb_asks_for_the_reason_and_refuses_in_words(desk: Client, program: Program) -> None:
    assert desk.get(f"{PROGRAMS}{program.pk}/do/release/").status_code == 200
    without = act(desk, PROGRAMS, "release", program, reason=" ")
    assert (without.status_code, status_of(program)) == (422, "draft")
    refused = act(desk, PROGRAMS, "lock", program)
    assert (refused.status_code, status_of(program)) == (422, "draft")
    assert "can be locked" in refused.content.decode()
    assert desk.get(f"{PROGRAMS}{program.pk}/do/enrich/").status_code == 404


def test_what_is_missing_is_told(desk: Client, program: Program, ladder: TierGroup) -> None:
    for tier in ladder.tiers.all():
        tier.delete()
    assert "Tier group main has no tier." in desk.get(f"{PROGRAMS}{program.pk}/do/release/").content.decode()
    assert "Tier group main has no tier." in act(desk, PROGRAMS, "release", program).content.decode()
    assert status_of(program) == "draft"


def test_closing_names_what_is_open(desk: Client) -> None:
    membership = make_membership(make_program("sky"), "Emma Stone")
    earn(PointsCall(membership_id=membership.pk, points=70), actor=ACTOR)
    program = membership.program
    assert account_of(membership).balance == 70
    act(desk, PROGRAMS, "lock", program)
    for answer in (desk.get(f"{PROGRAMS}{program.pk}/do/close/"), act(desk, PROGRAMS, "close", program)):
        assert "Accounts with a balance: 1." in answer.content.decode()
    assert status_of(program) == "locked"


def test_the_clock_of_a_sandbox_moves_forward_only(desk: Client, program: Program) -> None:
    assert act(desk, PROGRAMS, "move-clock", program, days="1", hours="0").status_code == 422
    program.is_sandbox = True
    program.save()
    assert act(desk, PROGRAMS, "move-clock", program, days="0", hours="0").status_code == 422
    moved = act(desk, PROGRAMS, "move-clock", program, days="2", hours="3")
    assert moved.status_code == 302
    assert "It is now" in told(moved)
    assert Program.objects.get(pk=program.pk).clock_offset == timedelta(days=2, hours=3)


def test_status_and_code_are_no_fields_of_the_form(desk: Client, program: Program) -> None:
    page = desk.get(f"{PROGRAMS}{program.pk}/change/").content.decode()
    for name in ("status", "clock_offset", "code"):
        assert f'name="{name}"' not in page
    assert 'name="business_unit"' in page


def test_terms_are_written_released_and_then_stand(desk: Client, program: Program, designer: Actor) -> None:
    response = desk.post(
        f"{TERMS}add/", {"program": program.pk, "title": "Terms", "text": "Be kind.", "must_accept": "on"}
    )
    assert response.status_code == 302
    terms = ProgramTerms.objects.get()
    assert (terms.version, terms.released_at) == (1, None)
    assert act(desk, TERMS, "release", terms).status_code == 302
    assert life.terms_in_force(design_of(program.pk)) == terms
    changed = desk.post(
        f"{TERMS}{terms.pk}/change/", {"program": program.pk, "title": "Terms", "text": "Pay.", "must_accept": "on"}
    )
    assert changed.status_code == 403
    assert ProgramTerms.objects.get().text == "Be kind."


@pytest.mark.parametrize(
    "model", ["program", "programterms", "pointtype", "conversionrate", "tiergroup", "benefit", "tierbenefit"]
)
def test_the_pages_open(desk: Client, program: Program, ladder: TierGroup, model: str) -> None:
    assert desk.get(f"/admin/programs/{model}/").status_code == 200
    assert desk.get(f"/admin/programs/{model}/add/").status_code == 200
