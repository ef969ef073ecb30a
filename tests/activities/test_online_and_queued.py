"""One stream of sales comes to the same whichever way it comes in (property tests over random streams and rules).

Sent at once outside of a transaction, as a request of its own does it, and in one round trip where the case is plain;
inside a transaction, in the general form; by the queue.
"""

from collections.abc import Collection, Sequence
from io import StringIO
from typing import Any

import pytest
from django.core.management import call_command
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from activities.models import MemberActivity
from activities.transaction_online import take_online
from common import clock
from tests.activities.outcomes import Rows, answers, of_sales, outcome, without_the_queue
from tests.activities.streams import (
    ALL_RULES,
    PURCHASES,
    RULES_OF_ONE,
    SALES,
    SHARED_PURCHASES,
    START,
    Sale,
    Way,
    sent,
    some_of,
)
from tests.audit.helpers import assert_audit_clean

pytestmark = pytest.mark.django_db(transaction=True)
SLOW: dict[str, Any] = {"deadline": None, "suppress_health_check": list(HealthCheck)}
# Making a failing stream shorter takes minutes: the long run does it.
QUICK = SLOW | {"max_examples": 3, "phases": (Phase.explicit, Phase.reuse, Phase.generate)}
# Gold by points and by rule, a cap, a label, a toll, a failure, late ones; several of one person, close together.
MEETS_EVERY_RULE = [
    *(
        Sale(0, 5_000),
        Sale(0, 1_300),
        Sale(0, 90_000, color="red"),
        Sale(0, 6_000, by="card_number", partner=True, minutes=180),
    ),
    *(Sale(1, 2_000, 200, late=30), Sale(0, 7_000, color="blue"), Sale(0, 8_000, 2_000), Sale(1, 3_050)),
    *[Sale(2, 4_000, 60, by="card_number"), Sale(2, 4_000, 60, by="member_number")] * 3,
]
RULES_OF_PLAIN = frozenset({"basic", "gold", "step", "daily", "odd", "shoes"})
# The points of people who share, paying, caps that all use together, a receipt told twice.
WITH_MORE = [
    *(Sale(3, 9_000, shoes=4_000), Sale(4, 20_000, pays=30), Sale(3, 500, pays=5_000), Sale(4, 6_000, again=True)),
    *(Sale(0, 20_000, shoes=20_000, partner=True), Sale(0, 1_300, pays=10), Sale(2, 9_000, pays=40, late=20)),
]


def assert_alike(one: dict[str, Rows], other: dict[str, Rows]) -> None:
    assert one.keys() == other.keys()
    for name, rows in one.items():
        assert rows == other[name], name


def assert_sold_alike(stream: Sequence[Sale], rules: Collection[str]) -> None:
    """At once and in a transaction: rows, answers and refusals."""
    online, answered = sent(stream, Way.ONLINE, rules=rules)
    general, explained = sent(stream, Way.IN_A_TRANSACTION, rules=rules)
    assert_alike(of_sales(online) | outcome(online), of_sales(general) | outcome(general))
    assert answers(online, answered) == answers(general, explained)


def assert_queued_alike(stream: Sequence[Sale], rules: Collection[str]) -> None:
    """At once and by the queue, but for when it was recorded and how it came in."""
    online, queued = sent(stream, Way.ONLINE, rules=rules)[0], sent(stream, Way.QUEUED, rules=rules)[0]
    assert_alike(without_the_queue(outcome(online)), without_the_queue(outcome(queued)))


def assert_sound() -> None:
    with clock.frozen(START.replace(year=START.year + 2)):
        call_command("expire_points", stdout=StringIO())
        assert_audit_clean()


def test_a_stream_that_meets_every_rule_queued_and_at_once() -> None:
    program = sent(MEETS_EVERY_RULE, Way.QUEUED, rules=RULES_OF_ONE)[0]
    found = {row["rule_version__rule__code"] for row in outcome(program)["effects"]}
    assert found == RULES_OF_ONE - {"odd"}
    assert MemberActivity.objects.get(program=program, status="failed").problem["rule"] == "odd"
    assert_queued_alike(MEETS_EVERY_RULE, RULES_OF_ONE)
    assert_sound()


def test_a_stream_that_meets_every_rule_at_once_and_in_a_transaction() -> None:
    stream = [*MEETS_EVERY_RULE, *WITH_MORE]
    program = sent(stream, Way.ONLINE)[0]
    assert {row["rule_version__rule__code"] for row in outcome(program)["effects"]} == ALL_RULES - {"odd"}
    assert_sold_alike(stream, ALL_RULES)
    assert_sound()


def test_plain_sales_take_the_short_way_and_come_to_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gift that is worth nothing, a day's cap, a step; but not a climb, paying with points, a failing rule,
    or a receipt that earned by a claim."""
    short: list[bool] = []

    def heard(*given: Any, **named: Any) -> Any:
        answer = take_online(*given, **named)
        short.append(answer is not None)
        return answer

    monkeypatch.setattr("activities.api.transactions.take_online", heard)
    plain = [Sale(0, 50), Sale(0, 5_000, late=30), Sale(0, 900, shoes=400), Sale(2, 700, color="red"), Sale(3, 1_000)]
    stream = [*plain, Sale(4, 2_000, partner=True), Sale(0, 100_000), Sale(3, 500, pays=5), Sale(1, 1_300)]
    stream.append(Sale(0, 900, claimed=True))
    for rules in (RULES_OF_PLAIN, RULES_OF_PLAIN - {"step", "daily"}):
        assert_sold_alike(stream, rules)
        # Inside a transaction none does.
        assert short == [True] * 6 + [False] * (4 + len(stream))
        short.clear()
    assert_sound()


@settings(**QUICK)
@given(st.lists(PURCHASES, min_size=1, max_size=10), some_of(RULES_OF_ONE))
def test_queued_and_at_once_come_to_the_same(stream: list[Sale], rules: frozenset[str]) -> None:
    assert_queued_alike(stream, rules)


def test_who_shares_a_pool_is_judged_by_what_the_others_left_queued_and_at_once() -> None:
    """A toll of forty on the same pool, by turns and one after the other; the queue takes two memberships at once."""
    several = [Sale(who, 4_000, 90 * who) for who in (3, 4, 3, 4, 4, 3, 3, 4, 4)]
    stream = [*several, Sale(0, 2_000), *several, Sale(4, 300, late=20), Sale(3, 9_000, color="red")]
    program = sent(stream, Way.QUEUED, rules=RULES_OF_ONE)[0]
    tolls = [row for row in outcome(program)["effects"] if row["rule_version__rule__code"] == "toll"]
    assert len(tolls) > 5
    assert_queued_alike(stream, RULES_OF_ONE)
    assert_sound()


@settings(**QUICK)
@given(st.lists(SHARED_PURCHASES, min_size=1, max_size=10), some_of(RULES_OF_ONE))
def test_queued_and_at_once_come_to_the_same_in_a_pool(stream: list[Sale], rules: frozenset[str]) -> None:
    assert_queued_alike(stream, rules | {"toll"})


@pytest.mark.deep
@settings(max_examples=60, **SLOW)
@given(st.lists(SHARED_PURCHASES, min_size=1, max_size=40), some_of(RULES_OF_ONE))
def test_long_streams_queued_and_at_once_come_to_the_same_in_a_pool(stream: list[Sale], rules: frozenset[str]) -> None:
    assert_queued_alike(stream, rules | {"toll"})


@settings(**QUICK)
@given(st.lists(SALES, min_size=1, max_size=10), some_of(ALL_RULES))
def test_at_once_and_in_a_transaction_come_to_the_same(stream: list[Sale], rules: frozenset[str]) -> None:
    assert_sold_alike(stream, rules)


@pytest.mark.deep
@settings(max_examples=60, **SLOW)
@given(st.lists(PURCHASES, min_size=1, max_size=40), some_of(RULES_OF_ONE))
def test_long_streams_queued_and_at_once_come_to_the_same(stream: list[Sale], rules: frozenset[str]) -> None:
    assert_queued_alike(stream, rules)


@pytest.mark.deep
@settings(max_examples=60, **SLOW)
@given(st.lists(SALES, min_size=1, max_size=40), some_of(ALL_RULES))
def test_long_streams_at_once_and_in_a_transaction_come_to_the_same(stream: list[Sale], rules: frozenset[str]) -> None:
    assert_sold_alike(stream, rules)
