"""Open holds go back with an undo to the side of who placed them, on the lots they held or on others (domain 1.9)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import F, Q

from points.errors import HoldTooLarge
from points.models import Hold, HoldLot, HoldStatus, Lot
from points.moves import Take
from points.since import Sides


@dataclass(slots=True)
class _Shelf:
    """What a side's account has that holds may keep, in spending order; `all` counts pending and overdue lots too."""

    usable: list[int] = field(default_factory=list)
    all: dict[int, int] = field(default_factory=dict)

    def keep(self, lot_id: int, points: int) -> int:
        part = min(points, self.all.get(lot_id, 0))
        if part:
            self.all[lot_id] -= part
        return part


def return_holds(lands: Iterable[int], sides: Sides, *, back: Mapping[int, int], at: datetime) -> None:
    """Behind the posting, under the accounts' locks; `back` says where the points of a lot are now.

    A hold for which its side has not enough is refused, naming it. Holds past their limit were tidied before.
    """
    holds = list(Hold.objects.filter(account_id__in=lands, status=HoldStatus.OPEN).order_by("pk"))
    if not holds:
        return
    shelves = {home: _shelf(home, at) for home in sides.people}
    for hold in holds:
        side = sides.of(hold.person_id)
        before = [Take(*one) for one in hold.lots.order_by("pk").values_list("lot_id", "points")]
        after = _again(hold, before, shelves[side], back)
        _keep(hold, side, before, after)


def _shelf(account_id: int, at: datetime) -> _Shelf:
    shelf = _Shelf()
    order = (F("expires_at").asc(nulls_last=True), "earned_at", "pk")
    usable = Q(expires_at__isnull=True) | Q(expires_at__gt=at), Q(available_at__isnull=True) | Q(available_at__lte=at)
    opened = Lot.objects.filter(account_id=account_id, is_open=True)
    shelf.all = dict(opened.values_list("pk", "remaining"))
    shelf.usable = list(opened.filter(*usable).order_by(*order).values_list("pk", flat=True))
    return shelf


def _again(hold: Hold, before: Iterable[Take], shelf: _Shelf, back: Mapping[int, int]) -> list[Take]:
    """The lots it held where they went to its side; else others of that side."""
    kept: dict[int, int] = {}
    missing = hold.points - hold.captured
    wanted = [(back.get(take.lot_id, take.lot_id), take.points) for take in before]
    for lot_id, points in [*wanted, *((lot_id, missing) for lot_id in shelf.usable)]:
        part = shelf.keep(lot_id, min(points, missing))
        if part:
            kept[lot_id] = kept.get(lot_id, 0) + part
            missing -= part
    if missing:
        share = sum(kept.values())
        raise HoldTooLarge(
            f"Hold {hold.pk} keeps {hold.points} points, of which only {share} belong to the side of who placed it. "
            "Capture or release it, or wait until it is over.",
            facts={"hold": hold.pk, "held": hold.points, "share": share},
        )
    return [Take(lot_id, points) for lot_id, points in kept.items()]


def _keep(hold: Hold, account_id: int, before: list[Take], after: list[Take]) -> None:
    if hold.account_id == account_id and before == after:
        return
    HoldLot.objects.filter(hold=hold).delete()
    HoldLot.objects.bulk_create(HoldLot(hold=hold, lot_id=take.lot_id, points=take.points) for take in after)
    hold.account_id = account_id
    hold.save(update_fields=["account"])
