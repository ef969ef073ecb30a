"""The real verbs and the model side by side: the same steps, the same refusals, the same figures after each."""

import copy
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any, ClassVar

from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from activities.adjusting import AdjustmentCall, adjust_points, approve_adjustment, refuse_adjustment
from activities.calls import PointsCall
from activities.converting import ConversionCall, convert_points
from activities.earning import earn
from activities.holding import HoldCall, capture_hold, hold_points, release_hold
from activities.redeeming import redeem
from activities.reversing import reverse_posting
from activities.transferring import TransferCall, transfer_points
from common import clock
from common.errors import LoyaltyError
from loyalty_site.auditing import audit
from memberships.lifecycle import reinstate, suspend
from memberships.programs import forget_programs
from points.expiry import expire_points
from points.holds import release_holds
from points.models import Hold, Posting, PostingKind
from points.redating import extend
from points.reversal_parts import Part
from programs.design import forget_designs
from programs.life import move_clock
from tests.factories import ACTOR
from tests.stateful import comparing, model, reversing, verbs
from tests.stateful.model import ZONE, Account, Ledger
from tests.stateful.world import STAFF, counts, make_world

MEMBERS, BENEFICIARY = 4, 3
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
START = datetime(2026, 3, 20, 12, tzinfo=UTC)
NOT_REVERSED = {PostingKind.EXPIRE, PostingKind.REVERSE}
_codes = count(1)

WHO = st.integers(0, MEMBERS - 1)
TYPE = st.sampled_from(["miles", "miles", "lively", "coins", "status"])
POINTS = st.one_of(st.integers(1, 200), st.sampled_from(["all", "all and one"]))
# Late events up to the grace and beyond, early ones up to five minutes and beyond.
SHIFT = st.sampled_from([0, 0, 0, 0, 1, 20, 71.9, 72.1, -0.05, -0.1])
WHICH = st.integers(0, 999)


class Machine(RuleBasedStateMachine):
    """With `online`, outside a transaction and by the real clock; else inside one that is rolled back."""

    online: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        forget_designs()
        forget_programs()
        if not self.online:
            self.stack.enter_context(clock.frozen(START))
            self.stack.enter_context(transaction.atomic())

    @initialize(policy=st.sampled_from(["refuse", "negative", "cut_refund"]), points=st.integers(20, 300))
    def begin(self, policy: str, points: int) -> None:
        code = f"model-{next(_codes)}"
        # A year's limit leaves no transfer to the online form.
        terms = {"members": MEMBERS, "beneficiary": BENEFICIARY, "policy": policy}
        limit = None if self.online else model.TRANSFER_YEAR
        self.world, self.ledger = make_world(code, **terms, year_limit=limit), Ledger(**terms, year_limit=limit)
        self.adjustments: list[int] = []
        for account_type in ("miles", "lively", "status"):
            for who in (0, 1):
                self.earn(who, account_type, points, 0)

    def teardown(self) -> None:
        try:
            if hasattr(self, "world"):
                self.prove()
        finally:
            self.give_up()

    def give_up(self) -> None:
        """Nothing is left of the example, but for what the online forms committed."""
        if not self.online:
            transaction.set_rollback(True)
        self.stack.close()

    def prove(self) -> None:
        """The audit finds nothing once the daily runs have come."""
        self.tidy_holds()
        self.agree()
        self.expire()
        self.agree()
        if not self.online:
            with connection.cursor() as cursor:
                cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        found = [f"{one.invariant.id} {one.row}: {one.detail}" for one in audit(program_id=self.world.program.pk)]
        assert not found, found

    def both(self, wanted: Callable[[Ledger, datetime], Any], real: Callable[[], Any]) -> Any:
        """The verb's answer; a refusal has the same code on both sides, changes nothing, and answers None."""
        now, after, code = self.world.now(), copy.deepcopy(self.ledger), None
        try:
            wanted(after, now)
        except model.Refused as refusal:
            code = refusal.code
        before = counts(self.world) if code else None
        said, answer = said_by(real)
        assert said == code, f"refused with {said}, the model says {code}"
        if code:
            assert counts(self.world) == before
            return None
        self.ledger = after
        return answer

    def points(self, account: Account, points: int | str) -> int:
        available = self.ledger.available(account, self.world.now())
        return {"all": max(1, available), "all and one": available + 1}.get(str(points)) or int(points)

    def membership(self, who: int) -> int:
        return self.world.memberships[who].pk

    @rule(who=WHO, code=TYPE, points=st.integers(1, 200), shift=SHIFT)
    def earn(self, who: int, code: str, points: int, shift: float) -> None:
        at = self.world.now() - shift * HOUR
        call = PointsCall(self.membership(who), points, code, occurred_at=at)
        self.both(lambda ledger, now: verbs.earn(ledger, (who, code), points, at, now), lambda: earn(call, actor=ACTOR))

    @rule(who=WHO, code=TYPE, points=POINTS, shift=SHIFT)
    def redeem(self, who: int, code: str, points: int | str, shift: float) -> None:
        asked, at = self.points((who, code), points), self.world.now() - shift * HOUR
        call = PointsCall(self.membership(who), asked, code, occurred_at=at)
        self.both(
            lambda ledger, now: verbs.redeem(ledger, (who, code), asked, at, now), lambda: redeem(call, actor=ACTOR)
        )

    # Holds.

    @rule(who=WHO, code=TYPE, points=POINTS, hours=st.sampled_from([1, 24, 24 * 29]))
    def hold(self, who: int, code: str, points: int | str, hours: int) -> None:
        asked = self.points((who, code), points)
        call = HoldCall(self.membership(who), asked, code, expires_in=hours * 3600)
        self.both(
            lambda ledger, now: verbs.hold(ledger, (who, code), asked, hours * 3600, now),
            lambda: hold_points(call, actor=ACTOR),
        )

    @precondition(lambda self: self.ledger.holds)
    @rule(which=WHICH, points=st.one_of(st.none(), st.none(), st.integers(1, 60)))
    def capture(self, which: int, points: int | None) -> None:
        number, pk = self.chosen_hold(which)
        self.both(
            lambda ledger, now: verbs.capture(ledger, number, points, now),
            lambda: capture_hold(pk, actor=ACTOR, points=points),
        )

    @precondition(lambda self: self.ledger.holds)
    @rule(which=WHICH)
    def release(self, which: int) -> None:
        number, pk = self.chosen_hold(which)
        self.both(lambda ledger, now: verbs.release(ledger, number, now), lambda: release_hold(pk, actor=ACTOR))

    @precondition(lambda self: self.ledger.holds)
    @rule()
    def tidy_holds(self) -> None:
        over = sum(one.status == "open" and one.expires_at <= self.world.now() for one in self.ledger.holds)
        tidied: list[int] = []
        self.both(verbs.tidy_holds, lambda: release_holds(progress=tidied.append))
        assert len(tidied) == over

    # From one account to another.

    @rule(giver=WHO, taker=WHO, code=TYPE, points=POINTS, donate=st.sampled_from([False, False, True]))
    def transfer(self, giver: int, taker: int, code: str, points: int | str, donate: bool) -> None:
        asked = self.points((giver, code), points)
        call = TransferCall(self.membership(giver), self.membership(taker), asked, code, donate)
        self.both(
            lambda ledger, now: verbs.transfer(ledger, giver, taker, code, asked, now, donate=donate),
            lambda: transfer_points(call, actor=ACTOR),
        )

    @rule(who=WHO, pair=st.sampled_from([*model.RATES, ("coins", "miles")]), points=POINTS)
    def convert(self, who: int, pair: tuple[str, str], points: int | str) -> None:
        asked = self.points((who, pair[0]), points)
        call = ConversionCall(self.membership(who), *pair, asked)
        self.both(
            lambda ledger, now: verbs.convert(ledger, who, pair, asked, now), lambda: convert_points(call, actor=ACTOR)
        )

    # Corrections.

    @rule(who=WHO, code=TYPE, points=POINTS, sign=st.sampled_from([1, -1]), staff=st.sampled_from([0, 1]))
    def adjust(self, who: int, code: str, points: int | str, sign: int, staff: int) -> None:
        asked = sign * self.points((who, code), points)
        call = AdjustmentCall(self.membership(who), asked, "goodwill", point_type=code)
        done = self.both(
            lambda ledger, now: verbs.adjust(ledger, (who, code), asked, staff, now),
            lambda: adjust_points(call, actor=STAFF[staff]),
        )
        if done:
            posted, answer = done
            self.adjustments.append(answer["adjustment"]["id"])
            assert posted == (self.ledger.adjustments[-1].status == "posted")

    @precondition(lambda self: self.ledger.adjustments)
    @rule(which=WHICH, staff=st.sampled_from([0, 1]), approve=st.sampled_from([True, True, False]))
    def decide(self, which: int, staff: int, approve: bool) -> None:
        number = which % len(self.adjustments)
        pk = self.adjustments[number]
        verb = approve_adjustment if approve else refuse_adjustment
        self.both(
            lambda ledger, now: verbs.decide(ledger, number, staff, now, approve=approve),
            lambda: verb(pk, actor=STAFF[staff]),
        )

    @rule(which=WHICH, points=st.one_of(st.none(), st.integers(1, 80)))
    def reverse(self, which: int, points: int | None) -> None:
        made = Posting.objects.filter(program=self.world.program).exclude(kind__in=NOT_REVERSED).order_by("pk")
        number = which % len(self.ledger.postings)
        pk = made.values_list("pk", flat=True)[number]
        code = reversing.named_type(self.ledger.postings[number])
        part = Part("returned", points=points, point_type=code if points else None)
        self.both(
            lambda ledger, now: reversing.reverse(ledger, number, points, now),
            lambda: reverse_posting(pk, part, actor=STAFF[0]),
        )

    @rule(which=WHICH, days=st.sampled_from([-1, 0, 1, 40]))
    def extend(self, which: int, days: int) -> None:
        number, (pk, _) = (rows := comparing.lots_of(self.world)) and (which % len(rows), rows[which % len(rows)])
        end = self.ledger.lots[number].expires_at or self.world.now()
        last_day = (end.astimezone(ZONE) - timedelta(minutes=1)).date() + days * DAY
        self.both(
            lambda ledger, now: verbs.extend(ledger, number, last_day, now),
            lambda: extend(pk, last_day=last_day, reason_code="goodwill", actor=STAFF[0]),
        )

    # Statuses, time and the daily runs.

    @rule(who=WHO)
    def suspend(self, who: int) -> None:
        membership = self.world.memberships[who]
        self.both(
            lambda ledger, _: verbs.suspend(ledger, who), lambda: suspend(membership, actor=ACTOR, reason="fraud")
        )

    @precondition(lambda self: self.ledger.suspended)
    @rule(who=WHO)
    def reinstate(self, who: int) -> None:
        membership = self.world.memberships[who]
        self.both(
            lambda ledger, _: verbs.reinstate(ledger, who), lambda: reinstate(membership, actor=ACTOR, reason="cleared")
        )

    @rule(by=st.sampled_from([HOUR, DAY, 3 * DAY, 12 * DAY, 31 * DAY]))
    def wait(self, by: timedelta) -> None:
        move_clock(self.world.program, actor=ACTOR, by=by)

    @rule(which=WHICH, late=st.sampled_from([timedelta(0), model.GRACE]))
    def wait_until_something_ends(self, which: int, late: timedelta) -> None:
        """To the very moment at which points or a hold end, points become usable, or a run may post an end."""
        now = self.world.now()
        ends = [lot.expires_at for lot in self.ledger.lots] + [lot.available_at for lot in self.ledger.lots]
        ends += [one.expires_at for one in self.ledger.holds if one.status == "open"]
        ends += [self.ledger.rested_at((who, model.INACTIVITY)) for who in range(MEMBERS)]
        ahead = sorted({end + late for end in ends if end is not None and end + late > now})
        if ahead:
            move_clock(self.world.program, actor=ACTOR, by=ahead[which % min(len(ahead), 3)] - now)

    @rule()
    def expire(self) -> None:
        self.both(verbs.expire_run, lambda: expire_points(self.world.program, actor=ACTOR))

    @invariant()
    def agree(self) -> None:
        if hasattr(self, "world"):
            found = comparing.differences(self.world, self.ledger, self.world.now())
            assert not found, found

    def chosen_hold(self, which: int) -> tuple[int, int]:
        """(number in the model, id)"""
        pks = list(Hold.objects.filter(program=self.world.program).order_by("pk").values_list("pk", flat=True))
        return which % len(pks), pks[which % len(pks)]


def said_by(verb: Callable[[], Any]) -> tuple[str | None, Any]:
    """(code of the refusal, answer)"""
    try:
        return None, verb()
    except LoyaltyError as error:
        return error.code, None


class OnlineMachine(Machine):
    online = True
