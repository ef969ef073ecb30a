"""Hand-made histories with every kind of posting, recorded at named times."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from common import clock
from memberships.models import Membership
from points.liability import Liability, TypeMonth
from points.moves import Carry, Credit, Debit
from programs.models import PointType, Program
from tests.factories import account_of, member_of
from tests.points.world import earned, lot, posting, sent, spent, taken_back

BERLIN = ZoneInfo("Europe/Berlin")


@contextmanager
def at(*moment: int, zone: Any = BERLIN) -> Iterator[datetime]:
    """Recording stands still at that wall-clock time of the zone."""
    with clock.frozen(datetime(*moment, tzinfo=zone).astimezone(UTC)) as now:  # type: ignore[misc]
        yield now


def every_kind(michael: Membership, katrin: Membership) -> None:
    """In March 2025; before it 1,000 earned in February, after it 7 in April."""
    with at(2025, 2, 10, 12):
        earned(michael, 1000)
    with at(2025, 3, 3, 9):
        opening = Credit(account_of(katrin).pk, [lot(katrin, 300)])
        posting(katrin, "opening", opening)
        sale, gift = earned(michael, 500), earned(michael, 40)
        bought = spent(michael, 200)
        spent(michael, 60, kind="capture")
        sent(michael, katrin, 70)
        sent(michael, katrin, 11, kind="donate")
        given = posting(michael, "adjust", Credit(account_of(michael).pk, [lot(michael, 25)]), reason_code="goodwill")
        posting(michael, "adjust", Debit(account_of(michael).pk, 5), reason_code="mistake")
    with at(2025, 3, 20, 9):
        taken_back(sale, 120)
        taken_back(gift)
        taken_back(bought, 50)
        taken_back(given)
        posting(michael, "expire", Debit(account_of(michael).pk, 33))
        converted = Debit(account_of(michael).pk, 100), Credit(account_of(michael, "coins").pk, [lot(michael, 10)])
        posting(michael, "convert", *converted)
        for kind, points in (("merge", 3), ("split", 2), ("undo", 1)):
            posting(michael, kind, _carried(michael, katrin, points))
    with at(2025, 4, 2, 9):
        earned(michael, 7)


def _carried(sender: Membership, receiver: Membership, points: int) -> Carry:
    return Carry(account_of(sender).pk, account_of(receiver).pk, points, contributor_id=member_of(receiver))


def coins_in(program: Program, **values: Any) -> PointType:
    return PointType.objects.create(program=program, code="coins", name="Coins", kind="redeemable", **values)


def row_of(report: Liability, code: str = "miles") -> TypeMonth:
    (row,) = [row for row in report.rows if row.point_type.code == code]
    return row


__all__ = ["BERLIN", "at", "coins_in", "every_kind", "row_of"]
