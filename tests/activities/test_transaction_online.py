"""A sale in two round trips writes and answers what the general form does, or leaves it to that."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction

from activities.calls import AnswerKey
from activities.claims import ClaimCall, grant_claim, open_claim
from activities.models import Claim, MemberActivity, RuleEffect, RuleUse, Transaction, TransactionItem
from activities.transaction_answers import body_of, render
from activities.transaction_calls import ItemCall, SpendCall, TransactionCall
from activities.transaction_online import take_online
from activities.transactions import take_in_general, take_transaction
from common import clock
from gateway.idempotency import stored_response
from gateway.models import Event, IdempotencyRecord
from memberships.labels import add_label
from memberships.lifecycle import suspend
from memberships.models import Membership, TierStanding
from points.models import Entry, Lot, PointAccount, Posting
from programs.models import Label, Partner, PointType, Program
from tests.activities.ruling import PER_EURO, in_force
from tests.audit.helpers import assert_audit_clean
from tests.changes import account_in_use, owe
from tests.factories import ACTOR, account_of, counted, make_membership, make_program
from tests.pooling import merged

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("forgetful_connections")]
NOON = datetime(2026, 3, 10, 12, tzinfo=UTC)
PERSONAL = {"id", "membership", "memberships", "customer", "member", "reference", "set"}
IDS = {
    *PERSONAL,
    "customer_id",
    "transaction_id",
    "posting_id",
    "account_id",
    "entry_id",
    "membership_id",
    "activity_id",
    "cause_id",
    "for_set_id",
    "person_id",
    "earner_id",
    "contributor_id",
    "account_set_id",
}
SCANNED = (ItemCall(Decimal("100.00"), Decimal("2"), "A1", "shoes"), ItemCall(Decimal("20.50"), sku='say "hi" {\\}'))


@pytest.fixture
def miles(transactional_db: None) -> Program:
    """Rules of all that a sale in two round trips may ask, half of them without a match."""
    program = make_program("miles", business_unit="North")
    program.refresh_from_db()
    Label.objects.create(program=program, code="fan", name="Fan")
    Partner.objects.create(program=program, code="hotel", name="Hotel")
    in_force(program, PER_EURO, PER_EURO | {"point_type": "status", "per": "10.00"}, code="basic")
    in_force(program, {"do": "multiply", "factor": "1.5"}, condition='"fan" in labels', code="fans", priority=-1)
    caps = ({"scope": "day", "points": 12}, {"scope": "member", "times": 2})
    in_force(program, {"do": "credit", "points": 5, "expires_days": 9}, caps=caps, code="capped")
    in_force(program, {"do": "credit", "points": 3}, condition="points.miles >= 200 && member.is_main", code="rich")
    of_items = {"do": "credit", "per": "1.00", "points": 2, "of": "items", "categories": ["shoes"]}
    in_force(program, of_items, condition='activity.partner == "hotel"', code="shoes")
    in_force(program, {"do": "credit", "points": 7}, condition='activity.attributes.cabin == "first"', code="first")
    in_force(program, {"do": "credit", "points": 9}, condition='tier.ladder == "gold"', code="gold")
    return program


def twins(program: Program) -> tuple[Membership, Membership]:
    return make_membership(program, "Emma Stone"), make_membership(program, "Adam Page")


def call_for(membership: Membership, **values: Any) -> TransactionCall:
    given = {"reference": f"R-{membership.pk}-{Transaction.objects.count()}", "currency": "EUR"}
    given |= {} if "items" in values else {"amount": Decimal("120.50")}
    return TransactionCall(**(given | {"membership_id": membership.pk} | values))


def online(membership: Membership, **values: Any) -> dict[str, Any] | None:
    facts = take_online(call_for(membership, **values), actor=ACTOR)
    assert facts is None or isinstance(facts, list)
    return None if facts is None else render(facts)


def in_general(membership: Membership, **values: Any) -> dict[str, Any]:
    with transaction.atomic():
        return take_in_general(call_for(membership, **values), actor=ACTOR)


def impersonal(value: Any) -> Any:
    """Without what names a membership, a person or a row."""
    if isinstance(value, Mapping):
        return {name: impersonal(one) for name, one in value.items() if name not in PERSONAL}
    return [impersonal(one) for one in value] if isinstance(value, list) else value


def left_by(membership: Membership) -> dict[str, list[Any]]:
    """All rows of the membership, with values that its twin's must equal; ids only by whether there is one."""
    activities = MemberActivity.objects.filter(membership=membership)
    sales = Transaction.objects.filter(activities__in=activities)
    accounts = PointAccount.objects.filter(account_set__in=[membership.own_set_id, membership.pool_id or 0])
    postings = Posting.objects.filter(for_set=membership.own_set_id)
    told = {"activity.processed": activities, "points.posted": postings, "transaction.taken": sales}
    events = [
        facts
        for kind, rows in told.items()
        for facts in Event.objects.filter(kind=kind, subject_id__in=rows.values("pk"))
        # Ids are drawn in blocks: of two events the later one may have the smaller.
        .order_by("recorded_at", "pk")
        .values_list("facts", flat=True)
    ]
    return {
        "activities": rows_of(activities),
        "sales": rows_of(sales),
        "items": rows_of(TransactionItem.objects.filter(transaction__in=sales)),
        "postings": rows_of(postings),
        "entries": rows_of(Entry.objects.filter(account__in=accounts)),
        "lots": rows_of(Lot.objects.filter(account__in=accounts)),
        "accounts": rows_of(accounts),
        "effects": rows_of(RuleEffect.objects.filter(activity__in=activities)),
        "uses": rows_of(RuleUse.objects.filter(membership_id=membership.pk)),
        "events": [impersonal(facts) for facts in events],
    }


def rows_of(rows: Any) -> list[dict[str, Any]]:
    return [
        {name: value is not None if name in IDS else value for name, value in row.items()}
        for row in rows.order_by("pk").values()
    ]


SALES: dict[str, tuple[dict[str, Any], ...]] = {
    "one": ({},),
    "scanned": ({"items": SCANNED, "partner": "hotel", "location": "Main Street", "business_unit": "South"},),
    "with attributes": ({"attributes": {"cabin": "first", "bags": 2}},),
    "several, until caps are used up": ({}, {"amount": Decimal("0.00")}, {}, {"amount": Decimal("99.99")}),
    "no money": ({"type": "interaction", "amount": None},),
    "late": ({"occurred_at": NOON - timedelta(days=2, hours=3)}, {}),
}


@pytest.mark.parametrize("name", SALES)
@pytest.mark.parametrize("fan", [False, True])
def test_it_writes_and_answers_what_the_general_form_does(miles: Program, name: str, fan: bool) -> None:
    with clock.frozen(NOON - timedelta(days=30)):
        emma, adam = twins(miles)
        for one in (emma, adam) if fan else ():
            add_label(one, code="fan", actor=ACTOR, reason="asked")
    with clock.frozen(NOON):
        for values in SALES[name]:
            assert impersonal(online(emma, **values)) == impersonal(in_general(adam, **values))
    assert left_by(emma) == left_by(adam)
    assert MemberActivity.objects.filter(membership=emma).count() == len(SALES[name])
    # Their time is long over, and nobody ran the expiry.
    assert_audit_clean(without=("P06",))


def test_points_for_a_pool_come_into_it(miles: Program) -> None:
    with clock.frozen(NOON - timedelta(days=30)):
        emma, adam, ben, kim = (make_membership(miles, one) for one in ("Emma A", "Adam B", "Ben C", "Kim D"))
        merged(emma, adam), merged(ben, kim)
    with clock.frozen(NOON):
        for one in (emma, adam, ben, kim):
            one.refresh_from_db()
        assert impersonal(online(adam)) == impersonal(in_general(kim))
    assert left_by(adam) == left_by(kim)
    assert account_in_use(emma).balance == 125
    assert_audit_clean(without=("P06", "C01"))


def test_the_answer_is_kept_under_its_key_and_given_again(miles: Program) -> None:
    emma, _ = twins(miles)
    call, key = call_for(emma, items=SCANNED), AnswerKey(b"k" * 16, b"r" * 16)
    facts = take_online(call, actor=ACTOR, key=key)
    assert isinstance(facts, list)
    before = counted(*WRITTEN)
    assert take_online(call, actor=ACTOR, key=key) is None
    again = stored_response(ACTOR.channel_id, key.digest, key.request)
    assert again is not None
    assert json.loads(again.content) == json.loads(body_of(facts))
    assert counted(*WRITTEN) == before
    assert Posting.objects.get().key_digest == key.digest


WRITTEN = (Transaction, TransactionItem, MemberActivity, Posting, Entry, Lot, RuleEffect, Event, IdempotencyRecord)


def left_to_the_general_form(membership: Membership, **values: Any) -> None:
    before = counted(*WRITTEN, RuleUse), account_of(membership).balance
    assert online(membership, **values) is None
    assert (counted(*WRITTEN, RuleUse), account_of(membership).balance) == before


@pytest.mark.parametrize(
    "values",
    [
        {"partner": "nobody"},
        {"occurred_at": NOON + timedelta(days=400)},
        {"member": 10**12},
        {"membership_id": 10**12},
        {"membership_id": None},
        {"type": "flight"},
    ],
)
def test_what_is_refused_is_left_to_the_general_form(miles: Program, values: dict[str, Any]) -> None:
    left_to_the_general_form(make_membership(miles), **values)


def test_paying_with_points_is_left_to_the_general_form(miles: Program) -> None:
    emma = make_membership(miles)
    online(emma)
    left_to_the_general_form(emma, redeem=SpendCall(emma.pk, 10))


def test_a_reference_comes_once(miles: Program) -> None:
    emma, adam = twins(miles)
    assert online(emma, reference="R-1") is not None
    left_to_the_general_form(adam, reference="R-1")


def test_a_receipt_that_was_claimed_is_left_to_the_general_form(miles: Program) -> None:
    emma = make_membership(miles)
    call = ClaimCall("R-1", clock.now(), Decimal("10.00"), "EUR", membership_id=emma.pk)
    grant_claim(open_claim(call, actor=ACTOR).pk, actor=ACTOR)
    left_to_the_general_form(emma, reference="R-1")


def test_who_may_not_earn_is_left_to_the_general_form(miles: Program) -> None:
    emma = make_membership(miles)
    suspend(emma, actor=ACTOR, reason="asked")
    left_to_the_general_form(emma)


def test_a_receipt_that_earned_by_a_claim_is_left_to_the_general_form_which_refuses_its_points(miles: Program) -> None:
    """That it was granted is all that counts here; claims have tests of their own."""
    emma, adam = twins(miles)
    online(adam)
    activity = MemberActivity.objects.latest("pk")
    Claim.objects.create(
        program=miles, membership=adam, receipt="R-7", occurred_at=NOON, amount=Decimal(80), currency="EUR",
        status="granted", activity=activity, channel_id=ACTOR.channel_id, received_at=NOON, decided_at=NOON,
    )  # fmt: skip
    before = counted(Posting, Lot, Transaction)
    assert online(emma, reference="R-7") is None
    assert counted(Posting, Lot, Transaction) == before
    told = take_in_general(call_for(emma, reference="R-7"), actor=ACTOR)
    assert counted(Posting, Lot) == {name: before[name] for name in ("Posting", "Lot")}
    assert Transaction.objects.count() == before["Transaction"] + 1
    assert told
    assert online(emma, reference="R-8") is not None


def test_an_account_that_owes_is_left_to_the_general_form(miles: Program) -> None:
    emma = make_membership(miles)
    owe(emma, 30)
    left_to_the_general_form(emma)
    taken = take_transaction(call_for(emma), actor=ACTOR)
    assert taken["balances"][0]["balance"] == 125 - 30


@pytest.mark.parametrize(
    "action",
    [
        {"do": "add_label", "label": "fan"},
        {"do": "debit", "points": 1, "if_short": "all"},
        {"do": "credit", "expression": "1 / (activity.items.size() - 1)"},
        {"do": "change_tier", "group": "ladder", "tier": "gold"},
    ],
)
def test_what_is_more_than_a_credit_or_fails_is_left_to_the_general_form(
    miles: Program, action: dict[str, Any]
) -> None:
    in_force(miles, action, code="more", condition="activity.amount > 100", priority=-5)
    emma = make_membership(miles)
    assert online(emma, amount=Decimal("100.00")) is not None
    left_to_the_general_form(emma, items=(ItemCall(Decimal("150.00")),))


def test_the_sale_that_reaches_a_rung_climbs_at_once(miles: Program) -> None:
    emma = make_membership(miles)
    assert online(emma, amount=Decimal("9985.00")) is not None
    assert account_of(emma, "status").balance == 998
    left_to_the_general_form(emma, amount=Decimal("20.00"))
    take_transaction(call_for(emma, amount=Decimal("20.00")), actor=ACTOR)
    standing = TierStanding.objects.get(membership=emma, ended_at__isnull=True)
    assert (standing.tier.code, account_of(emma, "status").balance) == ("gold", 1000)
    assert online(emma) is not None


def test_where_points_live_from_activity_it_is_left_to_the_general_form(miles: Program) -> None:
    points = PointType.objects.get(program=miles, code="miles")
    points.expiry_policy, points.expiry_length = "inactivity", 12
    points.save()
    left_to_the_general_form(make_membership(miles))


def test_a_shared_cap_is_left_to_the_general_form(miles: Program) -> None:
    in_force(miles, {"do": "credit", "points": 1}, caps=({"scope": "program", "times": 2},), code="first-two")
    left_to_the_general_form(make_membership(miles))


def test_a_rule_released_meanwhile_is_never_missed(miles: Program) -> None:
    """The version of the design is named in the statement itself."""
    emma = make_membership(miles)
    assert online(emma) is not None
    in_force(miles, {"do": "credit", "points": 1000}, code="late")
    told = online(emma) or take_transaction(call_for(emma), actor=ACTOR)
    assert [one["points"] for one in told["effects"]].count(1000) == 1


def test_side_by_side_nothing_is_lost_and_caps_hold(miles: Program) -> None:
    emma = make_membership(miles)

    def buy(n: int) -> None:
        try:
            for step in range(5):
                take_transaction(call_for(emma, reference=f"T{n}-{step}", amount=Decimal("10.00")), actor=ACTOR)
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(buy, range(4)))
    # Ten each, five for the first two, two of the third within the day's twelve.
    rich = RuleEffect.objects.filter(rule_version__rule__code="rich").count()
    assert account_of(emma).balance == 20 * 10 + 2 * 5 + 3 * rich
    assert RuleUse.objects.get(membership_id=emma.pk, day__isnull=True).times == 2
    assert Transaction.objects.count() == MemberActivity.objects.count() == 20
    assert_audit_clean()


def test_a_connection_that_forgot_its_statements_prepares_them_anew(miles: Program) -> None:
    """psycopg drops everything prepared on a connection after a rollback."""
    emma = make_membership(miles)
    for _ in range(2):
        assert online(emma) is not None
        connection.connection.execute("SELECT 1", prepare=True)
        connection.connection.execute("DEALLOCATE ALL")
    assert online(emma, items=SCANNED) is not None
    assert Transaction.objects.count() == 3
