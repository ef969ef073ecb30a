"""The pages of the reports and the dashboard: figures, links, sheets, who may see which program."""

import csv
import io
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from activities.adjusting import AdjustmentCall, adjust_points
from activities.holding import HoldCall, hold_points
from common.desk.charts import ColumnChart, Label, Series, compact, round_up, shares
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.keeping import keep_days
from programs.models import PointType, Program
from staff.models import AccessLog, Role
from tests.api.world import make_staff, session_of
from tests.factories import ACTOR, make_membership, make_program
from tests.points.histories import at, coins_in, every_kind
from tests.points.world import earned

PAGES = ("home", "liability", "expiry-forecast")


@pytest.fixture(autouse=True)
def nothing_cached() -> None:
    cache.clear()


@pytest.fixture
def sky(db: None) -> Program:
    program = make_program("sky", time_zone="Europe/Berlin", name="Sky <b> Club", adjustment_limit=100)
    miles = PointType.objects.get(program=program, code="miles")
    miles.money_value, miles._history_date = Decimal("0.005"), datetime(2025, 1, 1, tzinfo=UTC)
    miles.save()
    coins_in(program)
    return program


@pytest.fixture
def people(sky: Program) -> tuple[Membership, Membership]:
    with at(2025, 1, 5):
        michael, katrin = make_membership(sky, "Michael Adams"), make_membership(sky, "Katrin Bauer")
    every_kind(michael, katrin)
    return michael, katrin


@pytest.fixture
def auditor(sky: Program) -> Client:
    return session_of(make_staff("ada", Role.AUDITOR, sky))


def text_of(answer: Any) -> str:
    """What one reads: tags gone, blanks one."""
    html = re.sub(r"<(script|style|svg).*?</\1>", "", answer.content.decode(), flags=re.DOTALL)
    return " ".join(re.sub(r"<[^>]+>", " ", html).split())


def test_a_month_shows_every_line_with_its_entries(auditor: Client, people: Any) -> None:
    answer = auditor.get(reverse("desk:liability"), {"program": "sky", "month": "2025-03"})
    assert answer.status_code == 200
    text = text_of(answer)
    assert "Opening 1,000 5.00" in text
    assert "Earned credited for activities +540 2.70 2" in text
    assert "Redeemed spent, at once or by capturing a hold −260 −1.30 2" in text
    assert "Adjusted +85 0.425" in text
    assert "Earning reversed taken back again −160 −0.80 2" in text
    assert "Closing 1,332 6.66" in text
    assert "March 2025 1,000 540 260 33 85 1,332" in text


def test_every_figure_leads_to_its_entries_and_on_to_the_end(auditor: Client, people: Any) -> None:
    page = auditor.get(reverse("desk:liability"), {"program": "sky", "month": "2025-03"}).content.decode()
    links = [link.replace("&amp;", "&") for link in re.findall(r'href="(/desk/reports/liability/entries[^"]+)"', page)]
    assert len(links) == 11 + 1
    for link in links:
        answer = auditor.get(link)
        assert answer.status_code == 200
        assert answer.context["figure"].entries == len(answer.context["entries"]) > 0
    earned_page = auditor.get(next(link for link in links if "line=earned" in link))
    assert f">{people[0].number}<" in earned_page.content.decode()
    assert "+540 in 2 entries: 540 credited, 0 debited." in text_of(earned_page)


def test_many_entries_come_by_pages(auditor: Client, people: Any) -> None:
    with at(2025, 5, 5, 12):
        for _ in range(60):
            earned(people[0], 2)
    keep_days(people[0].program)
    asked = {"program": "sky", "month": "2025-05", "point_type": "miles", "line": "earned"}
    first = auditor.get(reverse("desk:liability-entries"), asked)
    assert (len(first.context["entries"]), first.context["first_page"]) == (50, "")
    second = auditor.get(first.context["next_page"])
    assert (len(second.context["entries"]), second.context["next_page"]) == (10, "")
    assert second.context["first_page"]
    seen = [entry.id for page in (first, second) for entry, *_ in page.context["entries"]]
    assert len(set(seen)) == 60


@pytest.mark.parametrize(
    "asked",
    [{"line": "nothing"}, {"point_type": "none"}, {"line": ""}, {"after": "x"}, {"after": "2025-01-01_5"}],
)
def test_entries_of_what_does_not_exist_are_not_found(asked: dict[str, str], auditor: Client, people: Any) -> None:
    whole = {"program": "sky", "month": "2025-03", "point_type": "miles", "line": "earned"} | asked
    assert auditor.get(reverse("desk:liability-entries"), whole).status_code == 404


@pytest.mark.parametrize("name", ["liability", "liability-csv", "liability-entries"])
def test_a_bad_month_is_refused_with_a_message(name: str, auditor: Client, people: Any) -> None:
    asked = {"program": "sky", "month": "2025-13", "point_type": "miles", "line": "earned"}
    answer = auditor.get(reverse(f"desk:{name}"), asked)
    assert answer.status_code == 400
    assert "Name a month as YYYY-MM, for example 2026-03." in text_of(answer)
    assert not AccessLog.objects.exists()


@pytest.mark.parametrize(("months", "rows"), [("1", 3 * 14), ("12", 12 * 3 * 14)])
def test_a_sheet_is_logged_and_adds_up(months: str, rows: int, auditor: Client, people: Any) -> None:
    asked = {"program": "sky", "month": "2025-03", "months": months}
    answer = auditor.get(reverse("desk:liability-csv"), asked)
    assert answer["Content-Disposition"] == f'attachment; filename="liability-report-sky-2025-03-{months}.csv"'
    read = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    assert len(read) == rows
    march = [row for row in read if (row["month"], row["point_type"]) == ("2025-03", "miles")]
    for column in ("points", "value"):
        *parts, closing = [Decimal(row[column]) for row in march]
        assert sum(parts) == closing
    (log,) = AccessLog.objects.all()
    assert (log.user.username, log.action, log.subject_kind, log.facts) == ("ada", "export", "liability report", asked)


def test_only_one_month_or_twelve(auditor: Client, people: Any) -> None:
    assert auditor.get(reverse("desk:liability-csv"), {"program": "sky", "months": "99999999"}).status_code == 400


def test_the_forecast_page_shows_weeks_months_and_what_stands_apart(auditor: Client, people: Any) -> None:
    with at(2025, 4, 10, 9):
        earned(people[0], 50, days=20)
        hold_points(HoldCall(people[0].pk, 20), actor=ACTOR)
        answer = auditor.get(reverse("desk:expiry-forecast"), {"program": "sky"})
        sheet = auditor.get(reverse("desk:expiry-forecast-csv"), {"program": "sky"})
    text = text_of(answer)
    assert "In the next 90 days 30 Worth 0.15 EUR" in text
    assert "Held 20 do not expire, left out of all figures" in text
    assert "April 2025 30 0.15 20" in text
    assert "24 Apr – 30 Apr 2025 30" in text
    assert "Without an end 1,339 6.695" in text
    rows = list(csv.DictReader(io.StringIO(sheet.getvalue().decode("utf-8-sig"))))
    assert [row["points"] for row in rows if row["period"] == "month" and row["from"] == "2025-04"][0] == "30"
    assert AccessLog.objects.get().facts == {"program": "sky", "day": "2025-04-10"}


def test_home_shows_how_the_program_does_and_what_waits(auditor: Client, people: Any, sky: Program) -> None:
    michael, katrin = people
    with at(2025, 4, 10, 9):
        suspend(katrin, actor=ACTOR, reason="asked")
        earned(michael, 50, days=20)
        hold_points(HoldCall(michael.pk, 20), actor=ACTOR)
        adjust_points(AdjustmentCall(michael.pk, 5000, reason_code="goodwill"), actor=ACTOR)
        answer = auditor.get(reverse("desk:home"))
    tiles = {str(tile.label): (tile.figure, tile.href) for tile in [*answer.context["owed"], *answer.context["work"]]}
    figures = {label: figure for label, (figure, _href) in tiles.items()}
    assert figures == {
        "Active memberships": "1",
        "Liability": "6.945",
        "Points members have": "1,389",
        "Expire in 90 days": "30",
        "Adjustments waiting": "1",
        "Changes waiting for consent": "0",
        "Awards waiting": "0",
        "Claims waiting": "0",
        "Failed activities": "0",
        "Open holds": "1",
    }
    assert tiles["Liability"][1] == "/desk/reports/liability?program=sky"
    text = text_of(answer)
    assert "By status Status Memberships Active 1 Active Suspended 1 Suspended" in text
    assert "Ladder Tier Memberships Blue 2 Blue Gold 0 Gold" in text
    # Miles issued, redeemed and expired by month, as a table below the drawing.
    assert "February 2025 1,000 0 0 March 2025 540 260 33 April 2025 57 0 0" in text
    # What members had at the end of each month.
    assert "February 2025 1,000 March 2025 1,332 April 2025 1,389" in text


def test_every_link_of_home_opens(people: Any, sky: Program) -> None:
    admin = session_of(make_staff("root", Role.ADMIN))
    answer = admin.get(reverse("desk:home"), {"program": "sky"})
    links = {tile.href for tile in [*answer.context["owed"], *answer.context["work"]]} | {
        one.href for one in answer.context["by_status"]
    }
    links |= {share.href for ladder in answer.context["ladders"] for share in ladder.tiers}
    links |= {label.href for chart in answer.context["charts"] for label in chart.moved.labels}
    for link in filter(None, links):
        assert admin.get(link).status_code == 200, link


def test_a_fresh_program_says_what_to_do(auditor: Client, sky: Program) -> None:
    text = text_of(auditor.get(reverse("desk:home")))
    assert "Nobody is a member yet." in text
    assert text.count("Nothing in this time.") == 2
    assert "Nobody has such points." in text_of(auditor.get(reverse("desk:expiry-forecast")))


def test_sums_are_as_old_as_they_say_and_what_waits_is_counted_now(auditor: Client, people: Any, sky: Program) -> None:
    def shown() -> dict[str, Any]:
        answer = auditor.get(reverse("desk:home"))
        return {str(tile.label): tile.figure for tile in [*answer.context["owed"], *answer.context["work"]]}

    assert shown()["Points members have"] == "1,339"
    earned(people[0], 1)
    hold_points(HoldCall(people[0].pk, 5), actor=ACTOR)
    kept = shown()
    assert (kept["Points members have"], kept["Open holds"]) == ("1,339", "1")
    cache.clear()
    assert shown()["Points members have"] == "1,340"


def test_a_program_without_any_point_type_and_no_program_at_all(db: None) -> None:
    admin = session_of(make_staff("root", Role.ADMIN))
    for name in PAGES:
        assert "There is no program yet that you may see." in text_of(admin.get(reverse(f"desk:{name}")))
    for name in ("liability-csv", "expiry-forecast-csv", "liability-entries"):
        assert admin.get(reverse(f"desk:{name}")).status_code == 404
    Program.objects.create(code="bare", name="Bare", status="draft")
    assert admin.get(reverse("desk:home")).status_code == 200
    assert "This program has no point type yet." in text_of(admin.get(reverse("desk:liability")))


@pytest.mark.parametrize("name", [*PAGES, "liability-csv", "liability-entries", "expiry-forecast-csv"])
def test_another_program_answers_like_none(name: str, auditor: Client, people: Any) -> None:
    make_program("stars")
    asked = {"point_type": "miles", "line": "earned"}
    for code in ("stars", "nowhere"):
        assert auditor.get(reverse(f"desk:{name}"), asked | {"program": code}).status_code == 404
    assert not AccessLog.objects.exists()
    answer = Client().get(reverse(f"desk:{name}"))
    assert (answer.status_code, "login" in answer["Location"]) == (302, True)


def test_without_a_right_the_pages_refuse(db: None) -> None:
    make_program("sky")
    user = make_staff("gone", Role.AUDITOR)
    user.rights.all().delete()
    client = session_of(user)
    for name in PAGES:
        assert client.get(reverse(f"desk:{name}")).status_code == 403


def test_names_are_escaped_and_no_page_needs_inline_styles(auditor: Client, people: Any) -> None:
    for name in PAGES:
        html = auditor.get(reverse(f"desk:{name}")).content.decode()
        assert "Sky &lt;b&gt; Club" in html
        assert "<b> Club" not in html
        assert "style=" not in html
        assert "<script>" not in html


def test_columns_reach_as_high_as_their_values() -> None:
    labels = [Label("J", "June"), Label("J", "July")]
    chart = ColumnChart("c", "Title", labels, [Series("in", [100, 0]), Series("out", [25, 50])])
    assert (chart.top, chart.ticks) == (100, ["100", "50", "0"])
    assert [(one.fill, one.y, one.height) for one in chart.columns] == [
        ("solid", 0, 100),
        ("striped", 75, 25),
        ("striped", 50, 50),
    ]
    assert [values for _label, values in chart.rows] == [[100, 25], [0, 50]]
    assert chart.legend == [("in", "solid"), ("out", "striped")]
    assert ColumnChart("c", "Title", labels, [Series("in", [0, 0])]).is_empty


@pytest.mark.parametrize(
    ("value", "top"), [(0, 2), (1, 2), (2, 2), (3, 4), (7, 8), (9, 10), (11, 20), (51, 60), (999, 1000), (1001, 2000)]
)
def test_a_scale_ends_at_a_figure_whose_half_reads_well(value: int, top: int) -> None:
    assert round_up(value) == top


def test_figures_of_a_scale_are_short() -> None:
    assert [compact(value) for value in (0, 5, 999, 1500, 20_000, 2.5e6, 3e9)] == [
        "0", "5", "999", "1.5k", "20k", "2.5M", "3G",
    ]  # fmt: skip


def test_shares_are_of_the_largest() -> None:
    assert [(one.name, one.width) for one in shares([("a", 50, ""), ("b", 200, ""), ("c", 0, "")])] == [
        ("a", 25),
        ("b", 100),
        ("c", 0),
    ]
    assert [one.width for one in shares([("a", 0, "")])] == [0]


def test_the_back_office_leads_to_the_desk(db: None) -> None:
    answer = session_of(make_staff("root", Role.ADMIN)).get(reverse("admin:index"))
    assert f'href="{reverse("desk:home")}"' in answer.content.decode()
