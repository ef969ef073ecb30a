"""Parts of answers that several verbs share."""

from collections.abc import Sequence
from typing import Any

from common import clock
from memberships.models import Membership
from points.balances import balances_of, iso
from points.models import Hold
from programs.design import Design
from programs.models import PointType


def touched_balances(set_id: int, point_types: Sequence[PointType], design: Design) -> list[dict[str, Any]]:
    """The <balance> of those types in a set, as they stand now."""
    codes = {point_type.code for point_type in point_types}
    return [one for one in balances_of([set_id], design=design)[set_id] if one["point_type"] in codes]


def hold_shape(hold: Hold, design: Design) -> dict[str, Any]:
    """The API's <hold>; one past its limit is shown as lapsed, tidied or not."""
    membership = Membership.objects.values_list("pk", flat=True).get(own_set=hold.for_set_id)
    return {
        "id": hold.pk,
        "membership": membership,
        "member": hold.person_id,
        "status": str(hold.status_at(clock.program_now(design.program))),
        "point_type": design.point_types[hold.account.point_type_id].code,
        "points": hold.points,
        "captured": hold.captured,
        "reference": hold.reference,
        "placed_at": iso(hold.occurred_at),
        "expires_at": iso(hold.expires_at),
        "ended_at": iso(hold.ended_at) if hold.ended_at else None,
    }
