"""How much of a sale can come back, and what a return asks for of it (domain 1.6)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Sum

from activities.errors import AlreadyReturned, NotReturnable, ReturnTooLarge
from activities.models import ActivityStatus, MemberActivity, Transaction, TransactionItem, TransactionType
from activities.return_shares import AskedItem, ReturnedLine, SoldLine, all_returned, returned_lines, worth
from common.errors import LoyaltyError

WAITING = (ActivityStatus.RECEIVED, ActivityStatus.FAILED)


@dataclass(frozen=True, slots=True)
class ReturnCall:
    """`items` or an `amount`; without either everything that is left."""

    reference: str
    items: tuple[AskedItem, ...] = ()
    amount: Decimal | None = None
    occurred_at: datetime | None = None
    location: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """What comes back now: lines, their money, and how much of `sold` came back in all with it."""

    lines: tuple[ReturnedLine, ...]
    amount: Decimal
    returned: Decimal
    sold: Decimal

    @property
    def in_full(self) -> bool:
        return self.returned >= self.sold


def what_comes_back(sale: Transaction, call: ReturnCall) -> Back:
    """Asked behind the sale's lock, or only to tell."""
    _refuse_kind(sale)
    lines, before = sold_lines(sale), returned_so_far(sale)
    sold = sale.amount or Decimal(0)
    asked = _asked(lines, call)
    back = returned_lines(lines, asked)
    amount = call.amount if call.amount is not None else worth(lines, back, sale=sold) if asked else sold - before
    if _nothing_left(sale, lines, before):
        raise AlreadyReturned(
            f"The sale {sale.reference} was returned in full; nothing of it is left.",
            facts={"transaction": sale.pk, "left": "0.00"},
        )
    if before + amount > sold:
        raise ReturnTooLarge(
            f"Of {sold} {sale.currency} {sold - before} can still be returned; {amount} were asked for.",
            facts={"transaction": sale.pk, "sold": str(sold), "left": str(sold - before), "asked": str(amount)},
        )
    # What cost nothing has no share: it comes back whole or as one line of several.
    if not sold:
        return Back(tuple(back), amount, Decimal(int(all_returned(lines, back))), Decimal(1))
    return Back(tuple(back), amount, before + amount, sold)


def refuse_before(sale: Transaction, at: datetime) -> None:
    if at < sale.occurred_at:
        raise NotReturnable(
            f"The sale was at {sale.occurred_at.isoformat()}; it cannot be returned before.",
            facts={"transaction": sale.pk, "sold_at": sale.occurred_at.isoformat()},
        )


def refusal_of(sale: Transaction) -> LoyaltyError | None:
    """Why nothing of it can be returned now, as far as the sale itself says."""
    try:
        what_comes_back(sale, ReturnCall(""))
    except LoyaltyError as error:
        return error
    return None


def _refuse_kind(sale: Transaction) -> None:
    if sale.type != TransactionType.PURCHASE:
        raise NotReturnable(
            f"Transaction {sale.pk} is of type {sale.type}: only a purchase can be returned.",
            facts={"transaction": sale.pk, "type": str(sale.type)},
        )
    if sale.amount is None:
        raise NotReturnable(
            f"Transaction {sale.pk} names no amount, so there is nothing to give back.", facts={"transaction": sale.pk}
        )


def _asked(lines: Sequence[SoldLine], call: ReturnCall) -> Sequence[AskedItem]:
    """Without items or amount every line that has something left."""
    if call.items or call.amount is not None:
        return call.items
    return [AskedItem(line=one.line) for one in lines if one.left]


def _nothing_left(sale: Transaction, lines: Sequence[SoldLine], before: Decimal) -> bool:
    if sale.amount:
        return before >= sale.amount
    return sale.returns.exists() and not any(one.left for one in lines)


def sold_lines(sale: Transaction) -> list[SoldLine]:
    """The sale's lines with what came back of each."""
    came = TransactionItem.objects.filter(transaction__original=sale).values("returns")
    back = {row["returns"]: row for row in came.annotate(of=Sum("quantity"), money=Sum("amount"))}
    nothing = {"of": Decimal(0), "money": Decimal(0)}
    return [
        SoldLine(
            one.pk,
            one.line,
            one.sku,
            one.quantity,
            one.amount,
            back.get(one.pk, nothing)["of"],
            back.get(one.pk, nothing)["money"],
        )
        for one in sale.items.order_by("line")
    ]


def returned_so_far(sale: Transaction) -> Decimal:
    return Transaction.objects.filter(original=sale).aggregate(money=Sum("amount"))["money"] or Decimal(0)


def refuse_waiting(activities: Iterable[MemberActivity], back: Back) -> None:
    """What the rules have not decided on yet has no share; wholly returned it is simply not processed any more."""
    waiting = [one.pk for one in activities if one.status in WAITING]
    if waiting and not back.in_full:
        raise NotReturnable(
            f"Activity {waiting[0]} of the sale still waits for the rules. Process it first, or return the whole sale.",
            facts={"activities": waiting},
        )
