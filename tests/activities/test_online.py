"""What the statements in one round trip leave behind on their connection when they fail."""

import json
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client

from activities.calls import AnswerKey, PointsCall
from activities.earning import earn_online
from activities.models import Transaction
from activities.transaction_calls import TransactionCall
from activities.transaction_online import take_online
from activities.transfer_online import transfer_online
from common import clock
from gateway.models import IdempotencyRecord
from memberships.models import Membership
from points.ledger import post
from points.models import Posting
from points.moves import Cause, Credit, NewLot
from programs.design import design_of
from tests.channels import bearer, channel_of
from tests.factories import ACTOR, account_of, make_membership, make_program

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("forgetful_connections")]


@pytest.fixture
def emma(transactional_db: None) -> Membership:
    return make_membership(make_program("miles"), "Emma Rodriguez")


def earned_with(membership: Membership, key: bytes) -> Any:
    return earn_online(PointsCall(membership.pk, 10), actor=ACTOR, key=AnswerKey(key * 32, b"r" * 32))


@pytest.mark.parametrize("successes_before", [0, 1, 2])
def test_a_connection_works_on_after_a_pipeline_broke_off(emma: Membership, successes_before: int) -> None:
    """Its later statements were never parsed, so psycopg must not take them for prepared."""
    assert earned_with(emma, b"a") is not None
    connection.close()
    connection.close_pool()
    for n in range(successes_before):
        assert earned_with(emma, b"%d" % n) is not None
    for key in (b"x", b"y"):
        # The answer is gone but the ledger knows the key: the posting fails.
        IdempotencyRecord.objects.all().delete()
        assert earned_with(emma, b"a") is None
        assert earned_with(emma, key) is not None
    assert (Posting.objects.count(), account_of(emma).balance) == (3 + successes_before, 30 + 10 * successes_before)


def given_with(giver: Membership, taker: Membership) -> Any:
    design = design_of(giver.program_id)
    return transfer_online(
        giver.pk, to=taker.pk, points=1, member=None, point_type=design.point_type(), design=design, actor=ACTOR
    )


def test_whoever_prepares_again_leaves_the_others_prepared(emma: Membership) -> None:
    """psycopg drops everything prepared on a connection after a rollback; then each statement is prepared anew."""
    katrin = make_membership(emma.program, "Katrin Bauer")
    for key in (b"a", b"b"):
        assert earned_with(emma, key) is not None
    connection.connection.execute("SELECT 1", prepare=True)
    with transaction.atomic():
        Posting.objects.count()
        transaction.set_rollback(True)
    assert given_with(emma, katrin) is not None
    assert earned_with(emma, b"c") is not None
    assert given_with(emma, katrin) is not None
    assert (account_of(emma).balance, account_of(katrin).balance) == (28, 2)


def test_a_sale_is_taken_where_the_connection_lost_what_was_prepared(emma: Membership) -> None:
    """Twice, and with an earning in between, which prepares its own again."""
    for number in range(3):
        call = TransactionCall(f"R-{number}", amount=Decimal("9.50"), currency="EUR", membership_id=emma.pk)
        assert isinstance(take_online(call, actor=ACTOR), list)
        connection.connection.execute("SELECT 1", prepare=True)
        with transaction.atomic():
            Posting.objects.count()
            transaction.set_rollback(True)
        assert earned_with(emma, b"%d" % number) is not None
    assert (Transaction.objects.count(), account_of(emma).balance) == (3, 30)


def test_a_balance_beyond_a_bigint_is_refused_as_malformed(emma: Membership) -> None:
    most = 2**63 - 10
    with transaction.atomic():
        post(
            "earn",
            program_id=emma.program_id,
            for_set_id=emma.own_set_id,
            person_id=None,
            cause=Cause("activity", 1),
            occurred_at=clock.now(),
            actor=ACTOR,
            moves=[Credit(account_of(emma).pk, [NewLot(most, clock.now())])],
        )
    till = channel_of("till", ["points:earn"], emma.program)
    answer = Client().post(
        f"/api/memberships/{emma.pk}/earn-points",
        json.dumps({"points": 10}),
        content_type="application/json",
        headers={"Authorization": bearer(till), "Idempotency-Key": "k-1"},
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert (Posting.objects.count(), account_of(emma).balance) == (1, most)
