"""The online and the general form of a transfer are one rule."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from unittest import mock

import pytest

from activities import transferring
from activities.transfer_online import render_transfer
from activities.transferring import TransferCall, transfer_points
from common import clock
from common.errors import LoyaltyError
from gateway.models import Event
from memberships.lifecycle import suspend
from memberships.models import Membership
from points.errors import InsufficientPoints
from points.models import Draw, Entry, Lot, PointAccount, Posting
from tests.factories import ACTOR, account_of, counted, make_membership, make_program
from tests.threads import errors_in, together

from .conftest import earned

pytestmark = pytest.mark.django_db(transaction=True)
TABLES = (Posting, Entry, Lot, Draw, Event)


def give(giver: Membership, taker: Membership, points: int, *, form: str) -> dict[str, Any]:
    call = TransferCall(giver.pk, taker.pk, points)
    if form == "online":
        facts = transferring.transfer_points_online(call, actor=ACTOR)
        assert facts is not None
        return render_transfer(facts)
    return transferring._transfer(call, actor=ACTOR)


def world(code: str) -> tuple[Membership, Membership]:
    program = make_program(code)
    giver, taker = make_membership(program, "Emma Stone"), make_membership(program, "John Miller")
    now = clock.now()
    for points, days in ((100, None), (100, 90), (100, 60)):
        earned(giver, points)
        expires_at = days and now + timedelta(days=days)
        Lot.objects.filter(pk=Lot.objects.latest("id").pk).update(expires_at=expires_at, earned_at=now)
    return giver, taker


def rows(giver: Membership, taker: Membership) -> dict[str, Any]:
    """Everything the transfer left, without ids that tell two programs apart."""
    posting = Posting.objects.get(kind="transfer", for_set=giver.own_set_id)
    accounts = [account_of(giver).pk, account_of(taker).pk]
    sides = {pk: side for side, pk in enumerate(accounts)}
    people = {one.members.get().customer_id: one.pk == giver.pk for one in (giver, taker)}
    event = Event.objects.get(kind="points.posted", subject_id=posting.pk)
    names = ("kind", "cause_kind", "occurred_at", "recorded_at", "channel_id", "user_id", "reason_code", "key_digest")
    return {
        "posting": Posting.objects.filter(pk=posting.pk).values_list(*names, "ordinal", "part", "reverses").get(),
        "for": (posting.cause_id == giver.pk, people[posting.person_id]),
        "entries": [
            (sides[one.account_id], one.number, one.amount, one.balance_after)
            for one in Entry.objects.filter(posting=posting).order_by("id")
        ],
        "draws": sorted(Draw.objects.filter(posting=posting).values_list("lot__expires_at", "amount"), key=str),
        "lots": [
            (
                sides[lot.account_id], lot.amount, lot.remaining, lot.earned_at, lot.available_at, lot.expires_at,
                people[lot.earner_id], people[lot.contributor_id], lot.parent and lot.parent.expires_at,
                lot.origin_id == lot.parent_id,
            )
            for lot in Lot.objects.filter(account__in=accounts).order_by("id")
        ],
        "accounts": [
            PointAccount.objects.filter(pk=pk).values_list(
                "balance", "entry_count", "debt", "lifetime_earned", "lifetime_redeemed", "last_activity_at"
            ).get()
            for pk in accounts
        ],
        "event": [entry[1:] for entry in event.facts["entries"]],
        "event_set": event.facts["set"] == giver.own_set_id,
    }  # fmt: skip


def test_both_forms_write_the_same_rows_and_answer_alike() -> None:
    with clock.frozen(clock.now()):
        pairs = {form: world(form) for form in ("online", "general")}
        answers = {form: give(*pair, 150, form=form) for form, pair in pairs.items()}
    online, general = rows(*pairs["online"]), rows(*pairs["general"])
    # The online form takes the time from the database's clock.
    recorded = [one["posting"][3] for one in (online, general)]
    assert abs(recorded[0] - recorded[1]) < timedelta(minutes=1)
    for one in (online, general):
        one["posting"] = one["posting"][:3] + one["posting"][4:]
    assert online == general
    assert online["entries"] == [(0, 4, -150, 150), (1, 1, 150, 150)]
    assert answers["online"]["balances"] == answers["general"]["balances"]
    assert answers["online"]["posting"].keys() == answers["general"]["posting"].keys()
    assert answers["online"]["posting"]["entries"] == answers["general"]["posting"]["entries"]


@pytest.mark.parametrize("points", [301, 10**12])
def test_what_is_refused_writes_nothing_in_either_form(points: int) -> None:
    giver, taker = world("sky")
    before = counted(*TABLES)
    with pytest.raises(LoyaltyError, match="301|1000000000000"):
        transfer_points(TransferCall(giver.pk, taker.pk, points), actor=ACTOR)
    suspend(taker, actor=ACTOR, reason="checked")
    events = Event.objects.count()
    assert transferring.transfer_points_online(TransferCall(giver.pk, taker.pk, 1), actor=ACTOR) is None
    assert transferring.transfer_points_online(TransferCall(taker.pk, giver.pk, 1), actor=ACTOR) is None
    assert transferring.transfer_points_online(TransferCall(giver.pk, giver.pk, 1), actor=ACTOR) is None
    assert counted(*TABLES) == before | {"Event": events}


def test_more_lots_than_the_online_form_has_ids_for_go_the_general_way() -> None:
    giver, taker = world("sky")
    with mock.patch("activities.transfer_online.MOST_LOTS", 2):
        assert transferring.transfer_points_online(TransferCall(giver.pk, taker.pk, 250), actor=ACTOR) is None
        transfer_points(TransferCall(giver.pk, taker.pk, 250), actor=ACTOR)
    assert (account_of(giver).balance, account_of(taker).balance) == (50, 250)


@pytest.mark.concurrency
def test_of_eight_transfers_of_everything_at_once_exactly_one_succeeds() -> None:
    giver, taker = world("sky")
    answers = together(*[lambda: transfer_points(TransferCall(giver.pk, taker.pk, 300), actor=ACTOR)] * 8)
    assert sum(isinstance(one, dict) for one in answers) == 1
    assert sum(isinstance(one, InsufficientPoints) for one in answers) == 7
    assert (account_of(giver).balance, account_of(taker).balance) == (0, 300)


@pytest.mark.concurrency
def test_a_ring_of_online_transfers_and_its_reverse_keep_every_sum() -> None:
    program = make_program("ring")
    ring = [make_membership(program, f"Person {number}") for number in range(4)]
    for membership in ring:
        earned(membership, 1000)

    def around(number: int, step: int) -> Callable[[], object]:
        call = TransferCall(ring[number].pk, ring[(number + step) % 4].pk, 3)
        return lambda: [transfer_points(call, actor=ACTOR) for _ in range(15)][-1]

    answers = together(*[around(number, step) for number in range(4) for step in (1, 3)])
    assert errors_in(answers) == []
    assert [account_of(membership).balance for membership in ring] == [1000] * 4
    assert Posting.objects.filter(kind="transfer").count() == 120
    for lot in Lot.objects.all():
        assert lot.remaining == lot.amount - sum(draw.amount for draw in lot.draws.all())
