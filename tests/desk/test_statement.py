"""The statement on the screen and as CSV: lines with running balances, filters, pages, and who took it along."""

import csv
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from activities.desk import statement as pages
from activities.reversing import reverse_posting
from common import clock
from customers.models import Customer
from memberships.models import Membership
from points.models import Entry
from points.reversal_parts import Part
from programs.models import Program
from staff.models import AccessLog, Role
from tests.desk.visitor import Reader, Visitor, earned, redeemed
from tests.factories import ACTOR, make_program, member_of


def lines(page: Reader) -> list[list[str]]:
    """What, points, amount, balance: the columns after the time, in the order shown."""
    return [row[1:] for row in page.rows if len(row) > 3 and row[0] != "Recorded"]


@pytest.fixture
def sale(michael_adams: Membership) -> int:
    """Earned 500, redeemed 120 (the sale), took 20 of it back, earned 7 of status."""
    earned(michael_adams, 500)
    sale = redeemed(michael_adams, 120)
    reverse_posting(sale, Part("booked-wrongly", points=20), actor=ACTOR)
    earned(michael_adams, 7, point_type="status")
    return sale


def test_the_latest_line_comes_first_with_its_running_balance(
    agent: Visitor, michael_adams: Membership, sale: int
) -> None:
    page = agent.reads("statement", michael_adams.pk)
    assert lines(page) == [
        ["Earned", "Status", "+7", "7"],
        [f"Reversed Booked wrongly of {sale}", "Miles", "+20", "400"],
        ["Redeemed", "Miles", "−120", "380"],
        ["Earned", "Miles", "+500", "500"],
    ]
    assert "Miles 0 → 400" in page.text
    assert "Status 0 → 7" in page.text
    assert f"/desk/postings/{sale}" in page.links
    assert lines(agent.reads("statement", michael_adams.pk, order="oldest")) == lines(page)[::-1]


def test_one_kind_of_points_alone(agent: Visitor, michael_adams: Membership, sale: int) -> None:
    page = agent.reads("statement", michael_adams.pk, point_type="status")
    assert lines(page) == [["Earned", "Status", "+7", "7"]]
    assert "Miles 0 →" not in page.text
    assert agent.status_of("statement", michael_adams.pk, point_type="nothing") == 422


def test_a_period_goes_through_the_end_of_its_last_day(agent: Visitor, michael_adams: Membership, sale: int) -> None:
    today = clock.now().date()
    tomorrow = (today + timedelta(days=1)).isoformat()
    whole = {"from": today.isoformat(), "to": today.isoformat()}
    assert len(lines(agent.reads("statement", michael_adams.pk, **whole))) == 4
    empty = agent.reads("statement", michael_adams.pk, **{"from": tomorrow, "to": tomorrow})
    assert "Nothing was recorded in this time." in empty.text
    for wrong in ("2026-02-30", "yesterday", "0000-00-00"):
        assert agent.status_of("statement", michael_adams.pk, **{"from": wrong}) == 400


def test_pages_go_on_without_a_gap_in_both_directions(
    agent: Visitor, michael_adams: Membership, sale: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "PAGE", 3)
    expected = ["500", "380", "400", "7"]
    for order in ("oldest", ""):
        first = agent.reads("statement", michael_adams.pk, order=order)
        (following,) = [link for link in first.links if "after=" in link]
        # What is recorded after the first page shifts nothing.
        earned(michael_adams, 1_000)
        second = Reader(agent.client.get(following).content.decode())
        figures = [row[-1] for row in (*lines(first), *lines(second))]
        assert figures == (expected if order else ["1,400", *expected[::-1]])
        assert not any("after=" in link for link in second.links)
    assert agent.status_of("statement", michael_adams.pk, after="bm90IG91cnM=") == 400


def test_csv_holds_the_whole_period_and_is_written_down(
    agent: Visitor, michael_adams: Membership, sale: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "EXPORT_PAGE", 3)
    response = agent.asks("statement-csv", michael_adams.pk)
    rows = list(csv.reader(StringIO(b"".join(response.streaming_content).decode("utf-8-sig"))))
    assert response["Content-Disposition"] == f'attachment; filename="statement-{michael_adams.pk}.csv"'
    assert rows[0] == list(pages.HEADER)
    assert [(row[2], row[4], row[5], row[6]) for row in rows[1:]] == [
        ("earn", "500", "miles", "500"), ("redeem", "-120", "miles", "380"), ("reverse", "20", "miles", "400"),
        ("earn", "7", "status", "7"),
    ]  # fmt: skip
    assert {row[7] for row in rows[1:]} == {"M*** A***"}
    log = AccessLog.objects.get()
    assert (log.user, log.action, log.subject_kind, log.subject_id) == (
        agent.user, "export", "memberships.membership", michael_adams.pk,
    )  # fmt: skip
    assert (log.facts["rows"], log.facts["what"]) == (4, "statement")


def test_no_cell_of_the_csv_is_a_formula(agent: Visitor, michael_adams: Membership) -> None:
    person = Customer.objects.get(pk=member_of(michael_adams))
    person.name = '=HYPERLINK("http://evil")'
    person.save()
    earned(michael_adams, 5)
    agent.client.post(f"/desk/customers/{person.pk}/unmask", {"reason": "fraud"})
    text = b"".join(agent.asks("statement-csv", michael_adams.pk).streaming_content).decode()
    assert "'=HYPERLINK" in text
    assert ',"=' not in text


def test_a_foreign_membership_does_not_exist(db: None, michael_adams: Membership) -> None:
    stranger = Visitor(Role.SUPPORT_AGENT, make_program("other"))
    for name in ("statement", "statement-csv", "explain", "membership"):
        assert stranger.status_of(name, michael_adams.pk) == 404
    assert AccessLog.objects.count() == 0


def test_queries_do_not_grow_with_the_lines(
    agent: Visitor, miles: Program, michael_adams: Membership, django_assert_max_num_queries: Any
) -> None:
    for points in range(1, 31):
        earned(michael_adams, points)
    agent.reads("statement", michael_adams.pk)
    # The end of the period is found by halving the account's 30 entries.
    with django_assert_max_num_queries(26):
        assert len(lines(agent.reads("statement", michael_adams.pk))) == 30
    assert Entry.objects.count() == 30
