"""The rows of a made-up past as the ledger would write them: postings, entries, lots, draws, holds, debts."""

from collections.abc import Sequence

from loyalty_site.volume.accounts import Account, Lot, Owed
from loyalty_site.volume.staging import Stage

HOUR, DAY = 3_600, 86_400
# The run of expiry comes so long after the late grace.
RUN = 2 * HOUR
HOLD_DAYS = 20


class Books:
    """Writes to the stage and keeps the accounts it is handed right. `made` counts entries."""

    def __init__(self, stage: Stage, *, grace: int) -> None:
        self._stage, self._grace = stage, grace
        self.made = self._entries = self._lots = self._holds = self._reversals = 0

    def _credit(self, account: Account, posting: int, entry: int, points: int, t: int) -> Lot:
        lot = Lot(
            account.expiry(t), t, self._next_lot(), t + account.pending, points, points, entry, account.person,
            account.person,
        )  # fmt: skip
        self._repay(account, posting, lot)
        self._keep(account, lot)
        return lot

    def _repay(self, account: Account, posting: int, lot: Lot) -> None:
        """Debts first: the old debit draws the new lot."""
        while account.debts and lot.left:
            owed = account.debts[0]
            points = min(owed.left, lot.left)
            owed.left -= points
            lot.left -= points
            account.debt -= points
            self._stage.draw(owed.entry, posting, lot.n, points)
            if not owed.left:
                self._stage.debt(owed.entry, account.n, account.person, owed.amount, 0)
                account.debts.pop(0)

    def _keep(self, account: Account, lot: Lot) -> None:
        if lot.left:
            account.add(lot)
        else:
            self._stage.lot(account, lot)

    def _take(
        self,
        account: Account,
        takes: Sequence[tuple[Lot, int]],
        kind: str,
        t: int,
        *,
        cause: int | None,
        occurred: int | None = None,
        more: int = 0,
    ) -> int:
        """A debit of these lots and of `more` points that become a debt; the points."""
        points = sum(points for _, points in takes) + more
        n = self._post(account, kind, t, -points, cause=cause, occurred=occurred)
        self._draws(account, n, takes)
        return points

    def _draws(self, account: Account, n: int, takes: Sequence[tuple[Lot, int]]) -> None:
        emptied = False
        for lot, points in takes:
            lot.left -= points
            self._stage.draw(n, n, lot.n, points)
            if not lot.left:
                emptied = True
                self._stage.lot(account, lot)
        if emptied:
            account.lots = [lot for lot in account.lots if lot.left]

    def _hold(
        self,
        account: Account,
        takes: Sequence[tuple[Lot, int]],
        t: int,
        *,
        status: str,
        ends: int | None,
        captured: int = 0,
        posting: int | None = None,
    ) -> int:
        n = self._holds
        self._holds += 1
        points = sum(points for _, points in takes)
        until = t + HOUR if ends else t + HOLD_DAYS * DAY
        self._stage.hold(
            n, account.n, account.member, account.person, points, captured, status, t, until, ends, posting
        )
        for lot, part in takes:
            self._stage.held(n, lot.n, part)
        return n

    def _take_back(
        self, account: Account, posting: int, takes: Sequence[tuple[Lot, int]], t: int, *, debt: int
    ) -> None:
        n, self._reversals = self._reversals, self._reversals + 1
        entry = self._entries
        points = sum(part for _, part in takes) + debt
        self._stage.reversal(n, posting, entry, account.type, points, debt, t)
        self._take(account, takes, "reverse", t, cause=n, more=debt)
        account.earned -= points
        account.earning = None
        if debt:
            account.debt += debt
            account.debts.append(Owed(entry, debt, debt))

    def _expire(self, account: Account, until: int) -> None:
        """Runs of expiry before `until`, each a posting for the lots of one date."""
        lots = account.lots
        while lots and lots[0].expires + self._grace + RUN <= until:
            expires = lots[0].expires
            due = [(lot, lot.left) for lot in lots if lot.expires == expires]
            t = account.after(expires + self._grace + RUN)
            self._take(account, due, "expire", t, cause=None, occurred=expires)
            lots = account.lots

    def _post(
        self, account: Account, kind: str, t: int, points: int, *, cause: int | None, occurred: int | None = None
    ) -> int:
        """A posting with its entry, which has the same number; that number."""
        n = self._entries
        self._stage.posting(n, account, kind, t if occurred is None else occurred, t, cause, abs(points))
        return self._enter(account, n, t, points)

    def _enter(self, account: Account, posting: int, t: int, points: int) -> int:
        n = self._entries
        self._entries += 1
        self.made += 1
        account.entries += 1
        account.balance += points
        account.last = t
        self._stage.entry(n, posting, account.n, account.entries, points, account.balance, t)
        return n

    def _next_lot(self) -> int:
        n = self._lots
        self._lots += 1
        return n
