"""How members of the sample world earn: what they buy, fly and bank, so that the rules give the points."""

from decimal import Decimal
from typing import Any

from activities.receiving import ActivityCall, receive
from activities.transaction_calls import TransactionCall
from activities.transactions import take_transaction
from common.actor import Actor
from memberships.models import Membership

# Points for 1.00 of a purchase.
SOLD: dict[str, int] = {
    "urbanwear": 1, "executive-style": 1, "activelife": 1, "premium-plus": 2, "year-round": 1, "summer-bonus": 2,
    "credit-card": 1,
}  # fmt: skip
# What happened there, by where it did; the type and how much money makes a point.
BANKED: dict[str, tuple[str, int]] = {
    "Direct deposit": ("direct-deposit", 10),
    "Bill pay": ("bill-pay", 2),
    "Merchant services": ("merchant-services", 10),
    "Payroll": ("payroll", 10),
}
FLYING = ("skyconnect", "global-wings")
FLOWN = {"Partner hotel": ("hotel-stay", "grand-hotels"), "Credit card": ("card-spend", "sky-card")}


def earns_by_rules(program: str, location: str) -> bool:
    return program in SOLD or program in FLYING or location in BANKED


def come_by(
    membership: Membership,
    points: int,
    *,
    program: str,
    location: str,
    reference: str,
    actor: Actor,
) -> None:
    """Do now what the rules of the program give so many points for."""
    if program in SOLD:
        amount = Decimal(points) / SOLD[program]
        call = TransactionCall(
            reference=reference, amount=amount, currency="USD", location=location,
            membership_id=membership.pk,
        )  # fmt: skip
        take_transaction(call, actor=actor)
        return
    told: dict[str, Any] = {"membership": membership.pk, "location": location}
    if program in FLYING:
        type_, partner = FLOWN.get(location, ("flight", None))
        told |= {"type": type_, "partner": partner, "attributes": {"miles": points}}
    else:
        type_, step = BANKED[location]
        told |= {"type": type_, "amount": Decimal(points * step), "currency": "USD"}
    receive(ActivityCall(reference=reference, **told), actor=actor)
