"""Sales, rules, tiers and rewards side by side with the model: the same steps, the same refusals, the same figures."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from activities.models import MemberActivity
from activities.ordering import OrderCall, cancel_order, order_reward
from activities.queueing import process_waiting
from activities.receiving import ActivityCall, receive
from activities.reprocessing import reprocess
from activities.returnable import ReturnCall
from activities.returning import return_transaction
from activities.rules.releasing import change_rule, release_rule
from common import clock
from loyalty_site.auditing import audit
from memberships.changes.carrying_out import carry_out
from memberships.changes.plan import Proposal
from memberships.changes.proposing import propose
from memberships.changes.undoing import undo
from memberships.models import MembershipChange
from memberships.reviewing import review_tiers
from points.expiry import expire_points
from tests import changes
from tests.activities.sales import sale
from tests.factories import ACTOR
from tests.stateful import rewarding, selling
from tests.stateful.rewarding import Rewards
from tests.stateful.rewarding_base import DAY, HOUR, START, SideBySide
from tests.stateful.rewarding_world import BASIC, IS_ODD, MENDED, ODD, make_world

PEOPLE = 3
WHO = st.integers(0, PEOPLE - 1)
WHICH = st.integers(0, 99)
# Small ones, one that makes a rule fail, some with a voucher and a toll, some that reach a rung or two.
CENTS = st.one_of(st.integers(100, 6_000), st.just(rewarding.ODD), st.integers(9_000, 45_000))
LATE = st.sampled_from([0, 0, 0, 0, 1, 20, 71.9, 72.1, -0.1])
COLOR = st.sampled_from(["", "red", "blue"])
_codes = count(1)


class RewardsMachine(SideBySide):
    """People buy, the program rewards, some share what they have."""

    @initialize(policy=st.sampled_from(["refuse", "negative", "cut_refund"]))
    def begin(self, policy: str) -> None:
        began = START - 9 * DAY
        self.world = make_world(f"rewards-{next(_codes)}", people=PEOPLE, policy=policy, began=began)
        self.model = Rewards(PEOPLE, policy, began)
        for person in range(PEOPLE):
            self.buy(person, 9_000 + 3_000 * person, 0, "")

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.prove()
        finally:
            if not self.online:
                transaction.set_rollback(True)
            self.stack.close()

    def prove(self) -> None:
        self.process_waiting()
        self.agree()
        self.now += rewarding.GRACE + DAY
        self.expire()
        self.review()
        self.agree()
        if not self.online:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        with clock.frozen(self.now):
            found = [f"{one.invariant.id} {one.row}: {one.detail}" for one in audit(program_id=self.world.program.pk)]
        assert not found, found

    # What people do.

    @rule(person=WHO, cents=CENTS, late=LATE, color=COLOR)
    def buy(self, person: int, cents: int, late: float, color: str) -> None:
        """At a till, at once."""
        at = self.upcoming - late * HOUR

        def wanted(model: Rewards, now: datetime) -> None:
            selling.process(model, selling.receive(model, person, cents, at, now, color=color), now)

        told = {"occurred_at": at, "attributes": {"color": color} if color else {}}
        answer = self.both(wanted, lambda: sale(self.world.memberships[person], _money(cents), **told))
        if answer:
            self.world.transactions[len(self.world.activities)] = answer["id"]
            self.world.activities.append(answer["activities"][0]["id"])

    @rule(person=WHO, cents=CENTS, late=LATE, color=COLOR)
    def queue(self, person: int, cents: int, late: float, color: str) -> None:
        at = self.upcoming - late * HOUR
        call = ActivityCall(
            "purchase", membership=self.world.memberships[person].pk, amount=Decimal(_money(cents)), currency="EUR",
            occurred_at=at, attributes={"color": color} if color else None,
        )  # fmt: skip
        answer = self.both(
            lambda model, now: selling.receive(model, person, cents, at, now, color=color),
            lambda: receive(call, actor=ACTOR, queued=True),
        )
        if answer:
            self.waiting.append(len(self.world.activities))
            self.world.activities.append(answer["id"])

    @rule(many=st.lists(st.tuples(WHO, CENTS, st.sampled_from([0, 1, 20])), min_size=2, max_size=5))
    def batch(self, many: list[tuple[int, int, float]]) -> None:
        for person, cents, late in many:
            self.queue(person, cents, late, "")
        self.process_waiting()

    @rule()
    def process_waiting(self) -> None:
        waiting, self.waiting = self.waiting, []
        self.both(
            lambda model, now: selling.process_waiting(model, waiting, now),
            lambda: process_waiting(self.world.program, actor=ACTOR),
        )

    @rule(which=WHICH, cents=st.one_of(st.none(), st.none(), st.integers(50, 20_000)))
    def take_back(self, which: int, cents: int | None) -> None:
        told = sorted(self.world.transactions)
        number = told[which % len(told)]
        if not selling.is_told(self.model, self.model.sales[number].person, self.model.sales[number].drawn):
            return
        call = ReturnCall(f"R{next(_codes)}", amount=None if cents is None else Decimal(_money(cents)))
        self.both(
            lambda model, now: selling.take_back(model, number, cents, now),
            lambda: return_transaction(self.world.transactions[number], call, actor=ACTOR),
        )

    @rule(which=WHICH)
    def reprocess(self, which: int) -> None:
        """One that failed, where there is one."""
        failed = [number for number, one in enumerate(self.model.sales) if one.status == "failed"]
        number = failed[which % len(failed)] if failed else which % len(self.model.sales)
        if self.model.sales[number].status == "received":
            return
        activity = MemberActivity.objects.get(pk=self.world.activities[number])
        self.both(lambda model, now: selling.reprocess(model, number, now), lambda: reprocess(activity, actor=ACTOR))

    # What the program does.

    @rule(rate=st.integers(1, 3))
    def release(self, rate: int) -> None:
        if self.model.basic[-1][1] == rate:
            return
        self.both(
            lambda model, now: model.basic.append((now, rate)),
            lambda: self._released(self.world.basic, "", BASIC[0] | {"points": rate}, BASIC[1]),
            acts=False,
        )

    @rule()
    def mend_or_break(self) -> None:
        mended = not self.model.odd[-1][1]
        self.both(
            lambda model, now: model.odd.append((now, mended)),
            lambda: self._released(self.world.odd, IS_ODD, MENDED if mended else ODD),
            acts=False,
        )

    def _released(self, rule: Any, condition: str, *actions: dict[str, Any]) -> None:
        definition = {"activity_types": ["purchase"], "condition": condition, "actions": list(actions), "caps": []}
        written = change_rule(
            rule, actor=ACTOR, name=rule.name, group=rule.group, definition=definition, priority=rule.priority
        )
        release_rule(written, actor=ACTOR, why="decided so")

    @rule()
    def expire(self) -> None:
        self.both(
            lambda model, now: model.expire(now), lambda: expire_points(self.world.program, actor=ACTOR), acts=False
        )

    @rule()
    def review(self) -> None:
        self.both(
            lambda model, now: model.review(now), lambda: review_tiers(self.world.program, actor=ACTOR), acts=False
        )

    @rule(by=st.sampled_from([HOUR, DAY, 3 * DAY, 12 * DAY, 12 * DAY, 150 * DAY]))
    def wait(self, by: timedelta) -> None:
        self.now += by
        if by > 3 * DAY:
            self.undoable = None

    # Rewards.

    @rule(person=WHO, quantity=st.sampled_from([1, 1, 2, 3, 4]))
    def order(self, person: int, quantity: int) -> None:
        call = OrderCall(self.world.memberships[person].pk, "mug", quantity)
        answer = self.both(
            lambda model, now: selling.order(model, person, quantity, now), lambda: order_reward(call, actor=ACTOR)
        )
        if answer:
            self.world.orders.append(answer["id"])

    @precondition(lambda self: self.model.orders)
    @rule(which=WHICH)
    def cancel(self, which: int) -> None:
        number = which % len(self.model.orders)
        one = self.model.orders[number]
        if selling.is_told(self.model, one.person, one.drawn):
            self.both(
                lambda model, now: selling.cancel(model, number, now),
                lambda: cancel_order(self.world.orders[number], actor=ACTOR, reason="regret"),
            )

    # Who shares with whom.

    @rule(prime=WHO, secondary=WHO)
    def merge(self, prime: int, secondary: int) -> None:
        if self.model.place(prime) == self.model.place(secondary):
            return
        ids = [self.world.memberships[one].pk for one in (prime, secondary)]
        self._carry_out(Proposal("merge", ids[0], secondary_id=ids[1], result_type="shared"), {prime, secondary})

    @rule(leaver=WHO)
    def split(self, leaver: int) -> None:
        staying = sorted(self.model.with_whom(leaver) - {leaver})
        if not staying:
            return
        row, customers = self.membership(leaver), self.world.customers
        leads = row.pool is not None and row.pool.owner_id == customers[leaver]
        proposal = Proposal(
            "split", row.pk, leaver_id=customers[leaver], policy="by_contribution",
            main_id=customers[staying[0]] if leads and len(staying) > 1 else None,
        )  # fmt: skip
        self._carry_out(proposal, set(), leaver)

    def _carry_out(self, proposal: Proposal, united: set[int], leaver: int | None = None) -> None:
        before = dict(self.model.home)

        def wanted(model: Rewards, now: datetime) -> None:
            if leaver is None:
                model.pools += 1
                model.home |= dict.fromkeys({one for each in united for one in model.with_whom(each)}, model.pools)
                return
            staying = model.with_whom(leaver) - {leaver}
            for one in {leaver} | (staying if len(staying) == 1 else set()):
                del model.home[one]

        def real() -> MembershipChange:
            change = changes.agree(propose(proposal, actor=ACTOR))
            return carry_out(change, actor=ACTOR)

        done = self.both(wanted, real)
        self.undoable = (done, before) if done else None

    @precondition(lambda self: self.undoable is not None)
    @rule()
    def undo(self) -> None:
        assert self.undoable is not None
        change, before = self.undoable

        def wanted(model: Rewards, now: datetime) -> None:
            model.home = dict(before)

        self.both(wanted, lambda: undo(change, actor=ACTOR, reason="mistake"))


def _money(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


class OnlineRewardsMachine(RewardsMachine):
    online = True
