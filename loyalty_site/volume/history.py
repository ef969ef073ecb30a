"""Shares the entries out among the memberships and lets their past happen, a few memberships at a time."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

from loyalty_site.volume.accounts import NEVER, Account
from loyalty_site.volume.people import People
from loyalty_site.volume.plan import Volume
from loyalty_site.volume.staging import Stage
from loyalty_site.volume.walking import Walk
from programs.design import Design, design_of
from programs.expiry import expires_at
from programs.models import PointKind, PointType, Program

DAY = 86_400
# Memberships that transfer points among each other.
GROUP = 8
# What expires comes on top of the events; measured on the way, this is the first guess.
MORE = 0.15
FIRST = 0


def make_past(
    people: People, programs: list[Program], stage: Stage, *, volume: Volume, now: int, grace: timedelta
) -> None:
    """Exactly `volume.entries` entries on the accounts of all memberships."""
    walk = Walk(stage, seed=volume.seed, now=now, grace=int(grace.total_seconds()))
    makers = [_Maker(design_of(program.pk), people) for program in programs]
    # The last entries are left to the first membership, whatever expires meanwhile.
    most = volume.entries - max(50, min(volume.entries // 50, 2_000))
    weight = sum(people.weight) - people.weight[FIRST]
    for program, numbers in _groups(people, len(programs)):
        pairs = [makers[program].pair(n) for n in numbers]
        share = (most - walk.made) / (weight * (walk.made / walk.asked if walk.asked else 1 + MORE))
        weight -= sum(people.weight[n] for n in numbers)
        walk.group(pairs, [_events(people.weight[n] * share) for n in numbers], most=most)
    for n, of_person in enumerate(people.weight):
        if not of_person:
            for account in makers[people.program[n]].pair(n):
                stage.account(account)
    missing = volume.entries - walk.made
    if missing < 0:
        raise ValueError("So few entries can't be shared out exactly: ask for more entries, or fewer customers.")
    walk.fill(makers[people.program[FIRST]].pair(FIRST), missing)


def _events(expected: float) -> int:
    """Rounded, so that those of little weight have none rather than one each."""
    return max(0, round(expected))


def _groups(people: People, programs: int) -> Iterator[tuple[int, list[int]]]:
    """Memberships of one program, so many at a time, all but the first one and those never activated."""
    waiting: list[list[int]] = [[] for _ in range(programs)]
    for n in range(FIRST + 1, len(people.person)):
        if not people.weight[n]:
            continue
        program = people.program[n]
        waiting[program].append(n)
        if len(waiting[program]) == GROUP:
            yield program, waiting[program]
            waiting[program] = []
    for program, numbers in enumerate(waiting):
        if numbers:
            yield program, numbers


class _Maker:
    """The accounts of one program's memberships: of the redeemable type, then of the qualifying one."""

    def __init__(self, design: Design, people: People) -> None:
        types = {one.kind: one for one in design.point_types.values()}
        self._types = [types[PointKind.REDEEMABLE], types[PointKind.QUALIFYING]]
        self._expiries = [_expiry(one, design) for one in self._types]
        self._people = people

    def pair(self, n: int) -> tuple[Account, Account]:
        redeemable, qualifying = (
            Account(
                2 * n + i,
                n,
                self._people.person[n],
                one.pk,
                self._expiries[i],
                one.pending_days * DAY,
                self._people.enrolled[n],
                self._people.ended[n],
            )
            for i, one in enumerate(self._types)
        )
        return redeemable, qualifying


def _expiry(point_type: PointType, design: Design) -> Callable[[int], int]:
    """When points earned at that time expire, by the rule of their type, which knows days and no smaller times."""
    known: dict[int, int] = {}

    def of(earned: int) -> int:
        day = earned // DAY
        if day not in known:
            at = expires_at(point_type, earned_at=datetime.fromtimestamp(earned, UTC), zone=design.zone)
            known[day] = NEVER if at is None else int(at.timestamp())
        return known[day]

    return of
