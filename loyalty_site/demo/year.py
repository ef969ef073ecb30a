"""A year of ordinary members: they shop, fly, bank, order rewards and bring things back, month by month."""

import random
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

from activities.models import RewardKind
from activities.ordering import OrderCall, fulfil_order, order_reward
from activities.receiving import ActivityCall, receive
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from activities.rewards import rewards_of
from activities.transaction_calls import ItemCall, TransactionCall
from activities.transactions import take_transaction
from common import clock
from common.actor import Actor
from customers.creating import create_customer
from loyalty_site.authentication import actor_of_user
from loyalty_site.demo.history import NOON, Happening, past
from loyalty_site.demo.marketing import SHOPS
from memberships.enrolment import enrol
from memberships.labels import add_label
from memberships.lifecycle import record_payment
from memberships.models import Membership
from points.balances import balances_of
from programs.design import design_of
from programs.models import Program
from staff.models import User

MONTHS = 12
# The same world on every day it is loaded.
SEED = 2026
FIRST = ("Ada", "Ben", "Cara", "Dev", "Eva", "Finn", "Gus", "Ivy", "Jan", "Kira", "Leo", "Maya")
LAST = ("Abbott", "Banerjee")
TOGETHER = (
    ("urbanwear", "activelife"), ("urbanwear",), ("executive-style", "urbanwear"), ("basic-access", "premium-plus"),
    ("basic-access",), ("skyconnect", "global-wings"), ("skyconnect",), ("year-round", "summer-bonus"), ("year-round",),
    ("personal-banking", "credit-card"), ("business-banking", "personal-banking"), ("activelife", "year-round"),
)  # fmt: skip
GOODS: dict[str, tuple[tuple[str, str, int], ...]] = {
    "urbanwear": (("UW-SNK-1", "sneakers", 90), ("UW-TEE-4", "shirts", 25), ("UW-JKT-2", "jackets", 140)),
    "executive-style": (("ES-SUIT-3", "suits", 420), ("ES-TIE-9", "accessories", 60)),
    "activelife": (("AL-RUN-7", "sneakers", 110), ("AL-YOGA-2", "yoga", 45)),
    "basic-access": (("WC-PAPER", "household", 30), ("WC-OIL", "food", 18)),
    "premium-plus": (("WC-TV", "electronics", 380), ("WC-CHAIR", "furniture", 150)),
    "year-round": (("RC-GARDEN", "garden", 70), ("RC-BOOK", "books", 22)),
    "summer-bonus": (("RC-BBQ", "garden", 120), ("RC-TENT", "outdoor", 160)),
    "credit-card": (("CARD", "card", 240),),
}
FRIENDLY = ("urbanwear", "executive-style")
FLIGHTS = (("flight", 1_800), ("flight", 5_600), ("hotel-stay", 600), ("card-spend", 900))
BANKING = {
    "personal-banking": (("direct-deposit", 2_400), ("bill-pay", 160)),
    "business-banking": (("merchant-services", 5_200), ("payroll", 8_000)),
}


@dataclass(frozen=True)
class Participation:
    program: str
    membership: Membership


def go_by(programs: dict[str, Program], *, actor: Actor) -> list[Happening]:
    """Who takes part, and every visit of theirs that is to happen. Deterministic."""
    dice = random.Random(SEED)  # noqa: S311 - nothing secret hangs on it
    everybody = [
        one
        for number, (last, first) in enumerate((last, first) for last in LAST for first in FIRST)
        for one in _take_part(number, first, last, programs, actor=actor)
    ]
    _befriend([one for one in everybody if one.program in FRIENDLY][::4])
    visits = sorted(
        (at, number) for number, one in enumerate(everybody) for at in _days(dice, since=one.membership.enrolled_at)
    )
    return [
        Happening(at, partial(_visit, everybody[number], f"Y-{count:04}", dice, actor=actor))
        for count, (at, number) in enumerate(visits)
    ]


def _take_part(
    number: int, first: str, last: str, programs: dict[str, Program], *, actor: Actor
) -> list[Participation]:
    since = past(MONTHS + number % 8)
    customer = create_customer(
        actor=actor, first_name=first, last_name=last, email=f"{first}.{last}@example.org".lower(), currency="USD",
        birth_date=date(1960 + number, 1 + number % 12, 1 + number), customer_since=since.date(),
        # Two of three allowed e-mail.
        details={"preferences": {"email": number % 3 > 0}},
    )  # fmt: skip
    found = []
    for code in TOGETHER[number % len(TOGETHER)]:
        program = programs[code]
        at = max(since, datetime.combine(program.valid_from, NOON)) if program.valid_from else since
        with clock.frozen(at):
            membership = enrol(customer, program=program, actor=actor, accept_terms=True)
            if program.fee:
                record_payment(membership, actor=actor, reference=f"FEE-{membership.number}", paid_at=at)
        found.append(Participation(code, membership))
    return found


def _befriend(some: list[Participation]) -> None:
    agent = actor_of_user(User.objects.get(username="agent"))
    for one in some:
        add_label(one.membership, code="friend", actor=agent, reason="Helped at the opening")


def _days(dice: random.Random, *, since: datetime) -> list[datetime]:
    """Some days of the last year, one or two a month, after the membership began and before today."""
    yesterday = past(days=1)
    found = []
    for month in range(MONTHS, 0, -1):
        for _ in range(dice.choice((0, 1, 1, 2))):
            at = past(month) + timedelta(days=dice.randrange(28), minutes=dice.randrange(480))
            if since < at < yesterday:
                found.append(at)
    return found


def _visit(one: Participation, reference: str, dice: random.Random, *, actor: Actor) -> None:
    if not Membership.objects.filter(pk=one.membership.pk, current=True).exists():
        return
    if one.program in GOODS:
        _shop(one, reference, dice, actor=actor)
        _spend(one, dice, actor=actor)
        return
    kind, figure = dice.choice(FLIGHTS[:1] if one.program == "global-wings" else BANKING.get(one.program, FLIGHTS))
    figure = figure * dice.randint(50, 150) // 100
    if one.program in BANKING:
        call = ActivityCall(kind, one.membership.pk, amount=Decimal(figure), currency="USD", reference=reference)
    else:
        partner = {"hotel-stay": "grand-hotels", "card-spend": "sky-card"}.get(kind)
        call = ActivityCall(kind, one.membership.pk, attributes={"miles": figure}, partner=partner, reference=reference)
    receive(call, actor=actor)


def _shop(one: Participation, reference: str, dice: random.Random, *, actor: Actor) -> None:
    items = tuple(
        ItemCall(amount=Decimal(price * dice.randint(80, 140)) / 100, sku=sku, category=category)
        for sku, category, price in dice.sample(GOODS[one.program], k=dice.randint(1, len(GOODS[one.program])))
    )
    call = TransactionCall(
        reference=reference, currency="USD", items=items, membership_id=one.membership.pk,
        location=dice.choice(SHOPS),
    )  # fmt: skip
    sold = take_transaction(call, actor=actor)
    if dice.random() < 0.04:
        return_transaction(sold["id"], ReturnCall(reference=f"{reference}-R"), actor=actor)


def _spend(one: Participation, dice: random.Random, *, actor: Actor) -> None:
    """Now and then the cheapest reward, where the points reach; most are handed over."""
    design = design_of(one.membership.program_id)
    rewards = sorted(rewards_of(design).values(), key=lambda item: item.price)
    if not rewards or rewards[0].tier_id or dice.random() > 0.25:
        return
    balances = balances_of([one.membership.own_set_id], design=design)[one.membership.own_set_id]
    default = next(balance for balance in balances if balance["point_type"] == design.point_type().code)
    if default["available"] < rewards[0].price:
        return
    order = order_reward(OrderCall(one.membership.pk, rewards[0].code), actor=actor)
    if rewards[0].kind != RewardKind.VOUCHER and dice.random() < 0.7:
        fulfil_order(order["id"], actor=actor)
