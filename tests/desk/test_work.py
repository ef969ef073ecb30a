"""Work lists: adjustments for a second person, likely duplicates; and their counts in the menu."""

import re
from datetime import date
from typing import Any

import pytest
from django.core.cache import cache

from activities.adjusting import AdjustmentCall, adjust_points
from activities.waiting import waiting_counts
from customers.duplicate_pairs import look_for_duplicates
from customers.models import Customer, CustomerStatus, Identification, StaffCustomer
from memberships.models import Membership
from points.models import Adjustment
from staff.models import Role
from tests.desk.visitor import Visitor, cells
from tests.factories import make_customer, make_program, member_of


def asked(visitor: Visitor, membership: Membership, points: int = 5_000, **values: Any) -> Adjustment:
    actor = visitor.client.get("/desk/search").context["actor"]
    adjust_points(AdjustmentCall(membership.pk, points, "goodwill", **values), actor=actor)
    return Adjustment.objects.latest("pk")


def test_a_supervisor_sees_what_waits_and_decides(
    supervisor: Visitor, agent: Visitor, michael_adams: Membership
) -> None:
    waiting = asked(agent, michael_adams, note="two hours in the queue")
    page = supervisor.reads("adjustments")
    row = cells(page, "0 minutes")
    assert row[1] == "MMiles"
    assert row[2:7] == [
        f"{michael_adams.number} M*** A***", "+5,000", "Miles", "Goodwill two hours in the queue", agent.user.username,
    ]  # fmt: skip
    assert f"/desk/adjustments/{waiting.pk}" in page.links


def test_nobody_decides_about_the_own_request_or_own_points(supervisor: Visitor, michael_adams: Membership) -> None:
    waiting = asked(supervisor, michael_adams)
    assert cells(supervisor.reads("adjustments"), "0 minutes")[-1] == "Yours: you may not approve"
    other = Visitor(Role.SUPERVISOR)
    StaffCustomer.objects.create(user=other.user, customer_id=member_of(michael_adams))
    assert cells(other.reads("adjustments"), "0 minutes")[-1] == "Your own points, or of somebody linked to you"
    agent = Visitor(Role.SUPPORT_AGENT)
    page = agent.reads("adjustments")
    assert cells(page, "0 minutes")[-1] == "A supervisor decides"
    assert f"/desk/adjustments/{waiting.pk}" not in page.links


def test_lists_and_counts_hold_the_viewers_programs_only(db: None, agent: Visitor, michael_adams: Membership) -> None:
    asked(agent, michael_adams)
    stranger = Visitor(Role.SUPERVISOR, make_program("other"))
    page = stranger.reads("adjustments")
    assert "Nothing waits." in page.text
    assert michael_adams.number not in page.text
    assert "1 waiting" not in page.text
    cache.clear()
    assert "Adjustments 1 waiting" in agent.reads("search").text


def test_counts_are_asked_for_once_in_some_seconds(
    agent: Visitor, michael_adams: Membership, django_assert_num_queries: Any
) -> None:
    actor = agent.client.get("/desk/search").context["actor"]
    cache.clear()
    with django_assert_num_queries(1):
        nothing = dict.fromkeys(("adjustments", "activities", "claims", "awards", "orders", "changes"), 0)
        assert [waiting_counts(actor) for _ in range(3)] == [nothing] * 3


def test_pages_of_adjustments_go_on(agent: Visitor, michael_adams: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("activities.waiting.PAGE", 2)
    for points in (5_001, 5_002, 5_003):
        asked(agent, michael_adams, points)
    first = agent.reads("adjustments")
    assert [row[3] for row in first.rows if len(row) > 3][1:] == ["+5,001", "+5,002"]
    (following,) = [link for link in first.links if "after=" in link]
    second = agent.client.get(following).content.decode()
    assert "+5,003" in second
    assert "+5,002" not in second
    assert agent.status_of("adjustments", after="x") == 200


def twins(**values: Any) -> list[Customer]:
    return [make_customer(name, **values) for name in ("Emma Stone", "Ema Stone")]


@pytest.mark.parametrize(
    ("trait", "values"),
    [
        ("email", {"email": "emma@example.com", "email_key": "emma@example.com"}),
        ("phone", {"phone": "+491701234567", "phone_key": "+491701234567"}),
        ("name", {"name_key": "emma stone", "birth_date": date(1990, 5, 1)}),
    ],
)
def test_likely_duplicates_by_every_trait_are_masked(
    agent: Visitor, db: None, trait: str, values: dict[str, Any]
) -> None:
    found = twins(**values)
    make_customer("Katrin Bauer", email_key="katrin@example.com", phone_key="+4917", name_key="katrin bauer")
    page = agent.reads("duplicates", by=trait)
    assert [f"/desk/customers/{one.pk}" for one in found] == [
        link for link in page.links if re.fullmatch(r"/desk/customers/\d+", link)
    ]
    assert "Emma" not in page.text
    assert "emma@example.com" not in page.text


def test_likely_duplicates_by_document(agent: Visitor, db: None) -> None:
    found = twins()
    for one in found:
        Identification.objects.create(customer=one, kind="passport", number="L1", number_key="L1")
    assert look_for_duplicates("document").groups == (tuple(found),)
    assert f"/desk/customers/{found[0].pk}" in agent.reads("duplicates", by="document").links


def test_merged_and_erased_records_are_no_duplicates(agent: Visitor, db: None) -> None:
    first, second = twins(email_key="emma@example.com")
    second.merged_into = first
    second.save()
    assert look_for_duplicates("email").groups == ()
    second.merged_into, second.status, second.name = None, CustomerStatus.ERASED, None
    second.erased_at = second.created_at
    second.save()
    assert look_for_duplicates("email").groups == ()
    assert agent.status_of("duplicates", by="shoe-size") == 404


def test_a_look_reads_a_bounded_part_and_the_next_goes_on_without_a_gap(db: None) -> None:
    expected = []
    for letter in "abcdefg":
        expected.append(tuple(twins(email_key=f"{letter}@example.com")))
        make_customer("Single", email_key=f"{letter}x@example.com")
    for look, most in ((4, 50), (5, 1), (1, 50), (100, 2)):
        found, start = [], ""
        for _ in range(60):
            one = look_for_duplicates("email", start=start, look=look, most=most)
            found += one.groups
            start = one.start
            if not start:
                break
        assert not start
        if look > 1:
            assert found == expected
