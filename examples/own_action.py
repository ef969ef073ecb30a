"""An own action for rules: a bonus by steps of the amount, which no single expression says plainly.

Start the program with LOYALTY_OWN_ACTIONS=examples.own_action, then a rule can say

    {"do": "own", "name": "bonus_by_steps", "parameters": {"steps": "100: 10, 250: 40, 1000: 250"}}

and a purchase of 300.00 gives 40 points. docs/rules.md describes what an own action is given and may answer.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from activities.rules.facts import ActivityFacts, MemberState
from activities.rules.own import own_action


@own_action("bonus_by_steps", parameters={"steps": str})
def bonus_by_steps(
    activity: ActivityFacts, state: MemberState, parameters: Mapping[str, Any]
) -> Sequence[Mapping[str, Any]]:
    """The points of the highest step that the amount reaches; members with the label `double` get twice as many."""
    steps = [step.split(":") for step in parameters["steps"].split(",")]
    reached = [int(points) for least, points in steps if (activity.amount or 0) >= Decimal(least.strip())]
    if not reached:
        return []
    points = max(reached) * (2 if "double" in state.labels else 1)
    return [{"do": "credit", "points": points}]
