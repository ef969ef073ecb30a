"""Steps of one change at the same moment: withdrawn and carried out, carried out twice, two main members."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import IntegrityError, OperationalError, connection

from common.errors import LoyaltyError
from common.history import audit_context
from gateway.models import Event
from memberships.changes import carrying_out, proposing
from memberships.changes.carrying_out import carry_out
from memberships.changes.errors import ChangeNotOpen
from memberships.changes.handing_over import hand_over
from memberships.changes.proposing import withdraw
from memberships.models import ChangeStatus, Member, Membership, MembershipChange
from points.models import Posting
from tests.audit.helpers import assert_audit_clean
from tests.changes import group_of
from tests.concurrency.changing import MERGE, agreed, fill, total
from tests.factories import ACTOR, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, ROUNDS = 8, 6


@pytest.fixture
def change(transactional_db: None) -> MembershipChange:
    return new_change()


def new_change(code: str = "miles") -> MembershipChange:
    program = make_program(code)
    two = [make_membership(program, name) for name in ("Katrin Bauer", "John Miller")]
    for one in two:
        fill(one, 3)
    return agreed(MERGE, *two, result_type="shared")


def unlocked(meet: threading.Barrier) -> Callable[[int], MembershipChange]:
    """Reads the change when all others have read it too."""

    def read(change_id: int) -> MembershipChange:
        row = MembershipChange.objects.select_related("program").get(pk=change_id)
        meet.wait(timeout=20)
        return row

    return read


# Withdraw and carry out.


def both_ways(change: MembershipChange) -> list[Any]:
    return together(
        lambda: carry_out(change, actor=ACTOR), lambda: withdraw(change, actor=ACTOR, reason="changed my mind")
    )


def test_a_change_is_withdrawn_or_carried_out_but_never_both(transactional_db: None) -> None:
    for number in range(ROUNDS):
        change = new_change(f"miles{number}")
        results = both_ways(change)
        (refused,) = errors_in(results)
        assert isinstance(refused, ChangeNotOpen)
        change.refresh_from_db()
        is_done = change.status == ChangeStatus.CARRIED_OUT
        assert is_done or change.status == ChangeStatus.WITHDRAWN
        assert refused.facts["status"] == change.status
        types = set(Membership.objects.filter(program=change.program).values_list("type", flat=True))
        assert types == {"shared" if is_done else "standard"}
        assert Posting.objects.filter(program=change.program, kind="merge").count() == is_done
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_on_the_change_both_succeed(
    change: MembershipChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = unlocked(threading.Barrier(2))
    monkeypatch.setattr(carrying_out, "locked_change", read)
    monkeypatch.setattr(proposing, "locked_change", read)
    assert errors_in(both_ways(change)) == []


# Twice at once.


def test_carried_out_by_many_at_once_it_happens_once(change: MembershipChange) -> None:
    before = total()
    results = together(*[lambda: carry_out(change, actor=ACTOR) for _ in range(THREADS)])
    assert [type(one) for one in errors_in(results)] == [ChangeNotOpen] * (THREADS - 1)
    assert {one.facts["status"] for one in errors_in(results) if isinstance(one, LoyaltyError)} == {"carried_out"}
    assert Posting.objects.filter(kind="merge").count() == 1
    assert total() == before
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_on_the_change_the_second_is_not_told_why(
    change: MembershipChange, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes upon memberships that are merged already."""
    monkeypatch.setattr(carrying_out, "locked_change", unlocked(threading.Barrier(2)))
    results = together(*[lambda: carry_out(change, actor=ACTOR) for _ in range(2)])
    assert ChangeNotOpen not in {type(one) for one in errors_in(results)}


# Two main members, and a main member who leaves.


@pytest.fixture
def moores(transactional_db: None) -> Membership:
    return group_of(make_program("miles"), "Mia", "Max", "Moe")


def write(row: Any, **values: Any) -> None:
    """Past the verbs, as any code could."""
    with audit_context(ACTOR, "test"):
        for name, value in values.items():
            setattr(row, name, value)
        row.save(update_fields=list(values))


def race_to_be_main(moores: Membership) -> list[Any]:
    """Max becomes the main member while he leaves."""
    max_ = Member.objects.get(customer__name="Max")
    meet = threading.Barrier(2)

    def at_once(row: Any, **values: Any) -> Callable[[], None]:
        def run() -> None:
            meet.wait(timeout=20)
            write(row, **values)

        return run

    group = Membership.objects.get(pk=moores.pk)
    return together(at_once(group, main_member=max_), at_once(max_, ended_at=moores.enrolled_at))


def main_takes_part(moores: Membership) -> bool:
    return Member.objects.filter(pk=Membership.objects.get(pk=moores.pk).main_member_id, ended_at=None).exists()


def test_who_leaves_does_not_become_the_main_member(moores: Membership) -> None:
    results = race_to_be_main(moores)
    # Refused by the key, or by waiting for each other in a circle.
    (refused,) = errors_in(results)
    assert isinstance(refused, (IntegrityError, OperationalError))
    assert main_takes_part(moores)


def test_two_who_are_made_main_members_at_once_leave_one(moores: Membership) -> None:
    others = Member.objects.filter(customer__name__in=["Max", "Moe"]).order_by("pk")

    def make_main(member: Member) -> Callable[[], None]:
        return lambda: write(Membership.objects.get(pk=moores.pk), main_member=member)

    assert errors_in(together(*[make_main(member) for member in others])) == []
    assert Membership.objects.get(pk=moores.pk).main_member in others
    assert_audit_clean()


def test_two_hand_overs_at_once_follow_one_on_the_other(moores: Membership) -> None:
    people = list(Member.objects.filter(customer__name__in=["Max", "Moe"]).values_list("customer_id", flat=True))

    def to(person: int) -> Callable[[], Membership]:
        return lambda: hand_over(moores, to_customer=person, actor=ACTOR, reason="her wish")

    assert errors_in(together(*[to(person) for person in people])) == []
    told = [event.facts for event in Event.objects.filter(kind="membership.handed_over").order_by("pk")]
    assert [one["from"] for one in told] == [Member.objects.get(customer__name="Mia").customer_id, told[0]["to"]]
    main = Membership.objects.get(pk=moores.pk).main_member
    assert main is not None and main.customer_id == told[1]["to"]
    assert_audit_clean()


@pytest.fixture
def main_not_held(moores: Membership) -> Iterator[None]:
    """The table without the key that binds a group to an open member of its own."""
    name, table = "membership_main_member", "memberships_membership"
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = %s", [name])
        (definition,) = cursor.fetchone()
        cursor.execute(f"ALTER TABLE {table} DROP CONSTRAINT {name}")
    yield
    with connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {table} CASCADE")
        cursor.execute(f"ALTER TABLE {table} ADD CONSTRAINT {name} {definition}")


@pytest.mark.control
def test_control_without_the_key_one_who_left_is_the_main_member(moores: Membership, main_not_held: None) -> None:
    assert errors_in(race_to_be_main(moores)) == []
    assert not main_takes_part(moores)
