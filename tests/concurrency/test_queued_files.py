"""Two who take in one file at once, and two waves that credit one account: nothing is doubled, nothing lost."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from io import BytesIO
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from activities import importing_activities
from activities.importing_activities import ActivityFile, Counts
from activities.models import ActivityBatch, MemberActivity
from common import clock
from memberships.models import Membership
from points import crediting_many, ledger
from points.crediting_many import PlainCredit, credit_many
from points.moves import Cause, NewLot
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
LINES = 6


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    return make_membership(make_program("miles"), "Emma Rodriguez")


def meeting(step: Callable[..., Any]) -> Callable[..., Any]:
    """The step, begun by two at once where both come that far within a moment."""
    gate = threading.Barrier(2)

    def met(*given: Any, **named: Any) -> Any:
        with suppress(threading.BrokenBarrierError):
            gate.wait(timeout=0.5)
        return step(*given, **named)

    return met


def unlocked(rows: Any) -> list[Any]:
    return list(rows.order_by("pk"))


def file_of(membership: Membership) -> Callable[[], Counts]:
    at = clock.now().isoformat()
    lines = ["type,member_number,occurred_at,points", *[f"earn,{membership.number},{at},5"] * LINES, ""]
    text = "\n".join(lines).encode()

    def take() -> Counts:
        given = ActivityFile(BytesIO(text), program=membership.program, name="night", actor=ACTOR)
        given.check()
        return given.take()

    return take


def test_two_who_take_in_one_file_make_each_activity_once(emma: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing_activities, "CHUNK", 2)
    monkeypatch.setattr(importing_activities, "write_waiting", meeting(importing_activities.write_waiting))
    found: Sequence[Any] = together(*[file_of(emma)] * 2)
    assert errors_in(list(found)) == []
    assert [one.received for one in found] == [LINES, LINES]
    assert sum(one.earlier for one in found) == LINES
    assert sorted(MemberActivity.objects.values_list("line", flat=True)) == list(range(2, LINES + 2))
    batch = ActivityBatch.objects.get()
    assert (batch.received, batch.lines, batch.complete) == (LINES, LINES + 1, True)
    assert_audit_clean()


def test_control_without_the_lock_of_the_batch_both_write_the_same_lines(
    emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importing_activities, "CHUNK", 2)
    take = file_of(emma)
    with monkeypatch.context() as patched:
        # The batch is there already, so that both begin with its first chunk.
        patched.setattr(importing_activities, "write_waiting", _stopped)
        with pytest.raises(_Stopped):
            take()
    monkeypatch.setattr(importing_activities, "write_waiting", meeting(importing_activities.write_waiting))
    monkeypatch.setattr(importing_activities, "lock_rows", unlocked)
    errors = errors_in(together(take, take))
    assert errors and all(isinstance(one, IntegrityError) for one in errors)


class _Stopped(Exception):
    pass


def _stopped(*given: Any, **named: Any) -> None:
    raise _Stopped


def crediting(membership: Membership) -> Callable[[], None]:
    account = account_of(membership).pk

    def credit() -> None:
        one = PlainCredit(
            membership.own_set_id,
            None,
            Cause("membership", membership.pk),
            clock.now(),
            {account: [NewLot(10, earned_at=clock.now())]},
        )
        with transaction.atomic():
            credit_many([one], program_id=membership.program_id, actor=ACTOR)

    return credit


def test_two_waves_that_credit_one_account_count_on_from_each_other(
    emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crediting_many, "_rows_of", meeting(crediting_many._rows_of))
    assert errors_in(together(*[crediting(emma)] * 2)) == []
    assert (account_of(emma).balance, account_of(emma).entry_count) == (20, 2)


def test_control_without_the_lock_of_the_account_one_credit_is_lost(
    emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crediting_many, "_rows_of", meeting(crediting_many._rows_of))
    monkeypatch.setattr(ledger, "ACCOUNTS", ledger.ACCOUNTS.replace("FOR NO KEY UPDATE OF a", ""))
    errors = errors_in(together(*[crediting(emma)] * 2))
    assert [type(one) for one in errors] == [IntegrityError]
    assert account_of(emma).balance == 10
