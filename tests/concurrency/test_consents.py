"""Races of answers to one change; the controls take the lock of the change away and must see the damage."""

from collections.abc import Callable
from typing import Any

import pytest

from memberships.changes import answering
from memberships.changes.consent import decide
from memberships.changes.documents import confirm, record_document
from memberships.changes.errors import CodeWrong, ConsentNotTaken
from memberships.changes.inviting import ask, decide_by_link
from memberships.codes import MOST_TRIES
from memberships.models import ConsentDecision, ConsentInvitation, Membership, MembershipChange
from tests.asking import (
    AGENT,
    DIGEST,
    SUPERVISOR,
    code_in,
    log_of,
    proposed,
    reachable,
    staff,
    status_of,
    token_in,
)
from tests.audit.helpers import assert_audit_clean
from tests.changes import pair
from tests.factories import make_program, member_of
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, ROUNDS = 8, 10


@pytest.fixture
def sides(transactional_db: None) -> list[Membership]:
    sides = pair(make_program("miles"), "Anna Bauer", "Ben Miller")
    reachable(*sides)
    return sides


def without_lock(change_id: int) -> MembershipChange:
    found: MembershipChange = MembershipChange.objects.get(pk=change_id)
    return found


def close(change: MembershipChange) -> None:
    """So that the next round may propose another one."""
    row = MembershipChange.objects.get(pk=change.pk)
    if row.is_open:
        row.status = "withdrawn"
        row.save()


def race_of_guesses(sides: list[Membership]) -> tuple[list[Any], ConsentInvitation]:
    """Wrong codes at the same moment, each another one."""
    change, anna = proposed(*sides), member_of(sides[0])
    sent = ask(change, customer_id=anna, method="code", actor=AGENT)
    right = int(code_in(sent))

    def guess(n: int) -> Callable[[], Any]:
        code = f"{(right + n) % 1_000_000:06}"
        return lambda: decide(change, customer_id=anna, decision="given", method="code", code=code, actor=AGENT)

    results = together(*[guess(n) for n in range(1, THREADS + 1)])
    sent.refresh_from_db()
    close(change)
    return results, sent


def test_of_guesses_at_once_six_are_judged_and_no_more(sides: list[Membership]) -> None:
    for _ in range(ROUNDS // 2):
        results, sent = race_of_guesses(sides)
        left = sorted(one.facts["tries_left"] for one in results)
        assert {type(one) for one in results} == {CodeWrong}
        assert left == [0] * (THREADS - MOST_TRIES) + list(range(MOST_TRIES))
        assert sent.tries == MOST_TRIES
    assert ConsentDecision.objects.count() == 0
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_more_guesses_are_judged(
    sides: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "locked_change", without_lock)
    _, sent = race_of_guesses(sides)
    assert sent.tries > MOST_TRIES


def race_of_the_last_two(sides: list[Membership]) -> MembershipChange:
    """Both agree at the same moment, by their links."""
    change = proposed(*sides)
    tokens = [token_in(ask(change, customer_id=member_of(one), method="link", actor=AGENT)) for one in sides]
    results = together(*[_by_link(token, "given") for token in tokens])
    assert errors_in(results) == []
    return change


def _by_link(token: str, decision: str) -> Callable[[], Any]:
    return lambda: decide_by_link(token, decision=decision, digest=DIGEST)


def test_when_the_last_two_agree_at_once_the_change_is_agreed(sides: list[Membership]) -> None:
    for _ in range(ROUNDS):
        change = race_of_the_last_two(sides)
        assert status_of(change) == "agreed"
        close(change)
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_lock_each_waits_for_the_other(
    sides: list[Membership], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(answering, "locked_change", without_lock)
    found = set()
    for _ in range(ROUNDS):
        change = race_of_the_last_two(sides)
        found.add(status_of(change))
        close(change)
    assert "awaiting_consent" in found


def test_of_a_yes_and_a_no_by_one_link_one_counts(sides: list[Membership]) -> None:
    anna = member_of(sides[0])
    for _ in range(ROUNDS):
        change = proposed(*sides)
        token = token_in(ask(change, customer_id=anna, method="link", actor=AGENT))
        results = together(*[_by_link(token, decision) for decision in ("given", "refused") * 2])
        assert len(errors_in(results)) == 3
        ((who, decision, method),) = log_of(change)
        assert (who, method) == (anna, "link")
        assert status_of(change) == {"given": "awaiting_consent", "refused": "refused"}[decision]
        close(change)
    assert_audit_clean()


def test_of_those_who_confirm_a_document_at_once_one_does(sides: list[Membership]) -> None:
    anna = member_of(sides[0])
    for _ in range(ROUNDS // 2):
        change = proposed(*sides)
        record_document(change, customer_id=anna, actor=SUPERVISOR, evidence="letter")
        seconds = [staff(100 + n) for n in range(THREADS)]
        results = together(*[_confirming(change, anna, one) for one in seconds])
        (consent,) = [one for one in results if not isinstance(one, Exception)]
        assert len(log_of(change)) == 1
        assert consent.confirmed_by_id in {one.user_id for one in seconds}
        close(change)
    assert_audit_clean()


def _confirming(change: MembershipChange, customer_id: int, actor: Any) -> Callable[[], Any]:
    return lambda: confirm(change, customer_id=customer_id, actor=actor)


def test_of_two_who_record_a_document_at_once_one_is_told(sides: list[Membership]) -> None:
    change, anna = proposed(*sides), member_of(sides[0])
    recording = [
        lambda: record_document(change, customer_id=anna, actor=AGENT, evidence="letter") for _ in range(THREADS)
    ]
    results = together(*recording)
    assert [type(one) for one in errors_in(results)] == [ConsentNotTaken] * (THREADS - 1)
