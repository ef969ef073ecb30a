"""Spending from a pool stopped while a change of it is decided (domain 1.9).

Nobody redeems, holds, gives away or converts its points until then. Earning, captures, releases, reversals and
adjustments go on.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db.models import QuerySet

from common.db import lock_rows
from points.drafts import Account
from points.errors import SpendingFrozen
from points.models import PointAccount, PostingKind
from points.moves import Carry, Debit, Move

# The kinds of posting that spend.
SPENDING = frozenset({PostingKind.REDEEM, PostingKind.TRANSFER, PostingKind.DONATE, PostingKind.CONVERT})


def freeze(set_id: int, until: datetime) -> None:
    """Until that time by the program's clock, in the caller's transaction; a later call moves the time."""
    _write(set_id, until)


def thaw(set_id: int) -> None:
    """Spending goes on. Harmless where nothing was frozen."""
    _write(set_id, None)


def frozen_until(set_id: int) -> datetime | None:
    """The time last set, passed or not; None where spending was never stopped or goes on."""
    times = PointAccount.objects.filter(account_set=set_id, frozen_until__isnull=False)
    return max((one for one in times.values_list("frozen_until", flat=True) if one is not None), default=None)


def refuse_frozen(kind: str, moves: Iterable[Move], accounts: Mapping[int, Account], *, at: datetime) -> None:
    """Raise SpendingFrozen where a posting of the kind takes from a locked account that is frozen at `at`."""
    if kind not in SPENDING:
        return
    for move in moves:
        if isinstance(move, Debit | Carry):
            refuse_if_frozen(accounts[move.account_id], at=at)


def refuse_if_frozen(account: Account, *, at: datetime) -> None:
    """Raise SpendingFrozen while nothing is spent from the locked account."""
    if account.frozen_until is not None and account.frozen_until > at:
        raise SpendingFrozen(
            "Nothing is spent from these points until a change of the memberships is decided. Earning goes on.",
            facts={"account": account.id, "until": account.frozen_until.isoformat()},
        )


def _write(set_id: int, until: datetime | None) -> None:
    accounts: QuerySet[PointAccount] = PointAccount.objects.filter(account_set=set_id)
    for account in lock_rows(accounts):
        if account.frozen_until != until:
            account.frozen_until = until
            account.save(update_fields=["frozen_until"])
