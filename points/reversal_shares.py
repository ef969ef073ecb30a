"""How much of each point type a part of a reversal takes back (domain 1.6, returns in parts).

Reversed so far = rounding(credited x returned / sold): counted from the whole each time, so that parts never drift
and the last one leaves nothing.
"""

from collections.abc import Mapping
from enum import StrEnum


class Rounding(StrEnum):
    DOWN = "down"
    HALF_UP = "half_up"
    UP = "up"


def returned_points(credited: int, *, returned: int, sold: int, rounding: Rounding = Rounding.HALF_UP) -> int:
    """Points reversed in all once `returned` of `sold` came back; everything once all of it did."""
    if returned >= sold:
        return credited
    whole, rest = divmod(credited * returned, sold)
    if rounding is Rounding.UP:
        return whole + bool(rest)
    if rounding is Rounding.HALF_UP:
        return whole + (2 * rest >= sold)
    return whole


def shares(totals: Mapping[int, int], *, before: Mapping[int, int], asked: int | None, type_id: int) -> dict[int, int]:
    """Points per type that a part takes: `asked` of the type named (None: all that is left of every type), the
    others in proportion. `totals` are those of the posting, `before` what earlier parts took. The caller made sure
    that `asked` is not more than is left.
    """
    left = {one: total - before.get(one, 0) for one, total in totals.items()}
    if asked is None:
        return {one: points for one, points in left.items() if points > 0}
    so_far = before.get(type_id, 0) + asked
    part = {
        one: max(0, returned_points(total, returned=so_far, sold=totals[type_id]) - before.get(one, 0))
        for one, total in totals.items()
    }
    part[type_id] = asked
    return {one: points for one, points in part.items() if points > 0}
