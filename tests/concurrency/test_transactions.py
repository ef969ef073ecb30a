"""Races of sales, returns and claims, each with a control that takes the guard away and must see the damage."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from functools import partial
from typing import Any

import pytest

from activities import claims, returning
from activities.claims import ClaimCall, grant_claim, open_claim
from activities.errors import AlreadyReturned, ClaimDecided, ReceiptAttributed, ReferenceTaken, ReturnTooLarge
from activities.models import Claim, MemberActivity, Transaction
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from common import clock
from memberships import spending_codes
from memberships.codes import MOST_TRIES
from memberships.errors import CodeNotValid
from memberships.models import Membership, SpendingCode
from memberships.spending_codes import CodeCall, send_spending_code
from tests.activities.conftest import earned
from tests.activities.sales import paying, per_euro, released, sale
from tests.activities.till import main_card
from tests.asking import code_in, reachable
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, account_of, make_membership, make_program
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
THREADS, ROUNDS = 8, 5


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    program = make_program("miles")
    released(program, per_euro())
    return make_membership(program, "Emma Rodriguez", at=clock.now() - timedelta(days=90))


def same_receipt(*memberships: Membership, reference: str) -> list[Any]:
    """Every thread sends the same receipt, each for the next of the memberships."""

    def sending(membership: Membership) -> Callable[[], Any]:
        return lambda: sale(membership, "100", reference=reference)

    return together(*[sending(memberships[at % len(memberships)]) for at in range(THREADS)])


def test_a_reference_sent_at_once_is_one_transaction(emma: Membership) -> None:
    """For one membership they wait for its lock, for two the database decides."""
    ben = make_membership(emma.program, "Ben Miller")
    for turn in range(ROUNDS):
        results = same_receipt(emma, ben, reference=f"R-{turn}")
        assert {type(one) for one in errors_in(results)} == {ReferenceTaken}
        assert len(errors_in(results)) == THREADS - 1
    assert Transaction.objects.count() == MemberActivity.objects.count() == ROUNDS
    assert account_of(emma).balance + account_of(ben).balance == 100 * ROUNDS
    assert_audit_clean()


def return_at_once(told: dict[str, Any], amount: str) -> list[Any]:
    def asking(number: int) -> Callable[[], Any]:
        call = ReturnCall(f"B{told['id']}-{number}", amount=Decimal(amount))
        return lambda: return_transaction(told["id"], call, actor=ACTOR)

    return together(*[asking(number) for number in range(THREADS)])


def test_returns_at_once_never_exceed_the_sale(emma: Membership) -> None:
    for _ in range(ROUNDS):
        results = return_at_once(sale(emma, "100"), "30")
        assert {type(one) for one in errors_in(results)} == {ReturnTooLarge}
        assert len(errors_in(results)) == THREADS - 3
    assert account_of(emma).balance == 10 * ROUNDS
    assert_audit_clean()


def test_of_whole_returns_at_once_one_is_carried_out(emma: Membership) -> None:
    results = return_at_once(sale(emma, "100"), "100")
    assert {type(one) for one in errors_in(results)} == {AlreadyReturned}
    assert (len(errors_in(results)), account_of(emma).balance) == (THREADS - 1, 0)


@pytest.mark.control
def test_control_without_the_sales_lock_more_comes_back_than_was_sold(
    emma: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(returning, "lock_rows", list)
    told = sale(emma, "100")
    return_at_once(told, "100")
    assert Transaction.objects.filter(original=told["id"]).count() > 1


def test_sales_that_pay_crosswise_do_not_wait_for_each_other(emma: Membership) -> None:
    """One earns on A and redeems on B, the other the other way round: locked in one order, none fails."""
    ben = make_membership(emma.program, "Ben Miller")
    cards = [str(main_card(one).number_id) for one in (emma, ben)]
    for one in (emma, ben):
        earned(one, 1000)

    def crossing(number: int) -> Callable[[], Any]:
        first, second, card = (emma, ben, cards[1]) if number % 2 else (ben, emma, cards[0])
        return lambda: sale(first, "7", redeem=paying(second, 5, card_number=card))

    results = together(*[crossing(number) for number in range(THREADS)])
    assert errors_in(results) == []
    assert (account_of(emma).balance, account_of(ben).balance) == (1000 + 4 * 2, 1000 + 4 * 2)
    assert_audit_clean()


def claim_of(membership: Membership, receipt: str) -> Claim:
    when = clock.now() - timedelta(days=30)
    return open_claim(ClaimCall(receipt, when, Decimal(50), "EUR", membership_id=membership.pk), actor=ACTOR)


def grant_at_once(claim: Claim) -> list[Any]:
    return together(*[lambda: grant_claim(claim.pk, actor=ACTOR) for _ in range(THREADS)])


def test_a_claim_granted_at_once_earns_once(emma: Membership) -> None:
    for turn in range(ROUNDS):
        results = grant_at_once(claim_of(emma, f"R-{turn}"))
        assert {type(one) for one in errors_in(results)} == {ClaimDecided}
        assert len(errors_in(results)) == THREADS - 1
    assert account_of(emma).balance == 50 * ROUNDS
    assert_audit_clean()


@pytest.mark.control
def test_control_without_locks_a_claim_earns_twice(emma: Membership, monkeypatch: pytest.MonkeyPatch) -> None:
    claim = claim_of(emma, "R-1")
    monkeypatch.setattr(claims, "lock_rows", list)
    monkeypatch.setattr(claims, "locked_target", lambda target, find, **options: target)
    monkeypatch.setattr(claims, "refuse_attributed", lambda *given, **options: None)
    grant_at_once(claim)
    assert MemberActivity.objects.count() > 1


def claimed_and_told(emma: Membership, ben: Membership, *, quick: bool) -> int:
    """How often of several times a receipt earned twice: a claim of Emma's is granted while a till tells it for Ben."""
    card = main_card(ben).number_id
    twice = 0
    for turn in range(ROUNDS * 2):
        claim, reference = claim_of(emma, f"R-{turn}"), f"R-{turn}"
        named = {} if quick else {"membership_id": None, "card_number": card}
        told = partial(sale, ben, "100", reference=reference, **named)
        results = together(partial(grant_claim, claim.pk, actor=ACTOR), told)
        assert {type(one) for one in errors_in(results)} <= {ReceiptAttributed}
        earned_by = MemberActivity.objects.filter(reference=reference, posting__isnull=False)
        assert earned_by.count() in (1, 2)
        twice += earned_by.count() == 2
    return twice


@pytest.mark.parametrize("quick", [True, False])
def test_a_receipt_claimed_and_told_at_once_for_two_memberships_earns_once(emma: Membership, quick: bool) -> None:
    ben = make_membership(emma.program, "Ben Miller")
    assert claimed_and_told(emma, ben, quick=quick) == 0
    given = Claim.objects.filter(status="granted").count()
    assert account_of(emma).balance == 50 * given
    assert account_of(ben).balance == 100 * (ROUNDS * 2 - given)
    assert_audit_clean()


@pytest.mark.control
@pytest.mark.parametrize("quick", [True, False])
def test_control_without_the_receipts_turn_it_earns_twice(
    emma: Membership, quick: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claims, "take_turn", lambda name: None)
    assert claimed_and_told(emma, make_membership(emma.program, "Ben Miller"), quick=quick) > 0


@pytest.fixture
def katrin(emma: Membership) -> Membership:
    """With 1000 miles and an address."""
    membership = make_membership(emma.program, "Katrin Bauer", at=clock.now() - timedelta(days=90))
    earned(membership, 1000)
    reachable(membership)
    return membership


def tills_with_one_code(emma: Membership, katrin: Membership) -> list[Any]:
    code = code_in(send_spending_code(CodeCall(katrin.pk, 60), actor=ACTOR))
    return together(*[lambda: sale(emma, "10", redeem=paying(katrin, 60, code=code)) for _ in range(THREADS)])


def test_a_code_at_several_tills_at_once_pays_once(emma: Membership, katrin: Membership) -> None:
    for turn in range(1, ROUNDS + 1):
        results = tills_with_one_code(emma, katrin)
        assert [type(one) for one in errors_in(results)] == [CodeNotValid] * (THREADS - 1)
        assert (account_of(emma).balance, account_of(katrin).balance) == (10 * turn, 1000 - 60 * turn)
    assert SpendingCode.objects.filter(transaction_id__isnull=False).count() == Transaction.objects.count() == ROUNDS
    # Those that came too late met no code that waited, so no try counts.
    assert not SpendingCode.objects.exclude(tries=0).exists()
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_turn_a_code_pays_several_times(
    emma: Membership, katrin: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending_codes, "take_turn", lambda name: None)
    tills_with_one_code(emma, katrin)
    assert Transaction.objects.count() > 1


def guesses_at_once(emma: Membership, katrin: Membership) -> SpendingCode:
    row = send_spending_code(CodeCall(katrin.pk, 60), actor=ACTOR)
    right = int(code_in(row))

    def guess(n: int) -> Callable[[], Any]:
        code = f"{(right + n) % 1_000_000:06}"
        return lambda: sale(emma, "10", redeem=paying(katrin, 60, code=code))

    results = together(*[guess(n) for n in range(1, THREADS + 1)])
    assert {type(one) for one in results} == {CodeNotValid}
    row.refresh_from_db()
    return row


def test_of_guesses_at_tills_at_once_six_are_judged_and_no_more(emma: Membership, katrin: Membership) -> None:
    assert guesses_at_once(emma, katrin).tries == MOST_TRIES
    assert not Transaction.objects.exists()


@pytest.mark.control
def test_control_without_the_turn_more_guesses_are_judged(
    emma: Membership, katrin: Membership, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spending_codes, "take_turn", lambda name: None)
    assert guesses_at_once(emma, katrin).tries > MOST_TRIES


def test_codes_asked_for_at_once_leave_one(katrin: Membership) -> None:
    results = together(*[lambda: send_spending_code(CodeCall(katrin.pk, 60), actor=ACTOR) for _ in range(THREADS)])
    assert errors_in(results) == []
    assert SpendingCode.objects.filter(ended_at=None).count() == 1
