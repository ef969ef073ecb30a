"""The real program of rewards and the model of it, step by step: what both say, and whether they agree."""

import copy
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

from django.db import transaction
from hypothesis.stateful import RuleBasedStateMachine, invariant

from common import clock
from memberships.models import Membership, MembershipChange
from memberships.programs import forget_programs
from programs.design import forget_designs
from tests.stateful.machine import said_by
from tests.stateful.model import Refused
from tests.stateful.rewarding import Rewards
from tests.stateful.rewarding_told import differences, told
from tests.stateful.rewarding_world import World, seen

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
# A fortnight before the year ends.
START = datetime(2026, 12, 18, 9, tzinfo=UTC)


class SideBySide(RuleBasedStateMachine):
    """With `online`, outside a transaction; else inside one that is rolled back. The clock stands still but for what
    the steps let pass."""

    world: World
    model: Rewards
    online: ClassVar[bool] = False

    def __init__(self) -> None:
        super().__init__()
        self.stack = ExitStack()
        forget_designs()
        forget_programs()
        self.now = START
        self.waiting: list[int] = []
        # The change carried out last, and who was at home where before, while nobody has acted since.
        self.undoable: tuple[MembershipChange, dict[int, int]] | None = None
        if not self.online:
            self.stack.enter_context(transaction.atomic())

    @property
    def upcoming(self) -> datetime:
        """When the next step happens: no two happen at one time, so the time tells which was first."""
        return self.now + MINUTE

    def both(self, wanted: Callable[[Rewards, datetime], Any], real: Callable[[], Any], *, acts: bool = True) -> Any:
        """The verb's answer; a refusal has the same code on both sides, changes nothing, and answers None."""
        self.now = self.upcoming
        after, code = copy.deepcopy(self.model), None
        try:
            wanted(after, self.now)
        except Refused as refusal:
            code = refusal.code
        with clock.frozen(self.now):
            said, answer = said_by(real)
        assert said == code, f"refused with {said}, the model says {code}"
        if code is not None:
            return None
        self.model = after
        if acts:
            self.undoable = None
        return answer

    def membership(self, person: int) -> Membership:
        return Membership.objects.get(pk=self.world.memberships[person].pk)

    @invariant()
    def agree(self) -> None:
        if not hasattr(self, "world"):
            return
        with clock.frozen(self.now):
            real, model = seen(self.world), told(self.model)
        assert real.keys() == model.keys()
        found = [
            f"{name}: {left}, the model says {right}"
            for name, (one, other) in {name: (real[name], model[name]) for name in model}.items()
            for left, right in differences(one, other)
        ]
        assert not found, "\n".join(found)
