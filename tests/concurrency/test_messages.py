"""Several workers at one outbox, and one person twice while the other record moves."""

import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from django.core import mail
from django.db.models import QuerySet

from customers import merging
from customers.delivering import deliver_messages
from customers.erasing import erase_customer
from customers.errors import CustomerErased
from customers.models import ContactPreference, Customer, Message, MessagePurpose
from customers.notices import Recipient, raise_notice
from customers.outbox import put_message
from memberships.enrolment import enrol
from memberships.errors import AlreadyMember, CustomerNotActive
from memberships.models import Member, Membership
from memberships.one_person import unite_people
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_customer, make_membership, make_program, member_of
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
ROUNDS = 8
WORKERS = 4


@pytest.fixture
def miles(transactional_db: None) -> Program:
    return make_program("miles")


@pytest.fixture
def waiting(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The subjects of forty messages that wait."""
    monkeypatch.setattr("customers.outbox.drawn", lambda name, context: context["what"])
    emma = make_customer("Emma Moore", email="emma@example.com", email_key="emma@example.com")
    subjects = [f"message {number:02}" for number in range(40)]
    for subject in subjects:
        put_message(emma, purpose=MessagePurpose.CODE, template="none", context={"what": subject})
    return subjects


# The outbox


def test_several_workers_send_each_message_once(waiting: list[str]) -> None:
    found = together(*[deliver_messages] * WORKERS)
    assert errors_in(found) == []
    assert sum(counts["sent"] for counts in found) == len(waiting)
    assert sorted(one.subject for one in mail.outbox) == waiting
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_messages_are_sent_twice(waiting: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(rows: QuerySet[Message], **options: Any) -> QuerySet[Message]:
        time.sleep(0.01)
        return rows

    monkeypatch.setattr(type(Message.objects.all()), "select_for_update", unlocked)
    together(*[deliver_messages] * WORKERS)
    assert len(mail.outbox) > len(waiting)


@pytest.mark.parametrize(("key", "written"), [("2026-12", 1), ("", WORKERS)])
def test_a_notice_is_written_once_for_its_key_however_many_raise_it(miles: Program, key: str, written: int) -> None:
    """Without a key each call is a notice of its own: the key is what holds."""
    emma = make_customer("Emma Moore", email="emma@example.com", email_key="emma@example.com")
    ContactPreference.objects.create(customer=emma, channel="email", allowed=True)
    told = Recipient(emma.pk, 7, "20417786", {"points": 5}, key)
    found = together(*[lambda: raise_notice(miles, "points_expire", told)] * WORKERS)
    assert errors_in(found) == []
    assert sum(counts["waiting"] for counts in found) == Message.objects.count() == written


# One person twice


def twins(program: Program) -> tuple[Customer, Membership]:
    """A record without a membership, and the one of a duplicate that has one."""
    return make_customer("Katrin Bauer"), make_membership(program, "Kathrin Bauer")


def uniting(stays: Customer, goes: int) -> Callable[[], Any]:
    duplicate = Customer.objects.get(pk=goes)
    return lambda: unite_people(stays, duplicate=duplicate, actor=ACTOR, reason="same passport").status


def test_who_enrols_while_the_records_are_merged_takes_part_once(miles: Program) -> None:
    for _ in range(ROUNDS):
        stays, membership = twins(miles)
        status, enrolled = together(
            uniting(stays, member_of(membership)), partial(enrol, stays, program=miles, actor=ACTOR)
        )
        taking_part = Member.objects.filter(customer=stays, current=True, ended_at__isnull=True)
        if isinstance(enrolled, AlreadyMember):
            assert status == "merged"
            assert taking_part.get().membership == membership
        else:
            # Both take part now, so the merge waits for their change.
            assert (status, taking_part.get().membership) == ("confirmed", enrolled)
    assert_audit_clean()


def test_a_record_that_goes_enrols_nowhere_any_more(miles: Program) -> None:
    stars = make_program("stars")
    for _ in range(ROUNDS):
        stays, membership = twins(miles)
        goes = Customer.objects.get(pk=member_of(membership))
        status, enrolled = together(uniting(stays, goes.pk), partial(enrol, goes, program=stars, actor=ACTOR))
        assert status == "merged"
        assert (
            isinstance(enrolled, CustomerNotActive)
            or Member.objects.get(membership=enrolled, ended_at__isnull=True).customer == stays
        )
    assert_audit_clean()


def test_erasing_and_merging_leave_no_half(miles: Program) -> None:
    for _ in range(ROUNDS):
        stays, membership = twins(miles)
        goes = Customer.objects.get(pk=member_of(membership))
        merged, erased = together(uniting(stays, goes.pk), partial(erase_customer, goes, actor=ACTOR, reason="asked"))
        goes.refresh_from_db()
        stays.refresh_from_db()
        if isinstance(merged, CustomerErased):
            assert (erased.status, goes.merged_into, stays.status) == ("erased", None, "active")
        elif isinstance(erased, Customer):
            assert (merged, goes.status, stays.status, goes.merged_into) == ("merged", "erased", "erased", stays)
        else:
            # Told to look again: the record it knew went into another meanwhile.
            assert (merged, erased.code, goes.status, goes.merged_into) == ("merged", "busy", "closed", stays)
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_two_merges_both_run(miles: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked(rows: QuerySet[Any]) -> list[Any]:
        found = list(rows.order_by("pk"))
        time.sleep(0.1)
        return found

    monkeypatch.setattr(merging, "lock_rows", unlocked)
    stays, membership = twins(miles)
    goes = member_of(membership)
    results = together(uniting(stays, goes), uniting(stays, goes))
    assert {type(one).__name__ for one in errors_in(results)} != {"NotOnePerson"}


def test_of_two_merges_one_runs(miles: Program) -> None:
    for _ in range(ROUNDS):
        stays, membership = twins(miles)
        goes = member_of(membership)
        results = together(uniting(stays, goes), uniting(stays, goes))
        assert sorted(type(one).__name__ for one in results) == ["NotOnePerson", "str"]
    assert_audit_clean()
