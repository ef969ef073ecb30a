"""Consistent ledger rows written plainly, without the verbs: what the audit is measured by."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from gateway.models import Channel, Event, IdempotencyRecord
from points.models import Debt, Draw, Entry, Lot, PointAccount, PointAccountSet, Posting

Draws = Sequence[tuple[Lot, int]]


def posting(
    kind: str, *, for_set: PointAccountSet, channel: Channel, at: datetime, cause: tuple[str, int], **more: Any
) -> Posting:
    """A posting with its event; with a key also its kept answer."""
    made = Posting.objects.create(
        program_id=for_set.program_id,
        kind=kind,
        for_set=for_set,
        channel=channel,
        occurred_at=at,
        recorded_at=at,
        cause_kind=cause[0],
        cause_id=cause[1],
        **more,
    )
    Event.objects.create(
        program_id=for_set.program_id, kind="points.posted", subject_id=made.pk, facts={}, recorded_at=at
    )
    if made.key_digest:
        IdempotencyRecord.objects.create(
            channel=channel,
            program_id=for_set.program_id,
            key_digest=made.key_digest,
            request_digest=b"r" * 32,
            status=201,
            body=b"{}",
            created_at=at,
        )
    return made


def _entry(to: Posting, account: PointAccount, amount: int, *, debt: int = 0) -> Entry:
    account.refresh_from_db()
    account.balance += amount
    account.debt += debt
    account.entry_count += 1
    original = to.reverses or to
    if original.kind == "earn":
        account.lifetime_earned += amount
    if original.kind in ("redeem", "capture"):
        account.lifetime_redeemed -= amount
    account.save()
    return Entry.objects.create(
        posting=to,
        account=account,
        program_id=account.program_id,
        number=account.entry_count,
        amount=amount,
        balance_after=account.balance,
    )


def credit(to: Posting, account: PointAccount, points: int, **lot: Any) -> Lot:
    """An entry and the lot it makes; open debts of the account draw from it first."""
    entry = _entry(to, account, points)
    made = Lot.objects.create(
        account=account, entry=entry, amount=points, remaining=points, **({"earned_at": to.occurred_at} | lot)
    )
    for debt in Debt.objects.filter(account=account, remaining__gt=0):
        repaid = min(debt.remaining, made.remaining)
        _draw(debt.entry, to, made, repaid)
        debt.remaining -= repaid
        debt.save()
        account.debt -= repaid
        account.save()
    return made


def debit(to: Posting, account: PointAccount, draws: Draws, *, debt: int = 0) -> Entry:
    """An entry that takes the points named and leaves the debt."""
    entry = _entry(to, account, -debt - sum(points for _, points in draws), debt=debt)
    for lot, points in draws:
        _draw(entry, to, lot, points)
    if debt:
        Debt.objects.create(entry=entry, account=account, person=to.person, amount=debt, remaining=debt)
    return entry


def give_back(to: Posting, account: PointAccount, draws: Draws) -> Entry:
    entry = _entry(to, account, sum(points for _, points in draws))
    for lot, points in draws:
        _draw(entry, to, lot, -points)
    return entry


def _draw(entry: Entry, by: Posting, lot: Lot, points: int) -> None:
    Draw.objects.create(entry=entry, lot=lot, posting=by, amount=points)
    lot.refresh_from_db()
    lot.remaining -= points
    lot.save()
