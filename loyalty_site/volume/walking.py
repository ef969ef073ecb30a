"""What happened on the accounts of a few memberships of one program, event by event in the order of time.

The rules are the ledger's: credits make lots, debits draw them in spending order, lots expire by a run after the late
grace, debts are repaid by later credits. The audit proves it on the rows that come of it.
"""

import random
from collections.abc import Sequence

from loyalty_site.volume.accounts import Account, Lot
from loyalty_site.volume.booking import DAY, HOUR, RUN, Books
from loyalty_site.volume.staging import Stage

REST = 30 * DAY
# Nothing happens in the last hour, so that times may be moved apart.
QUIET = HOUR
HOLD_OPEN = 0.004
# Shares of events, as the upper ends of their spans; what is above the last is earned.
REDEEM, CAPTURE, TRANSFER, ADJUST, REVERSE, OWE, RELEASE = 0.26, 0.30, 0.33, 0.35, 0.362, 0.363, 0.369
QUALIFYING = 0.15
AMOUNTS = 4_096


class Walk(Books):
    """`made` counts entries, `asked` the events that were to make them."""

    def __init__(self, stage: Stage, *, seed: int, now: int, grace: int) -> None:
        self._random = random.Random(f"{seed}/ledger")  # noqa: S311 - a made-up past, the same for the same seed
        super().__init__(stage, grace=grace)
        self._draw, self._now = self._random.random, now
        self._amounts = [5 + int(self._random.lognormvariate(4.0, 1.0)) for _ in range(AMOUNTS)]
        self.asked = self._adjustments = 0

    def group(self, pairs: Sequence[tuple[Account, Account]], counts: Sequence[int], *, most: int) -> None:
        """`pairs`: a redeemable and a qualifying account of each membership; `counts`: their events.

        Stops beginning new events when `most` entries were made.
        """
        events = sorted((t, i) for i, count in enumerate(counts) for t in self._times(pairs[i][0], count))
        for t, i in events:
            if self.made >= most:
                break
            self.asked += 1
            redeemable, qualifying = pairs[i]
            if self._draw() < QUALIFYING:
                self._earn(qualifying, t)
            else:
                self._happen(redeemable, pairs, t)
        for pair in pairs:
            self._finish(pair)

    def fill(self, pair: tuple[Account, Account], entries: int) -> None:
        """So many earnings in the last days: what is missing to the number asked for."""
        redeemable, qualifying = pair
        start = self._now - 10 * DAY
        step = (10 * DAY - QUIET) / (entries + 1)
        for n in range(entries):
            self._earn(redeemable, int(start + step * (n + 1)))
        self._finish(pair)

    def _times(self, account: Account, count: int) -> list[int]:
        until = account.ended or self._now - QUIET
        start, span = account.enrolled + 60, until - account.enrolled - 120
        draw = self._draw
        return [start + int(draw() * span) for _ in range(count)] if span > 0 else []

    def _happen(self, account: Account, pairs: Sequence[tuple[Account, Account]], t: int) -> None:
        """One event; what cannot be is an earning instead."""
        self._expire(account, t)
        lot = self._draw()
        done = False
        if lot < REDEEM:
            done = self._spend(account, t, "redeem")
        elif lot < CAPTURE:
            done = self._capture(account, t)
        elif lot < TRANSFER:
            done = self._transfer(account, pairs, t)
        elif lot < ADJUST:
            done = self._adjust(account, t)
        elif lot < REVERSE:
            done = self._reverse(account, t)
        elif lot < OWE:
            done = self._owe(account, t)
        elif lot < RELEASE:
            self._release(account, t)
        if not done:
            self._earn(account, t)

    # Credits

    def _earn(self, account: Account, t: int) -> None:
        self._expire(account, t)
        t = account.after(t)
        points = self._amounts[int(self._draw() * AMOUNTS)]
        account.earned += points
        account.last_activity = t
        n = self._post(account, "earn", t, points, cause=None)
        account.earning = (n, self._credit(account, n, n, points, t))

    # Debits

    def _spend(self, account: Account, t: int, kind: str, cause: int | None = None) -> bool:
        t = account.after(t)
        takes = self._chosen(account, t)
        if not takes:
            return False
        points = self._take(account, takes, kind, t, cause=cause)
        account.redeemed += points
        account.last_activity = t
        return True

    def _chosen(self, account: Account, t: int) -> list[tuple[Lot, int]]:
        """A part of what is there, as someone would spend it: often most of it."""
        if account.balance < 2 or account.debts:
            return []
        share = 1.0 - self._draw() ** 2 * 0.9
        return account.choose(max(1, int(account.balance * share)), t)

    def _capture(self, account: Account, t: int) -> bool:
        """A hold of a sale, captured seconds later."""
        t = account.after(t)
        takes = self._chosen(account, t)
        if not takes or takes[0][0].expires <= t + HOUR:
            return False
        points = sum(points for _, points in takes)
        hold = self._hold(account, takes, t, status="captured", ends=t + 20, captured=points, posting=self._entries)
        account.redeemed += self._take(account, takes, "capture", t + 20, cause=hold)
        account.last_activity = t + 20
        return True

    def _release(self, account: Account, t: int) -> None:
        t = account.after(t)
        takes = self._chosen(account, t)
        if takes:
            self._hold(account, takes, t, status="released", ends=t + 20)
            account.last = t + 20

    def _transfer(self, sender: Account, pairs: Sequence[tuple[Account, Account]], t: int) -> bool:
        receiver = pairs[int(self._draw() * len(pairs))][0]
        if receiver is sender or receiver.debts or t < receiver.enrolled or receiver.ended and t >= receiver.ended:
            return False
        self._expire(receiver, t)
        t = max(sender.after(t), receiver.after(t))
        takes = self._chosen(sender, t)
        if not takes:
            return False
        n = self._entries
        points = self._take(sender, takes, "transfer", t, cause=None)
        entry = self._enter(receiver, n, t, points)
        for lot, part in takes:
            child = Lot(
                lot.expires, lot.earned, self._next_lot(), 0, part, part, entry, lot.earner, receiver.person,
                lot.n, lot.n if lot.origin is None else lot.origin,
            )  # fmt: skip
            receiver.add(child)
        return True

    def _adjust(self, account: Account, t: int) -> bool:
        t = account.after(t)
        points = 10 * (1 + int(self._draw() * 40))
        takes = account.choose(points, t) if self._draw() < 0.3 and not account.debts else []
        if sum(part for _, part in takes) == points:
            points = -points
        n, self._adjustments = self._adjustments, self._adjustments + 1
        self._stage.adjustment(n, account.n, account.member, account.person, points, t, self._entries)
        if points < 0:
            self._take(account, takes, "adjust", t, cause=n)
        else:
            entry = self._post(account, "adjust", t, points, cause=n)
            self._credit(account, entry, entry, points, t)
        return True

    # Corrections and ends

    def _reverse(self, account: Account, t: int) -> bool:
        """The latest earning was booked wrongly, and nothing of it is spent yet."""
        if account.earning is None or account.earning[1].left != account.earning[1].amount:
            return False
        posting, lot = account.earning
        self._take_back(account, posting, [(lot, lot.left)], account.after(t), debt=0)
        return True

    def _owe(self, account: Account, t: int) -> bool:
        """All is spent, then the latest earning is refunded: a debt."""
        if account.ended or account.debts or account.earning is None or not self._spend_all(account, t):
            return False
        posting, lot = account.earning
        if lot.left == 0 and not account.lots:
            self._take_back(account, posting, [], account.after(t), debt=lot.amount)
        return True

    def _spend_all(self, account: Account, t: int) -> bool:
        t = account.after(t)
        takes = account.choose(account.balance, t) if account.balance > 0 else []
        if not takes:
            return False
        account.redeemed += self._take(account, takes, "redeem", t, cause=None)
        account.last_activity = t
        return True

    def _finish(self, pair: tuple[Account, Account]) -> None:
        """End what is over, leave a hold open here and there, write the rest."""
        for account in pair:
            self._end(account)
        redeemable, _ = pair
        if self._draw() < HOLD_OPEN and not redeemable.ended:
            self._leave_held(redeemable)
        for account in pair:
            for lot in account.lots:
                self._stage.lot(account, lot)
            for owed in account.debts:
                self._stage.debt(owed.entry, account.n, account.person, owed.amount, owed.left)
            self._stage.account(account)

    def _end(self, account: Account) -> None:
        """Expire what is due; all of it where the membership ended and its points have rested."""
        if not account.ended:
            self._expire(account, self._now)
            return
        rested = account.ended + REST
        self._expire(account, rested)
        if account.lots:
            due = [(lot, lot.left) for lot in account.lots]
            t = account.after(rested + self._grace + RUN)
            self._take(account, due, "expire", t, cause=account.member, occurred=rested)

    def _leave_held(self, account: Account) -> None:
        t = self._now - QUIET // 2
        takes = [(lot, part) for lot, part in self._chosen(account, t) if lot.expires > t + DAY]
        if takes:
            self._hold(account, takes, t, status="open", ends=None)
