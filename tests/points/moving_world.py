"""A program with sets and points in them, for the tests of verbs that move points. Figures are exact on purpose."""

from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from django.db import transaction

from common.actor import Actor
from customers.models import Customer
from points.accounts import account_for, open_set
from points.ledger import post
from points.models import (
    Debt,
    Draw,
    Entry,
    Hold,
    HoldLot,
    Lot,
    LotDateChange,
    PointAccount,
    PointAccountSet,
    Posting,
)
from points.moves import Cause, Credit, NewLot
from points.transfers import Party
from programs.design import design_of
from programs.models import PointKind, PointType, Program, ProgramStatus

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
SYSTEM = Actor.system(2)
_numbers = count(1)
COUNTED = (Posting, Entry, Lot, Draw, Debt, Hold, HoldLot, LotDateChange)


def day(text: str) -> datetime:
    """Midnight UTC of that day."""
    return datetime.combine(date.fromisoformat(text), datetime.min.time(), tzinfo=UTC)


def make_program(code: str = "sky", **values: Any) -> Program:
    return Program.objects.create(code=code, name=code.title(), **{"status": ProgramStatus.RELEASED, **values})


def make_type(program: Program, code: str = "miles", **values: Any) -> PointType:
    defaults = {"name": code.title(), "kind": PointKind.REDEEMABLE}
    return PointType.objects.create(program=program, code=code, **(defaults | values))


def make_person(name: str = "Emma Stone") -> Customer:
    return Customer.objects.create(
        number=f"P{next(_numbers)}",
        name=name,
        customer_since=date(2024, 1, 1),
        contact_changed_at=NOW,
        created_at=NOW,
    )


def make_set(program: Program, **values: Any) -> PointAccountSet:
    account_set = open_set(program.pk)
    if values:
        PointAccountSet.objects.filter(pk=account_set.pk).update(**values)
        account_set.refresh_from_db()
    return account_set


def party(account_set: PointAccountSet, person: Customer | None = None) -> Party:
    return Party(account_set.program_id, account_set.pk, account_set.pk, person.pk if person else None)


def give(
    account_set: PointAccountSet,
    point_type: PointType,
    points: int,
    *,
    until: datetime | None = None,
    earned_at: datetime = NOW - timedelta(days=30),
    person: Customer | None = None,
    active: bool = True,
    available_at: datetime | None = None,
) -> Lot:
    """A lot that was earned then; with `active` the earning is the set's last activity."""
    person_id = person.pk if person else None
    account = account_for(account_set, point_type)
    lot = NewLot(points, earned_at, available_at, until, person_id, person_id)
    with transaction.atomic():
        posted = post(
            "earn",
            program_id=account_set.program_id,
            for_set_id=account_set.pk,
            person_id=person_id,
            cause=Cause("activity", 1),
            occurred_at=earned_at,
            actor=SYSTEM,
            moves=[Credit(account.pk, [lot])],
            counts_as_activity=active,
        )
    return Lot.objects.get(pk=posted.lots[0].id)


def balance(account_set: PointAccountSet, point_type: PointType) -> int:
    return account_for(account_set, point_type).balance


def left(*lots: Lot) -> list[int]:
    return [Lot.objects.get(pk=lot.pk).remaining for lot in lots]


def counted() -> dict[str, int]:
    """How many rows each ledger table has, to prove that nothing else changed."""
    return {model.__name__: model.objects.count() for model in COUNTED}


def balances() -> dict[int, tuple[int, int, int]]:
    return {a.pk: (a.balance, a.entry_count, a.debt) for a in PointAccount.objects.order_by("pk")}


def prove() -> None:
    """Balance = entries = remaining lots - debt; remaining = amount - draws; every debit is drawn or owed."""
    for account in PointAccount.objects.all():
        entries = list(Entry.objects.filter(account=account).order_by("number"))
        assert [e.number for e in entries] == list(range(1, len(entries) + 1))
        assert account.balance == sum(e.amount for e in entries)
        assert account.balance == sum(lot.remaining for lot in Lot.objects.filter(account=account)) - account.debt
    for lot in Lot.objects.all():
        assert lot.remaining == lot.amount - sum(d.amount for d in lot.draws.all())
    for entry in Entry.objects.filter(amount__lt=0):
        owed = sum(d.remaining for d in Debt.objects.filter(entry=entry))
        assert sum(d.amount for d in entry.draws.all()) + owed == -entry.amount


def design(program: Program) -> Any:
    return design_of(program.pk)
