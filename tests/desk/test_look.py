"""The look of the desk: figures, times, programs by color, fields; and who sees what in the menu."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django import forms
from django.template.loader import render_to_string
from django.test import Client

from common.actor import Actor
from common.colors import contrast, text_on
from common.desk.menu import Entry, Group
from common.templatetags import desk
from loyalty_site.desk import menu
from programs.models import Program
from tests.factories import ACTOR


def test_money_has_cents_and_groups_and_a_true_minus() -> None:
    assert [desk.money(Decimal(one)) for one in ("10960", "0.5", "-1234.5")] == ["10,960.00", "0.50", "\u22121,234.50"]
    assert desk.money(None) == ""


@pytest.mark.parametrize(
    ("value", "plain", "signed", "of_class"),
    [
        (None, "", "", ""),
        (0, "0", "0", ""),
        (1450, "1,450", "+1,450", "plus"),
        (-1234567, "−1,234,567", "−1,234,567", "minus"),
    ],
)
def test_figures_are_grouped_and_signed(value: int | None, plain: str, signed: str, of_class: str) -> None:
    assert (desk.points(value), desk.signed(value), desk.sign(value)) == (plain, signed, of_class)


def test_a_time_is_told_in_the_zone_of_its_program() -> None:
    at = datetime(2026, 3, 1, 23, 30, 5, tzinfo=UTC)
    assert desk.moment(at, "Europe/Berlin") == (
        '<time datetime="2026-03-02T00:30:05+01:00" title="00:30:05 CET">2 Mar 2026, 00:30</time>'
    )
    assert desk.day(at, "Europe/Berlin") == '<time datetime="2026-03-02">2 Mar 2026</time>'
    assert desk.day(date(2026, 3, 1)) == '<time datetime="2026-03-01">1 Mar 2026</time>'
    assert (desk.moment(None), desk.day(None)) == ("", "")


@pytest.mark.parametrize("color", ["#000000", "#ffffff", "#d9480f", "#fab005", "#777777", "#3b5bdb"])
def test_text_on_a_brands_color_can_be_read(color: str) -> None:
    assert contrast(text_on(color), color) >= 4.5
    assert contrast("#000000", "#ffffff") == 21


def test_a_program_shows_by_color_and_name_and_its_name_is_escaped() -> None:
    program = Program(name="Sky <b> Club", brand_color="#fab005")
    html = render_to_string("desk/parts/program.html", {"program": program})
    assert '<rect x=".5" y=".5" width="23" height="23" rx="6" fill="#fab005"/>' in html
    assert 'fill="#000000">S&lt;</text></svg>Sky &lt;b&gt; Club</span>' in html


def test_a_field_shows_its_label_help_and_errors_tied_to_its_control() -> None:
    class Form(forms.Form):
        points = forms.IntegerField(label="Points", help_text="Signed.")
        note = forms.CharField(label="Note", required=False)

    form = Form({"points": "ten"})
    html = render_to_string("desk/parts/field.html", {"field": form["points"]})
    assert '<label for="id_points">Points</label>' in html
    assert '<div class="help" id="id_points_helptext">Signed.</div>' in html
    assert 'aria-describedby="id_points_helptext' in html
    assert 'aria-invalid="true"' in html
    assert '<ul class="errors" id="id_points_error"><li>Enter a whole number.</li></ul>' in html
    assert "(optional)" in render_to_string("desk/parts/field.html", {"field": form["note"]})


def test_the_menu_holds_only_what_one_may_open(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu, "reverse", lambda name: f"/{name}")
    monkeypatch.setattr(menu, "waiting_counts", lambda actor: {"adjustments": 3})
    every = [section for _, rows in menu.GROUPS for section, *_ in rows]
    shown = menu.groups(ACTOR)
    assert [entry.section for group in shown for entry in group.entries] == every
    assert {entry.section: entry.count for group in shown for entry in group.entries if entry.count} == {
        "adjustments": 3
    }
    reader = Actor("user", 1, 1, "reader", lambda action, _: action == "reports:read", None)
    assert [(group.label, [entry.section for entry in group.entries]) for group in menu.groups(reader)] == [
        ("Points", ["adjustments", "awards"]),
        ("Reports", ["home", "liability", "expiry", "analytics", "runs"]),
        ("Setting", ["exports", "back-office"]),
    ]


def test_a_heading_of_the_menu_sums_up_what_waits_and_names_the_page_that_is_open() -> None:
    entries = (Entry("claims", "Claims", "/claims", 2), Entry("orders", "Orders", "/orders"), Entry("x", "X", "/x", 3))
    given = {"menu": [Group("Points", entries), Group("Design", (Entry("rules", "Rules", "/rules", 0),))]}
    html = render_to_string("desk/parts/menu.html", given | {"section": "orders"})
    first, second = (one.split("</summary>")[0] for one in html.split("<details ")[1:])
    assert '<summary class="current">Points <span class="badge count warn">5<span' in first
    assert first.endswith('<span class="here">Orders</span>')
    assert second == 'name="menu"><summary>Design'
    assert html.count('aria-current="page"') == 1 and '<a href="/orders" aria-current="page">' in html


def test_what_does_not_exist_is_told_on_a_page_of_ours(client: Client, db: None) -> None:
    answer = client.get("/desk/nowhere")
    assert answer.status_code == 404
    assert "There is nothing here that you can see" in answer.content.decode()
    assert "style=" not in answer.content.decode()
