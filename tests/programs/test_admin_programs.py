"""Programs at the desk: status, clock and released terms are the verbs' alone."""

from typing import Any

import pytest
from django.contrib.messages import get_messages
from django.test import Client

from common.actor import Actor
from programs import life
from programs.models import Program, ProgramTerms, TierGroup
from staff.models import User

pytestmark = pytest.mark.django_db
PROGRAMS, TERMS = "/admin/programs/program/", "/admin/programs/programterms/"


@pytest.fixture
def desk(db: None) -> Client:
    client = Client()
    user = User.objects.create_superuser("root", password=None)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def act(desk: Client, url: str, action: str, *rows: Any) -> str:
    response = desk.post(url, {"action": action, "_selected_action": [row.pk for row in rows]})
    assert response.status_code == 302
    return " ".join(str(message) for message in get_messages(response.wsgi_request))


def test_the_life_of_a_program_goes_by_its_verbs(desk: Client, program: Program) -> None:
    act(desk, PROGRAMS, "release_programs", program)
    assert Program.objects.get(pk=program.pk).status == "released"
    assert "can be released" in act(desk, PROGRAMS, "release_programs", program)
    act(desk, PROGRAMS, "lock_programs", program)
    assert Program.objects.get(pk=program.pk).status == "locked"
    act(desk, PROGRAMS, "unlock_programs", program)
    assert Program.objects.get(pk=program.pk).status == "released"
    assert program.history.first().history_user_id == User.objects.get().pk


def test_what_is_missing_is_told(desk: Client, program: Program, ladder: TierGroup) -> None:
    for tier in ladder.tiers.all():
        tier.delete()
    assert "Tier group main has no tier." in act(desk, PROGRAMS, "release_programs", program)
    assert Program.objects.get(pk=program.pk).status == "draft"


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
    act(desk, TERMS, "release_terms", terms)
    assert life.terms_in_force(program) == terms
    changed = desk.post(
        f"{TERMS}{terms.pk}/change/", {"program": program.pk, "title": "Terms", "text": "Pay.", "must_accept": "on"}
    )
    assert changed.status_code == 403
    assert ProgramTerms.objects.get().text == "Be kind."


@pytest.mark.parametrize("model", ["program", "programterms", "pointtype", "conversionrate", "tiergroup"])
def test_the_pages_open(desk: Client, program: Program, ladder: TierGroup, model: str) -> None:
    assert desk.get(f"/admin/programs/{model}/").status_code == 200
    assert desk.get(f"/admin/programs/{model}/add/").status_code == 200
