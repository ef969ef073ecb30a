"""One stream of purchases, sent online or queued, comes to the same (property test over random streams)."""

from collections.abc import Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, NamedTuple

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from activities.models import MemberActivity, RuleEffect, RuleUse
from activities.queueing import process_waiting
from activities.receiving import ActivityCall, receive
from common import clock
from memberships.models import AttributeValue, Membership, MembershipLabel, TierStanding
from points.models import Lot, PointAccount
from programs.design import forget_designs
from programs.models import AttributeDefinition, Label, Program
from tests.activities.ruling import PER_EURO, in_force
from tests.audit.helpers import assert_audit_clean
from tests.factories import ACTOR, make_membership, make_program

pytestmark = pytest.mark.django_db
START = datetime(2026, 3, 10, 9, tzinfo=UTC)
PEOPLE = ("Emma Stone", "Adam Page", "Ben Cole")
_programs = count(1)


class Purchase(NamedTuple):
    """Whose, how much, and how many minutes after the one before."""

    who: int
    amount: int
    minutes: int


# Small amounts, one that makes a rule fail, and some that reach Gold; hours and days between them.
PURCHASES = st.builds(
    Purchase,
    who=st.integers(0, len(PEOPLE) - 1),
    amount=st.one_of(st.integers(1, 60), st.just(13), st.integers(200, 900)),
    minutes=st.one_of(st.integers(1, 600), st.integers(2_000, 9_000)),
)


def rules(program: Program) -> None:
    """What reads what the purchases before it left: tiers, attributes, labels, points, caps."""
    AttributeDefinition.objects.create(program=program, code="visits", name="Visits")
    Label.objects.create(program=program, code="fan", name="Fan")
    in_force(program, PER_EURO, PER_EURO | {"point_type": "status"}, code="basic")
    in_force(program, {"do": "multiply", "factor": "2.5"}, condition="rank.ladder >= 1", code="gold", priority=-1)
    caps = ({"scope": "day", "points": 12}, {"scope": "member", "times": 4})
    in_force(program, {"do": "credit", "points": 5, "expires_days": 2}, caps=caps, code="capped")
    in_force(program, {"do": "add_to_attribute", "attribute": "visits", "amount": "1"}, code="visits")
    fan = ({"do": "credit", "points": 30}, {"do": "add_label", "label": "fan"})
    in_force(program, *fan, condition="attributes.visits >= 2.0", code="fan", group="one-of", priority=1)
    in_force(program, {"do": "credit", "points": 1}, code="none", group="one-of")
    toll = {"do": "debit", "points": 40, "if_short": "all"}
    in_force(program, toll, condition='"fan" in labels && points.miles > 100', code="toll")
    odd = {"do": "credit", "expression": "100 / (activity.amount - 13.0)"}
    in_force(program, odd, condition="activity.amount == 13", code="odd")
    rung = {"do": "change_tier", "group": "ladder", "tier": "gold"}
    in_force(program, rung, condition="attributes.visits == 4.0", code="faithful")


def sent(stream: Sequence[Purchase], *, queued: bool) -> Program:
    """A program of its own that took the stream."""
    at = START
    with clock.frozen(at):
        program = make_program(f"stream-{next(_programs)}", member_number_prefix="ST")
        rules(program)
        people = [make_membership(program, name) for name in PEOPLE]
    for one in stream:
        at += timedelta(minutes=one.minutes)
        with clock.frozen(at):
            call = ActivityCall("purchase", membership=people[one.who].pk, amount=Decimal(one.amount))
            receive(call, actor=ACTOR, queued=queued)
    if queued:
        with clock.frozen(at + timedelta(hours=5)):
            process_waiting(program, actor=ACTOR, wave=2)
    return program


def outcome(program: Program) -> dict[str, Any]:
    """All that came of it, without ids and times of recording."""
    activities = list(MemberActivity.objects.filter(program=program).order_by("pk"))
    return {
        "activities": [
            (one.status, one.problem, str(one.amount), one.occurred_at, bool(one.posting_id), effects(one))
            for one in activities
        ],
        "people": [state(one) for one in Membership.objects.filter(program=program).order_by("pk")],
    }


def effects(activity: MemberActivity) -> list[tuple[Any, ...]]:
    rows = RuleEffect.objects.filter(activity=activity).order_by("position")
    return list(
        rows.values_list("rule_version__rule__code", "action", "point_type__code", "points", "because", "position")
    )


def state(membership: Membership) -> dict[str, Any]:
    accounts = PointAccount.objects.filter(account_set=membership.own_set_id).order_by("point_type__code")
    lots = Lot.objects.filter(account__in=accounts).order_by("account__point_type__code", "earned_at", "amount")
    standings = TierStanding.objects.filter(membership=membership).order_by("since", "pk")
    uses = RuleUse.objects.filter(membership_id=membership.pk).order_by("rule__code", "day")
    return {
        "balances": list(accounts.values_list("point_type__code", "balance", "lifetime_earned", "entry_count")),
        "lots": list(lots.values_list("amount", "remaining", "earned_at", "expires_at")),
        "tiers": list(standings.values_list("tier__code", "since", "ended_at", "source", "reason")),
        "attributes": list(AttributeValue.objects.filter(membership=membership).values_list("number", flat=True)),
        "labels": list(MembershipLabel.objects.filter(membership=membership).values_list("label__code", "reason")),
        "uses": list(uses.values_list("rule__code", "day", "times", "points")),
    }


@contextmanager
def undone() -> Any:
    with transaction.atomic():
        yield
        transaction.set_rollback(True)
    forget_designs()


def holds(stream: list[Purchase]) -> None:
    with undone():
        online, queued = sent(stream, queued=False), sent(stream, queued=True)
        one, other = outcome(online), outcome(queued)
        for name in one:
            for a, b in zip(one[name], other[name], strict=True):
                assert a == b
        with clock.frozen(START + timedelta(days=400)):
            assert_audit_clean(only=("T01", "T02", "T03", "T04", "T05", "T06", "T07", "L01", "L02", "L03", "L04"))


SETTINGS: dict[str, Any] = {
    "deadline": None,
    "suppress_health_check": [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large],
}


def test_a_stream_that_meets_every_rule() -> None:
    """Gold by points and by rule, a cap, a label, a toll, a failure; several of one person, close together."""
    amounts = [(0, 50, 5), (0, 13, 5), (0, 900, 5), (0, 60, 5), (1, 20, 5), (0, 70, 5), (0, 80, 2_000), (1, 30, 5)]
    stream = [Purchase(*one) for one in [*amounts, *[(2, 40, 60)] * 6]]
    with undone():
        program = sent(stream, queued=True)
        found = {one[0] for activity in outcome(program)["activities"] for one in activity[5]}
        assert found == {"basic", "gold", "capped", "visits", "fan", "none", "toll", "faithful"}
        assert MemberActivity.objects.get(program=program, status="failed").problem["rule"] == "odd"
    holds(stream)


@settings(max_examples=4, **SETTINGS)
@given(st.lists(PURCHASES, min_size=1, max_size=10))
def test_online_and_queued_come_to_the_same(stream: list[Purchase]) -> None:
    holds(stream)


@pytest.mark.deep
@settings(max_examples=150, **SETTINGS)
@given(st.lists(PURCHASES, min_size=1, max_size=40))
def test_long_streams_come_to_the_same(stream: list[Purchase]) -> None:
    holds(stream)
