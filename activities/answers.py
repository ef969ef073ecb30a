"""Parts of answers that several verbs share."""

from collections.abc import Sequence
from typing import Any

from common import clock
from memberships.models import Membership
from points.balances import balances_of, iso
from points.models import Hold, PointAccountSet
from programs.design import Design
from programs.models import PointType


def touched_balances(set_id: int, point_types: Sequence[PointType], design: Design) -> list[dict[str, Any]]:
    """The <balance> of those types in a set, as they stand now."""
    pools = frozenset(PointAccountSet.objects.filter(pk=set_id, is_pool=True).values_list("pk", flat=True))
    at = clock.program_now(design.program)
    shown = balances_of([set_id], point_types=design.point_types, at=at, pools=pools)[set_id]
    codes = {point_type.code for point_type in point_types}
    return [one for one in shown if one["point_type"] in codes]


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
