"""Names in double braces become values once, in the reader's language; anything else in braces is refused."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError

from programs.design import design_of
from programs.models import NoticeTemplate, Program
from programs.notice_texts import BUILT_IN, SAMPLES, SYSTEM, Text, built_in, filled, mistakes, names_of
from programs.notices import days_ahead, is_designed, text_for


def text(body: str, subject: str = "Hello", language: str = "en") -> Text:
    return Text(subject, body, language)


def test_values_are_written_as_the_language_writes_them() -> None:
    facts = {"points": 1450, "fee": Decimal("1049.50"), "date": date(2026, 12, 31), "until": None, "tier": "Gold"}
    body = "{{points}} {{ fee }} {{date}} [{{ until }}] {{ tier }} {{ group }}|"
    assert filled(text(body), facts).body == "1,450 1,049.50 31 Dec 2026 [] Gold |"
    assert filled(text("{{ points }} {{ fee }}", language="de"), facts).body == "1.450 1.049,50"
    assert filled(text("{{ at }}"), {"at": datetime(2026, 3, 1, 9, 5, tzinfo=UTC)}).body == "1 Mar 2026, 09:05"


def test_a_value_never_names_another_value_and_a_subject_stays_one_line() -> None:
    facts = {"customer": "{{ program }}\nBcc: all@example.com", "program": "Sky"}
    found = filled(text("{{ customer }}", subject="For {{ customer }}"), facts)
    assert found.subject == "For {{ program }} Bcc: all@example.com"
    assert found.body == "{{ program }}\nBcc: all@example.com"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{{ balance }}", "unknown_name"),
        ("{{ customer.email }}", "braces"),
        ("{{ points", "braces"),
        ("{% include 'settings.py' %} {{}}", "unknown_name"),
        ("x" * 5001, "too_long"),
    ],
)
def test_a_text_that_would_go_wrong_is_refused(body: str, code: str) -> None:
    assert [(one["pointer"], one["code"]) for one in mistakes("points_expire", "Fine", body)] == [("/body", code)]


def test_each_notice_has_its_own_names() -> None:
    assert mistakes("points_expire", "{{ points }}", "{{ days }} {{ membership }}") == []
    assert [one["pointer"] for one in mistakes("tier_changed", "{{ points }}", "{{ tier }}")] == ["/subject"]
    assert mistakes("welcome", "{{ activity }}", "{{ rule }} {{ amount }} {{ currency }}") == []


@pytest.mark.parametrize("code", sorted(BUILT_IN))
def test_what_is_built_in_names_only_what_it_is_given(code: str) -> None:
    words = built_in(code, "en")
    assert words is not None and mistakes(code, words.subject, words.body) == []
    shown = filled(words, {name: SAMPLES.get(name, "Sky") for name in names_of(code)})
    assert "{{" not in shown.subject + shown.body and "  " not in shown.subject + shown.body


def test_every_name_has_a_sample_for_the_preview() -> None:
    named = {name for code in SYSTEM for name in names_of(code)} | set(names_of("of a rule"))
    assert named - SAMPLES.keys() == {"program"}


@pytest.fixture
def sky(miles: Program) -> Program:
    def add(code: str, language: str, subject: str, **values: object) -> None:
        NoticeTemplate.objects.create(
            program=miles, code=code, language=language, subject=subject, body="{{ customer }}", **values
        )

    add("points_expire", "en", "Use them", days_before=14)
    add("points_expire", "de", "Einlösen", days_before=45)
    add("tier_changed", "en", "Up", is_active=False)
    add("tier_changed", "de", "Hinauf")
    add("welcome", "de", "Willkommen")
    return miles


@pytest.mark.parametrize(
    ("code", "language", "subject"),
    [
        ("points_expire", "de", "Einlösen"),
        ("points_expire", "de-at", "Einlösen"),
        ("points_expire", "fr", "Use them"),
        ("tier_changed", "de", "Hinauf"),
        ("tier_changed", "en", None),
        ("tier_changed", "fr", None),
        ("membership_expires", "en", "{{ program }}: your membership ends on {{ date }}"),
        ("welcome", "de", "Willkommen"),
        ("welcome", "en", None),
    ],
)
def test_own_language_then_english_then_what_is_built_in(
    sky: Program, code: str, language: str, subject: str | None
) -> None:
    found = text_for(design_of(sky.pk), code, language)
    assert (found and found.subject) == subject


def test_a_changed_text_is_taken_at_once(sky: Program) -> None:
    assert is_designed(design_of(sky.pk), "welcome") and not is_designed(design_of(sky.pk), "statement")
    row = NoticeTemplate.objects.get(code="welcome")
    row.subject = "Servus"
    row.save()
    found = text_for(design_of(sky.pk, fresh=True), "welcome", "de")
    assert found is not None and found.subject == "Servus"


def test_the_longest_time_ahead_counts(sky: Program) -> None:
    assert (days_ahead(design_of(sky.pk), "points_expire"), days_ahead(design_of(sky.pk), "membership_expires")) == (
        45,
        30,
    )


def test_the_form_refuses_a_name_nobody_knows(miles: Program) -> None:
    row = NoticeTemplate(program=miles, code="statement", subject="{{ tier }}", body="Hello")
    with pytest.raises(ValidationError) as refused:
        row.full_clean()
    assert list(refused.value.message_dict) == ["subject"]
    assert "“tier” is not known here" in refused.value.message_dict["subject"][0]
