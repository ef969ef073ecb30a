"""Cards replaced and renewed while others merge, renew or use them; each with its control."""

import time
from collections.abc import Callable, Collection, Iterable
from datetime import date, timedelta
from functools import partial
from typing import Any

import pytest
from django.db import transaction

from activities import receiving
from activities.models import MemberActivity
from activities.receiving import ActivityCall, receive
from cards import issuing, renewing
from cards.errors import CardNotUsable
from cards.models import Card, CardStatus, CardType
from common import clock
from common.db import DEADLOCK, sqlstate
from loyalty_site.auditing import audit
from memberships import card_holding
from memberships.card_holding import cards_in_hand, replace_card
from memberships.models import CardHolding, Membership
from memberships.renewing_cards import CardRun, renew_cards
from points.models import Posting
from programs.design import forget_designs
from programs.models import Program
from tests.audit.helpers import assert_audit_clean
from tests.concurrency.changing import MERGE, agreed, slowly
from tests.factories import ACTOR, make_membership, make_program, member_of
from tests.threads import errors_in, together

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.concurrency]
CARDS = 20


def unlocked(ids: Iterable[int], **_: Any) -> list[Membership]:
    return list(Membership.objects.filter(pk__in=list(ids)).order_by("pk"))


# ---- replace beside merge


@pytest.fixture
def hesitating(monkeypatch: pytest.MonkeyPatch) -> None:
    """A replacement that thinks for a while once it knows who holds the card."""
    real = issuing.replace

    def replace(card: Card, **given: Any) -> Card:
        time.sleep(0.5)
        return real(card, **given)

    monkeypatch.setattr(issuing, "replace", replace)


def merged_while_replaced(*, merge_first: bool = False) -> tuple[list[Any], Membership, Card]:
    """Katrin and John become a group while her card is replaced."""
    forget_designs()
    program = Program.objects.filter(code="miles").first() or make_program("miles")
    katrin, john = (make_membership(program, name) for name in ("Katrin Bauer", "John Miller"))
    card = cards_in_hand(katrin).get()
    change = agreed(MERGE, katrin, john, result_type="group", main_id=member_of(katrin))

    def replaced() -> Card:
        time.sleep(0.3 if merge_first else 0)
        return replace_card(card, actor=ACTOR, reason="lost")

    results = together(slowly(change, after=0 if merge_first else 0.2, held=0.6 if merge_first else 0), replaced)
    return results, katrin, card


@pytest.mark.parametrize("merge_first", [True, False], ids=["merge first", "replacement first"])
def test_a_card_replaced_while_its_membership_is_merged_ends_in_the_group(merge_first: bool, hesitating: None) -> None:
    results, katrin, card = merged_while_replaced(merge_first=merge_first)
    assert errors_in(results) == []
    group, successor = results[0].result, results[1]
    held = CardHolding.objects.get(card=successor, held_until=None)
    assert (held.membership, held.customer_id) == (group, member_of(katrin))
    assert not CardHolding.objects.filter(card=card, held_until=None).exists()
    assert_audit_clean()


@pytest.mark.control
def test_control_without_the_memberships_lock_the_two_wait_for_each_other(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, hesitating: None
) -> None:
    """The replacement has the holding and wants the membership, the merge the other way round."""
    monkeypatch.setattr(card_holding, "locked_memberships", unlocked)
    results, *_ = merged_while_replaced()
    assert [sqlstate(error) for error in errors_in(results)] == [DEADLOCK]


# ---- two runs of renewals


@pytest.fixture
def due(transactional_db: None) -> Program:
    """A program with so many cards that end soon."""
    program = make_program("miles")
    CardType.objects.create(program=program, code="main", name="Main", is_default=True, valid_months=1)
    for n in range(CARDS):
        make_membership(program, f"Member {n}")
    soon: date = clock.now().date() + timedelta(days=10)
    for card in Card.objects.all():
        card.valid_until = soon
        card.save()
    return program


def two_runs(program: Program) -> list[Any]:
    return together(*[lambda: renew_cards(program, actor=ACTOR)] * 2)


def test_two_runs_at_once_renew_every_card_once(due: Program) -> None:
    runs = two_runs(due)
    assert errors_in(runs) == []
    assert sum(run.renewed for run in runs) == CARDS
    assert {(run.ended, run.unused) for run in runs} == {(0, 0)}
    assert Card.objects.count() == 2 * CARDS
    assert Card.objects.filter(successor__isnull=False).count() == CARDS
    assert CardHolding.objects.filter(held_until=None).count() == 2 * CARDS
    assert renew_cards(due, actor=ACTOR) == CardRun(0, 0, 0)
    assert_audit_clean()


@pytest.mark.control
def test_control_without_locks_a_card_gets_two_successors(due: Program, monkeypatch: pytest.MonkeyPatch) -> None:
    def unlocked_rows(rows: Any) -> Collection[Any]:
        return list(rows.order_by("pk"))

    monkeypatch.setattr(card_holding, "locked_memberships", unlocked)
    monkeypatch.setattr(card_holding, "lock_rows", unlocked_rows)
    monkeypatch.setattr(renewing, "lock_rows", unlocked_rows)
    two_runs(due)
    assert Card.objects.count() > 2 * CARDS or list(audit())


# ---- use beside replacement and report


def replaced(card: Card) -> object:
    return replace_card(card, actor=ACTOR, reason="lost")


def reported(card: Card) -> object:
    return issuing.report(card, CardStatus.LOST, actor=ACTOR)


def used(number: str) -> dict[str, Any]:
    return receive(ActivityCall("earn", card_number=number, points=5), actor=ACTOR)


def slowly_done(verb: Callable[[], object], *, after: float = 0, held: float = 0) -> Callable[[], object]:
    """Begins so late, and commits only after others have come to wait."""

    def run() -> object:
        time.sleep(after)
        with transaction.atomic():
            done = verb()
            time.sleep(held)
        return done

    return run


def used_while_taken_out(take_out: Callable[[Card], object], *, use_first: bool = False) -> tuple[Any, Card]:
    """What the use was answered, and the card afterwards."""
    forget_designs()
    program = Program.objects.filter(code="miles").first() or make_program("miles")
    card = cards_in_hand(make_membership(program, "Katrin Bauer")).get()
    early, late = {"held": 0.6}, {"after": 0.3}
    use = slowly_done(partial(used, card.number_id), **(early if use_first else late))
    out = slowly_done(partial(take_out, card), **(late if use_first else early))
    answer, done = together(use, out)
    assert errors_in([done]) == []
    card.refresh_from_db()
    return answer, card


TAKING_OUT = pytest.mark.parametrize("take_out", [replaced, reported], ids=lambda one: one.__name__)


@TAKING_OUT
def test_who_comes_while_a_card_is_taken_out_of_use_is_refused(transactional_db: None, take_out: Any) -> None:
    answer, card = used_while_taken_out(take_out)
    assert isinstance(answer, CardNotUsable)
    assert answer.facts["card_status"] == card.status
    assert MemberActivity.objects.count() == Posting.objects.count() == 0
    assert_audit_clean()


@TAKING_OUT
def test_who_came_first_has_used_it_before_the_bar(transactional_db: None, take_out: Any) -> None:
    answer, card = used_while_taken_out(take_out, use_first=True)
    assert answer["posting"]["entries"][0]["amount"] == 5
    activity = MemberActivity.objects.get()
    assert activity.card_id == card.pk and card.barred_from is not None
    assert activity.occurred_at < card.barred_from
    assert_audit_clean()


@TAKING_OUT
@pytest.mark.control
def test_control_without_asking_behind_the_lock_a_barred_card_earns(
    transactional_db: None, monkeypatch: pytest.MonkeyPatch, take_out: Any
) -> None:
    monkeypatch.setattr(receiving, "card_behind_lock", lambda *args, **given: None)
    _, card = used_while_taken_out(take_out)
    activity = MemberActivity.objects.get()
    assert card.barred_from is not None and activity.occurred_at > card.barred_from
