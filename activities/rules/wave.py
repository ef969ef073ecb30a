"""An activity on its way through the rules: decided, then written."""

from dataclasses import dataclass, field
from typing import Any

from activities.models import ActivityType, MemberActivity
from activities.rules.deciding import Decision, Effect
from activities.rules.shown import effect_shape
from common.records import record
from memberships.models import Membership
from points.drafts import Posted
from programs.design import Design


@record
class Decided:
    """What the rules make of an activity; nothing is written yet. The membership is locked."""

    activity: MemberActivity
    type: ActivityType
    membership: Membership
    decision: Decision


@dataclass(slots=True)
class Postings:
    """What one activity earned by rules, and what they took away."""

    earned: Posted | None = None
    spent: Posted | None = None

    @property
    def first(self) -> Posted | None:
        return self.earned or self.spent


@record
class Processed:
    """An activity as it stands afterwards; its status and problem say what became of it."""

    activity: MemberActivity
    design: Design
    decided: tuple[Effect, ...] = ()
    postings: Postings = field(default_factory=Postings)

    @property
    def posted(self) -> Posted | None:
        """The posting that earned."""
        return self.postings.earned

    @property
    def spent(self) -> Posted | None:
        """The posting of what rules took away."""
        return self.postings.spent

    @property
    def effects(self) -> list[dict[str, Any]]:
        """The API's <effect>s."""
        return [effect_shape(one, self.design) for one in self.decided]
