"""Random streams of sales, the rules they meet, and the three ways in: at once, in a transaction, by the queue.

The first two are requests to POST /api/transactions, which outside of a transaction may take the form of one round
trip where the case is plain.
"""

import json
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from itertools import count
from typing import Any

from django.db import transaction
from django.test import Client
from hypothesis import strategies as st

from activities.campaigns import create_campaign, start_campaign
from activities.claims import ClaimCall, grant_claim, open_claim
from activities.queueing import process_waiting
from common import clock
from gateway.channels import system_actor
from memberships.card_holding import cards_in_hand
from memberships.models import Membership
from programs.design import forget_designs
from programs.models import AttributeDefinition, AttributeType, Benefit, Label, NoticeTemplate, Partner, Program
from tests.activities.ruling import PER_EURO, in_force, release
from tests.changes import group_of, pool_of
from tests.channels import bearer, channel_of
from tests.factories import ACTOR, make_membership, make_program
from tests.rewards import make_voucher_reward

START = datetime(2026, 3, 10, 9, tzinfo=UTC)
ALONE = ("Emma Stone", "Adam Page")
GROUP = ("Mia Moore", "Max Moore")
SHARING = ("Katrin Bauer", "John Miller")
_programs = count(1)
_keys = count(1)


@dataclass(frozen=True, slots=True)
class Sale:
    """`who` bought for so many `cents`, so many `minutes` after the sale before; the till tells it so many minutes
    `late`. `shoes` is how many of the cents are for shoes, `pays` how many points are paid with; `again`: told twice,
    the second time as a request of its own; `claimed`: its receipt earned by a claim before the till told it."""

    who: int
    cents: int
    minutes: int = 5
    late: int = 0
    by: str = "membership_id"
    partner: bool = False
    color: str = ""
    shoes: int | None = None
    pays: int = 0
    again: bool = False
    claimed: bool = False

    def body(self, number: int, program: Program, membership: Membership, at: datetime) -> dict[str, Any]:
        """What POST /api/transactions is sent."""
        body: dict[str, Any] = {"reference": f"S{number}", "currency": "EUR", "location": "Main Street"}
        body |= self._named(program, membership)
        if self.late:
            body["occurred_at"] = at.isoformat()
        if self.partner:
            body["partner"] = "hotel"
        if self.color:
            body["attributes"] = {"color": self.color}
        if self.shoes is None:
            body["amount"] = money(self.cents)
        else:
            lines = [("shoes", min(self.shoes, self.cents)), ("shirts", self.cents - min(self.shoes, self.cents))]
            body["items"] = [{"category": kind, "amount": money(cents)} for kind, cents in lines if cents]
        if self.pays:
            body["redeem"] = {"membership_id": membership.pk, "points": self.pays}
        return body

    def _named(self, program: Program, membership: Membership) -> dict[str, Any]:
        match self.by:
            case "card_number":
                # Of a group, that of the member who joined last.
                return {"card_number": cards_in_hand(membership).latest("pk").number_id}
            case "member_number":
                return {"member_number": membership.number, "program": program.code}
        return {"membership_id": membership.pk}


def money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


# Small amounts, one that makes a rule fail, and some that reach Gold; hours and days between them.
CENTS = st.one_of(st.integers(50, 6_000), st.just(1_300), st.integers(20_000, 90_000))
MINUTES = st.one_of(st.integers(1, 600), st.integers(2_000, 9_000))
LATE = st.one_of(st.just(0), st.just(0), st.integers(1, 2_000))
PLAIN: dict[str, Any] = {
    "cents": CENTS,
    "minutes": MINUTES,
    "late": LATE,
    "by": st.sampled_from(["membership_id", "membership_id", "card_number", "member_number"]),
    "partner": st.booleans(),
    "color": st.sampled_from(["", "red", "blue"]),
}
# What a queued purchase can say too; each by somebody who shares with nobody.
PURCHASES = st.builds(Sale, who=st.integers(0, len(ALONE)), **PLAIN)
# Also by two who share a pool; where a rule looks at what is in it, they wait in one line.
SHARED_PURCHASES = st.builds(Sale, who=st.integers(0, len(ALONE) + len(SHARING)), **PLAIN)
# With items and points that pay, some of them of people who share an account.
SALES = st.builds(
    Sale,
    who=st.integers(0, len(ALONE) + len(SHARING)),
    **PLAIN,
    shoes=st.one_of(st.none(), st.integers(0, 20_000)),
    pays=st.one_of(st.just(0), st.just(0), st.integers(1, 80)),
    again=st.sampled_from([False, False, False, True]),
    claimed=st.sampled_from([False, False, False, True]),
)

# Rules by their code: actions, and what else `in_force` takes.
EACH_ALONE: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any]]] = {
    "basic": ((PER_EURO, PER_EURO | {"point_type": "status"}), {"priority": 9}),
    "gold": (({"do": "multiply", "factor": "2.5"},), {"condition": "rank.ladder >= 1", "priority": -1}),
    "daily": (
        ({"do": "credit", "points": 5, "expires_days": 2},),
        {"caps": ({"scope": "day", "points": 12}, {"scope": "member", "times": 4})},
    ),
    "visits": (({"do": "add_to_attribute", "attribute": "visits", "amount": "1"},), {}),
    "fan": (
        ({"do": "credit", "points": 30}, {"do": "add_label", "label": "fan"}),
        {"condition": "attributes.visits >= 2.0", "group": "one-of", "priority": 1},
    ),
    "none": (({"do": "credit", "points": 1},), {"group": "one-of"}),
    "toll": (
        ({"do": "debit", "points": 40, "if_short": "all"},),
        {"condition": '"fan" in labels && points.miles > 100'},
    ),
    "odd": (
        ({"do": "credit", "expression": "100 / (activity.amount - 13.0)"},),
        {"condition": "activity.amount == 13"},
    ),
    "faithful": (
        ({"do": "change_tier", "group": "ladder", "tier": "gold", "until_days": 90},),
        {"condition": "attributes.visits == 4.0"},
    ),
    "color": (
        ({"do": "set_attribute", "attribute": "color", "expression": "activity.attributes.color"},),
        {"condition": "has(activity.attributes.color)"},
    ),
    "hotel": (
        ({"do": "credit", "expression": "floor(activity.amount / 7)"}, {"do": "grant_benefit", "benefit": "lounge"}),
        {"condition": 'activity.partner == "hotel" && activity.hour >= 12'},
    ),
    "thanks": (
        ({"do": "raise_notice", "notice": "thanks"}, {"do": "issue_voucher", "reward": "ten-off"}),
        {"condition": "activity.amount >= 500", "caps": ({"scope": "member", "times": 1},)},
    ),
}
# What one member leaves of them is another one's: the queue asks in order of a membership's events only.
TOGETHER: dict[str, tuple[tuple[dict[str, Any], ...], dict[str, Any]]] = {
    "first": (({"do": "credit", "points": 7},), {"caps": ({"scope": "program", "times": 3},)}),
    "shoes": (({"do": "credit", "per": "2.00", "points": 3, "of": "items", "categories": ["shoes"]},), {}),
}
ALL_RULES = frozenset({*EACH_ALONE, *TOGETHER, "step", "spring"})
RULES_OF_ONE = frozenset({*EACH_ALONE, "step"})


def some_of(codes: Collection[str]) -> st.SearchStrategy[frozenset[str]]:
    """Rules to be in force: often all, so that they meet."""
    return st.one_of(st.just(frozenset(codes)), st.frozensets(st.sampled_from(sorted(codes))))


class Way(Enum):
    ONLINE = "online"
    IN_A_TRANSACTION = "in a transaction"
    QUEUED = "queued"


Answers = list[tuple[int, dict[str, Any]]]


def sent(stream: Sequence[Sale], way: Way, *, rules: Collection[str] = ALL_RULES) -> tuple[Program, Answers]:
    """A program of its own that took the stream, and status and body of every answer."""
    with clock.frozen(START):
        code = f"stream-{next(_programs)}"
        program = make_program(code, name="Stream", member_number_prefix="ST", currency="EUR")
        people = [make_membership(program, name) for name in ALONE]
        people += [group_of(program, *GROUP), *pool_of(program, *SHARING)]
        _design(program, rules)
    caller = _Caller(program, way)
    at = told_at = START
    for number, one in enumerate(stream):
        at += timedelta(minutes=one.minutes)
        # Whoever comes after a late one comes late too.
        told_at = max(told_at, at + timedelta(minutes=one.late))
        with clock.frozen(told_at):
            if one.claimed:
                claim(people[one.who], f"S{number}", at)
            body = one.body(number, program, people[one.who], at)
            if told_at > at:
                body["occurred_at"] = at.isoformat()
            for _ in range(1 + one.again):
                caller.send(body)
    if way is Way.QUEUED:
        with clock.frozen(told_at + timedelta(hours=5)):
            process_waiting(program, actor=system_actor(), wave=2)
    return program, caller.answers


def claim(membership: Membership, receipt: str, at: datetime) -> None:
    """A purchase of 50.00 for which a receipt was handed in."""
    call = ClaimCall(receipt, at, Decimal(50), "EUR", membership_id=membership.pk)
    grant_claim(open_claim(call, actor=ACTOR).pk, actor=ACTOR)


def _design(program: Program, codes: Collection[str]) -> None:
    AttributeDefinition.objects.create(program=program, code="visits", name="Visits")
    AttributeDefinition.objects.create(program=program, code="color", name="Color", type=AttributeType.TEXT)
    Label.objects.create(program=program, code="fan", name="Fan")
    Benefit.objects.create(program=program, code="lounge", name="Lounge")
    Partner.objects.create(program=program, code="hotel", name="Hotel")
    NoticeTemplate.objects.create(program=program, code="thanks", subject="Thanks", body="For {{ amount }}.")
    make_voucher_reward(program)
    for code, (actions, values) in (EACH_ALONE | TOGETHER).items():
        if code in codes:
            in_force(program, *actions, code=code, **values)
    if "step" in codes:
        # Another version from the second day on: late events are judged by the one of their time.
        step = in_force(program, {"do": "credit", "points": 3}, code="step")
        release(step, since=START + timedelta(days=1), actions=[{"do": "credit", "points": 4}])
    if "spring" in codes:
        days = {"valid_from": date(2026, 3, 1), "valid_until": date(2026, 12, 31)}
        campaign = create_campaign(program, actor=ACTOR, code="spring", name="Spring", point_budget=100, **days)
        start_campaign(campaign, actor=ACTOR, why="spring is here")
        in_force(program, {"do": "credit", "per": "10.00", "points": 2}, code="spring", campaign=campaign)
    forget_designs()


class _Caller:
    """The till of a stream: one channel, a new key for every request."""

    def __init__(self, program: Program, way: Way) -> None:
        self.way = way
        scopes = ("activities:write", "points:earn", "points:redeem")
        channel = channel_of(f"till-of-{program.code}", scopes, program)
        self.client, self.authorization = Client(), bearer(channel)
        self.answers: Answers = []

    def send(self, body: dict[str, Any]) -> None:
        queued = self.way is Way.QUEUED
        headers = {"Authorization": self.authorization, "Idempotency-Key": f"key-{next(_keys)}"}
        with self._around():
            answer = self.client.post(
                f"/api/{'activities' if queued else 'transactions'}",
                json.dumps(_activity(body) if queued else body),
                content_type="application/json",
                headers=headers,
            )
        self.answers.append((answer.status_code, answer.json()))

    def _around(self) -> AbstractContextManager[Any]:
        return transaction.atomic() if self.way is Way.IN_A_TRANSACTION else nullcontext()


def _activity(body: dict[str, Any]) -> dict[str, Any]:
    """The same purchase as POST /api/activities is told to queue it."""
    told = {("membership" if name == "membership_id" else name): value for name, value in body.items()}
    return told | {"type": "purchase", "mode": "queued"}
