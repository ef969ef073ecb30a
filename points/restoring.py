"""The points of an undone change go back to the lots they came from, by one posting (domain 1.9).

Where several sides were united, what each would have today is worked out on books kept apart (points.apart). Where
one set was divided, what its parts hold now goes back to it. Points earned since go along as child lots, debts and
holds with their person. What comes back past its time expires at once, as with a reversal.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from common.actor import Actor
from points.accounts import account_for
from points.drafts import Account, Posted
from points.errors import LedgerError
from points.expiry import Expired, expire_account
from points.ledger import lock_accounts, post
from points.models import Debt, Lot, LotContributorChange, PointAccount, PointAccountSet, PostingKind
from points.moves import Cause, Move
from points.restoring_holds import return_holds
from points.restoring_moves import Owing, debt_moves, land_lots, lot_moves
from points.since import Sides, Since
from points.uniting import tidy_holds
from programs.design import Design
from programs.models import PointKind


@dataclass(frozen=True, slots=True)
class Way:
    """Points of a type stood in one set before the change and stand in another since; `person_id` acted through both,
    None where the set was nobody's."""

    point_type_id: int
    before_set_id: int
    after_set_id: int
    person_id: int | None = None


@dataclass(frozen=True, slots=True)
class Undone:
    """The change that is undone: its cause and posting, when it was, and the sets that its prime used before."""

    cause: Cause
    posting_id: int | None
    since: datetime
    prime_set_ids: frozenset[int]


@dataclass(frozen=True, slots=True)
class Restored:
    posted: Posted | None
    expired: tuple[Expired, ...]


@dataclass(slots=True)
class Part:
    """Accounts of one point type that flow into each other: from `lands` back to those of the sides."""

    sides: Sides
    lands: frozenset[int]
    targets: dict[int, tuple[int, int]] = field(default_factory=dict)
    owing: Owing = field(default_factory=Counter)
    back: dict[int, int] = field(default_factory=dict)

    @property
    def accounts(self) -> frozenset[int]:
        return self.lands | self.sides.people.keys()


def restore(
    ways: Iterable[Way], undone: Undone, *, design: Design, for_set_id: int, cause: Cause, at: datetime, actor: Actor
) -> Restored:
    """Write the posting of an undo inside the caller's transaction, which holds the memberships.

    Opens the accounts that points go back to and closes those that are nobody's any more. Raises HoldTooLarge.
    """
    parts = list(_parts(list(ways), undone.prime_set_ids, design))
    every = {account for part in parts for account in part.accounts}
    homes = {account for part in parts for account in part.sides.people}
    tidy_holds(every, at=at)
    accounts = lock_accounts(every, program_id=design.program.pk)
    PointAccount.objects.filter(pk__in=homes, closed=True).update(closed=False)
    moves = [move for part in parts for move in _moves(part, undone, accounts, design)]
    posted = None
    if moves:
        posted = post(
            PostingKind.UNDO,
            program_id=design.program.pk,
            for_set_id=for_set_id,
            person_id=None,
            cause=cause,
            occurred_at=at,
            actor=actor,
            moves=moves,
        )
    for part in parts:
        _follow(part, posted, at=at)
    _give_contributors_back(undone.cause, cause, posted)
    PointAccount.objects.filter(pk__in=every - homes, closed=False).update(closed=True)
    return Restored(posted, tuple(_expire(homes, design=design, actor=actor, at=at)))


def _parts(ways: Sequence[Way], prime_set_ids: frozenset[int], design: Design) -> Iterator[Part]:
    """Sets that points flowed between, joined; those that kept to themselves are left alone."""
    for type_id in sorted({way.point_type_id for way in ways}):
        rest = [way for way in ways if way.point_type_id == type_id]
        while rest:
            group, rest = _joined(rest)
            homes, lands = {way.before_set_id for way in group}, {way.after_set_id for way in group}
            if homes == lands and len(homes) == 1:
                continue
            if len(homes) > 1 and len(lands) > 1:
                raise LedgerError("Points of several sets went into several others: that can't be taken apart again.")
            accounts = _accounts(homes | lands, type_id, design)
            people = {
                accounts[home]: frozenset(
                    way.person_id for way in group if way.before_set_id == home and way.person_id is not None
                )
                for home in sorted(homes)
            }
            prime = min(homes & prime_set_ids or homes)
            yield Part(Sides(people, accounts[prime]), frozenset(accounts[land] for land in lands))


def _joined(ways: Sequence[Way]) -> tuple[list[Way], list[Way]]:
    """The first way with all that share a set with it, directly or by others; and the rest."""
    sets = {ways[0].before_set_id, ways[0].after_set_id}
    while True:
        group = [way for way in ways if way.before_set_id in sets or way.after_set_id in sets]
        found = {one for way in group for one in (way.before_set_id, way.after_set_id)}
        if found == sets:
            return group, [way for way in ways if way not in group]
        sets = found


def _accounts(set_ids: Iterable[int], type_id: int, design: Design) -> dict[int, int]:
    point_type = design.point_types[type_id]
    sets = PointAccountSet.objects.filter(pk__in=list(set_ids)).order_by("pk")
    return {account_set.pk: account_for(account_set, point_type).pk for account_set in sets}


def _moves(part: Part, undone: Undone, accounts: Mapping[int, Account], design: Design) -> list[Move]:
    debts = list(Debt.objects.filter(account_id__in=part.lands, remaining__gt=0).order_by("pk"))
    if len(part.sides.people) == 1:
        (home,) = part.sides.people
        lots = land_lots(part.lands)
        part.targets = {lot.id: (home, lot.left) for lot in lots}
        for debt in debts:
            part.owing[home, debt.person_id] += debt.remaining
    else:
        _divide(part, undone, accounts, design)
        lots = land_lots(part.lands, wanted=part.targets)
    moves, part.back = lot_moves(lots, part.targets, part.sides.people)
    return moves + debt_moves(debts, part.owing)


def _divide(part: Part, undone: Undone, accounts: Mapping[int, Account], design: Design) -> None:
    (land,) = part.lands
    united = accounts[land]
    since = Since(land, part.sides, undone.posting_id, undone.since)
    owes = design.point_types[united.point_type_id].kind == PointKind.REDEEMABLE
    books = since.books(exempt_until=united.exempt_until, owes=owes)
    part.targets = {stock.lot_id: (stock.side, stock.points) for stock in books.left()}
    for debt in books.owed():
        part.owing[debt.side, debt.person_id] += debt.points


def _follow(part: Part, posted: Posted | None, *, at: datetime) -> None:
    """Holds go where the lots went, those that came as child lots included."""
    made = {lot.new.parent_id: lot.id for lot in posted.lots if lot.new.parent_id is not None} if posted else {}
    moved = {lot_id: made[lot_id] for lot_id in part.targets if lot_id in made}
    return_holds(part.lands, part.sides, back={**part.back, **moved}, at=at)


def _give_contributors_back(of: Cause, cause: Cause, posted: Posted | None) -> None:
    """Lots that a split left behind without a contributor count again as brought by whom they were."""
    changed = LotContributorChange.objects.filter(cause_kind=of.kind, cause_id=of.id).order_by("pk")
    for change in changed.select_related("lot"):
        if change.lot.contributor_id != change.new_contributor_id:
            continue
        Lot.objects.filter(pk=change.lot_id).update(contributor_id=change.old_contributor_id)
        LotContributorChange.objects.create(
            lot_id=change.lot_id,
            old_contributor_id=change.new_contributor_id,
            new_contributor_id=change.old_contributor_id,
            posting_id=posted.id if posted else None,
            cause_kind=cause.kind,
            cause_id=cause.id,
        )


def _expire(homes: Iterable[int], *, design: Design, actor: Actor, at: datetime) -> Iterator[Expired]:
    for account_id in sorted(homes):
        yield from expire_account(account_id, program_id=design.program.pk, actor=actor, at=at)
