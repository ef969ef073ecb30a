"""Several workers in one night, a worker beside a command, and a list that is put on a campaign beside a merge; each
with a control that takes the guard away and must see the damage."""

import threading
import time
from collections import Counter
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import transaction

from activities.campaigns import create_campaign, members, put_on_list
from activities.models import Campaign, CampaignMember
from common import clock
from gateway.models import Event
from memberships import renewing_many
from memberships.changes.carrying_out import carry_out
from memberships.lifecycle import record_payment
from memberships.models import Membership, MembershipTerm
from memberships.nightly import do_nightly_runs
from memberships.renewing import renew_memberships
from memberships.reviewing import review_tiers
from programs import nightly
from programs.models import Program, Run
from tests.audit.helpers import assert_audit_clean
from tests.concurrency.changing import MERGE, agreed
from tests.factories import ACTOR, make_membership, make_program, member_of
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
START = datetime(2026, 1, 1, 12, tzinfo=UTC)
NEXT_YEAR = datetime(2027, 1, 1, 3, tzinfo=UTC)
THREADS, MEMBERS = 6, 4


@pytest.fixture
def club(transactional_db: None) -> Program:
    """Everybody has paid the first of the terms that renew by themselves."""
    program = make_program("club", term_months=12, fee="49.00", auto_renew=True)
    with clock.frozen(START):
        for number in range(MEMBERS):
            membership = make_membership(program, f"Member {number}")
            record_payment(membership, actor=ACTOR, reference="first", paid_at=START)
    return Program.objects.get(pk=program.pk)


def night_of_many_workers() -> list[Any]:
    with clock.frozen(NEXT_YEAR):
        return together(*[lambda: do_nightly_runs(actor=ACTOR)] * THREADS)


def kinds() -> Counter[str]:
    return Counter(Run.objects.values_list("kind", flat=True))


def test_many_workers_make_each_run_of_a_night_once(club: Program) -> None:
    results = night_of_many_workers()
    assert (errors_in(results), sum(results)) == ([], 2)
    assert kinds() == {"renew_memberships": 1, "review_tiers": 1}
    assert Run.objects.get(kind="renew_memberships").counts == {"renewed": MEMBERS}
    assert MembershipTerm.objects.filter(first_day=date(2027, 1, 1)).count() == MEMBERS
    with clock.frozen(NEXT_YEAR):
        assert_audit_clean()


@pytest.mark.control
def test_control_without_being_alone_several_make_the_same_run(club: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def anybody(name: str) -> Iterator[bool]:
        yield True

    monkeypatch.setattr(nightly, "_alone", anybody)
    night_of_many_workers()
    assert max(kinds().values()) > 1


def worker_and_commands(club: Program) -> list[Any]:
    with clock.frozen(NEXT_YEAR):
        return together(
            lambda: do_nightly_runs(actor=ACTOR),
            lambda: renew_memberships(club, actor=ACTOR),
            lambda: review_tiers(club, actor=ACTOR),
        )


def test_a_worker_and_commands_by_hand_at_once_renew_and_review_everybody_once(club: Program) -> None:
    before = Event.objects.filter(kind="membership.renewed").count()
    assert errors_in(worker_and_commands(club)) == []
    renewed = Run.objects.filter(kind="renew_memberships").values_list("counts", flat=True)
    assert sum(one.get("renewed", 0) for one in renewed) == MEMBERS
    assert MembershipTerm.objects.filter(first_day=date(2027, 1, 1)).count() == MEMBERS
    assert Event.objects.filter(kind="membership.renewed").count() - before == MEMBERS
    assert not Run.objects.exclude(problem="").exists()
    with clock.frozen(NEXT_YEAR):
        assert_audit_clean()


@pytest.mark.control
def test_control_without_the_memberships_lock_both_open_its_next_term(
    club: Program, monkeypatch: pytest.MonkeyPatch
) -> None:
    both_have_read = threading.Barrier(2, timeout=20)

    def nobody(ids: Collection[int]) -> set[int]:
        if not both_have_read.broken:
            both_have_read.wait()
            both_have_read.abort()
        return set()

    monkeypatch.setattr(renewing_many, "lock_rows", list)
    monkeypatch.setattr(renewing_many, "waited_for", nobody)
    assert errors_in(worker_and_commands(club)) != []


# A list that is put on a campaign while two of it come together.


@pytest.fixture
def two(transactional_db: None) -> list[Membership]:
    program = make_program("miles")
    return [make_membership(program, name) for name in ("Katrin Bauer", "John Miller")]


@pytest.fixture
def campaign(two: list[Membership]) -> Campaign:
    today = clock.now().date()
    return create_campaign(
        two[0].program, code="spring", name="Spring", valid_from=today, valid_until=today.replace(year=today.year + 1),
        eligibility="list", actor=ACTOR,
    )  # fmt: skip


def put_while_merging(two: list[Membership], campaign: Campaign, *, early: bool) -> list[Any]:
    """`early`: at the same moment; otherwise the list comes when the merge has moved everything and not ended yet."""
    change = agreed(MERGE, *two, result_type="group", main_id=member_of(two[0]))
    numbers = [one.number for one in two]
    moved = threading.Event()

    def merge() -> None:
        with transaction.atomic():
            carry_out(change, actor=ACTOR)
            moved.set()
            time.sleep(0 if early else 0.4)

    def put() -> Any:
        if not early:
            moved.wait(timeout=20)
        return put_on_list(campaign, actor=ACTOR, numbers=numbers)

    return together(merge, put)


def open_places() -> list[tuple[str, bool]]:
    """Whose places are open: the type of the membership, and whether it is current."""
    rows = CampaignMember.objects.filter(left_at=None).order_by("pk")
    return list(rows.values_list("membership__type", "membership__current"))


@pytest.mark.parametrize("early", [True, False])
def test_a_list_put_beside_a_merge_reaches_who_goes_on_once(
    two: list[Membership], campaign: Campaign, early: bool
) -> None:
    results = put_while_merging(two, campaign, early=early)
    assert errors_in(results) == []
    assert results[1][1] == []
    assert open_places() == [("group", True)]
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_a_place_stays_with_what_ended(
    two: list[Membership], campaign: Campaign, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(members, "PUT", members.PUT.replace("AND current ORDER BY id FOR SHARE", ""))
    put_while_merging(two, campaign, early=False)
    assert ("standard", False) in open_places()
