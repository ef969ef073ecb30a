"""Texts of notices at the desk: which there are, written with a preview of the letter."""

from typing import Any

import pytest

from programs.models import NoticeTemplate, Program
from staff.models import Role
from tests.desk.tasks.working import Desk
from tests.desk.visitor import Visitor, cells

pytestmark = pytest.mark.django_db
TEXT = {
    "subject": "{{ points }} {{ point_type }} are waiting",
    "body": "Spend them until {{ date }}.",
    "days_before": "14",
    "is_active": "on",
    "reason": "Clearer wording",
}
PATH = "programs/miles/notices/points_expire/en"


@pytest.fixture
def manager(miles: Program) -> Desk:
    return Desk("mia", "program_manager", miles)


def test_the_preview_is_the_letter_and_the_confirmation_puts_it_in_force(manager: Desk, miles: Program) -> None:
    preview = manager.previews(PATH, **TEXT)
    assert preview.context["says"] == [
        "Subject: 1,450 Miles are waiting", "Dear Emma Moore,", "Spend them until 31 Dec 2026.", "-- ", "Miles",
        "Membership 20417786",
    ]  # fmt: skip
    assert NoticeTemplate.objects.count() == 0
    manager.receipt(manager.confirms(preview))
    row = NoticeTemplate.objects.get()
    assert (row.program, row.code, row.language, row.subject, row.days_before, row.is_active) == (
        miles, "points_expire", "en", TEXT["subject"], 14, True,
    )  # fmt: skip
    entry = NoticeTemplate.history.get()
    assert (entry.history_user_id, entry.history_change_reason) == (manager.user.pk, "Clearer wording")


def test_the_form_begins_with_what_is_sent_now(manager: Desk, miles: Program) -> None:
    form = manager.opens(PATH).context["form"]
    assert form.initial["subject"] == "{{ program }}: {{ points }} {{ point_type }} end soon"
    manager.does(PATH, **TEXT)
    assert manager.opens(PATH).context["form"].initial["body"] == TEXT["body"]
    assert "days_before" not in manager.opens("programs/miles/notices/tier_changed/de").context["form"].fields


@pytest.mark.parametrize(
    ("wrong", "field", "says"),
    [
        ({"body": "Dear {{ mother }}"}, "body", "“mother” is not known here"),
        ({"subject": "{{ points"}, "subject", "Double braces hold one name"),
        ({"days_before": "0"}, "days_before", "greater than or equal to 1"),
    ],
)
def test_a_mistake_is_shown_at_its_field(manager: Desk, wrong: dict[str, str], field: str, says: str) -> None:
    answer = manager.previews(PATH, **(TEXT | wrong))
    assert answer.status_code == 400
    assert says in str(answer.context["form"].errors[field])
    assert NoticeTemplate.objects.count() == 0


def test_a_notice_switched_off_says_that_nobody_gets_it(manager: Desk) -> None:
    given = {name: value for name, value in TEXT.items() if name != "is_active"}
    assert manager.previews(PATH, **given).context["says"] == ["Nobody gets this notice in this language."]


def test_the_list_shows_what_is_sent_in_which_words(miles: Program) -> None:
    NoticeTemplate.objects.create(program=miles, code="points_expire", subject="Use them", body="-", days_before=14)
    NoticeTemplate.objects.create(program=miles, code="welcome", language="de", subject="Servus", body="-")
    page = Visitor(Role.AUDITOR, miles).reads("notices", program="miles")
    assert cells(page, "Points end soon") == [
        "Points end soon",
        "14 days ahead, once",
        "English",
        "Use them",
        "own text",
    ]
    assert cells(page, "Tier changed")[2:] == ["English", "–", "text of the system"]
    assert cells(page, "Monthly statement")[2:] == ["English", "–", "not sent"]
    welcome = [row for row in page.rows if row and row[0] == "welcome"]
    assert [row[1:] for row in welcome] == [
        ["when a rule says so", "German", "Servus", "own text"], ["when a rule says so", "English", "–", "missing"],
    ]  # fmt: skip


def test_another_text_leads_to_its_page_and_a_wrong_name_stays(miles: Program) -> None:
    manager = Visitor(Role.PROGRAM_MANAGER, miles)
    asked: Any = manager.asks("notices", program="miles", notice="birthday", language="de")
    assert (asked.status_code, asked["Location"]) == (302, "/desk/programs/miles/notices/birthday/de")
    assert "valid" in manager.reads("notices", program="miles", notice="Happy birthday!", language="de").text
