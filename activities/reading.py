"""What a membership's points look like: which sets it reads, balances, statement, explanation."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from memberships.models import Membership
from memberships.pools import pools_of
from memberships.types import type_of
from points.accounts import account_for
from points.balances import balances_of
from points.explaining import Explanation, explain
from points.models import PointAccountSet
from points.statement import Line, Period, Span, Statement, statement
from programs.design import Design, design_of
from programs.models import PointKind


def sets_of(membership: Membership, design: Design) -> list[int]:
    """The pool while the membership uses one, for it holds the default type; then the own set."""
    kind = type_of(membership.type)
    used = {kind.account_set_for(membership, point_type) for point_type in design.point_types.values()}
    return [*sorted(used - {membership.own_set_id}), membership.own_set_id]


def spans_of(membership: Membership) -> list[Span]:
    """The own set, and its pools for the time it shared them."""
    return [Span(membership.own_set_id), *pools_of(membership)]


def balances(membership: Membership) -> list[dict[str, Any]]:
    """The API's balances: those of the own set and of the pool in use."""
    design = design_of(membership.program_id)
    sets = sets_of(membership, design)
    found = balances_of(sets, design=design)
    return [balance for set_id in sets for balance in found[set_id]]


def statement_of(
    membership: Membership,
    *,
    since: datetime,
    until: datetime,
    page_size: int,
    position: Mapping[int, int] | None = None,
) -> tuple[dict[str, Any], Statement]:
    """The API's statement without its links, and the page as it was read."""
    design = design_of(membership.program_id)
    page = statement(spans_of(membership), since=since, until=until, page_size=page_size, position=position)
    body = {
        "from": since,
        "to": until,
        "accounts": [_period_shape(period, design) for period in page.periods if period.last],
        "results": [_line_shape(line, design) for line in page.lines],
    }
    return body, page


def explanation_of(membership: Membership, *, at: datetime, point_type: str | None) -> dict[str, Any]:
    """The API's explanation: why the balance of the type was what it was at that time."""
    return _explanation_shape(explained(membership, at=at, point_type=point_type), design_of(membership.program_id))


def explained(membership: Membership, *, at: datetime, point_type: str | None) -> Explanation:
    """Of the account the points lived on then: the own one, or that of a pool it shared. Raises NoPointType."""
    asked = design_of(membership.program_id).point_type(point_type)
    set_id = membership.own_set_id
    if asked.kind == PointKind.REDEEMABLE:
        set_id = next((one.set_id for one in pools_of(membership) if one.holds(at)), set_id)
    return explain(account_for(PointAccountSet.objects.get(pk=set_id), asked), at=at)


def _period_shape(period: Period, design: Design) -> dict[str, Any]:
    return {
        "point_type": design.point_types[period.point_type_id].code,
        "pooled": period.pooled,
        "opening": period.opening,
        "closing": period.closing,
    }


def _line_shape(line: Line, design: Design) -> dict[str, Any]:
    return {
        "posting": line.posting_id,
        "kind": line.kind,
        "point_type": design.point_types[line.point_type_id].code,
        "pooled": line.pooled,
        "amount": line.amount,
        "balance_after": line.balance_after,
        "person": line.person_id,
        "occurred_at": line.occurred_at,
        "recorded_at": line.recorded_at,
        "reason": line.reason_code,
        "reverses": line.reverses,
    }


def _explanation_shape(found: Explanation, design: Design) -> dict[str, Any]:
    return {
        "point_type": design.point_types[found.point_type_id].code,
        "at": found.at,
        "balance": found.balance,
        "debt": found.debt,
        "lots": found.lots,
        "debts": found.debts,
        "holds": found.holds,
        "complete": found.complete,
    }
