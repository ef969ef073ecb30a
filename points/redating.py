"""The two verbs that move a lot's date: `extend` for one lot, the run `redate_lots` for a type (domain 1.6)."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection

from common import clock
from common.actor import Actor
from common.db import in_program, retrying
from common.errors import NotAllowed, NotFound
from gateway.events import record_event
from points.errors import LotNotExtendable, LotsNotRedatable
from points.ledger import lock_accounts
from points.models import Lot, LotDateChange
from programs.design import design_of
from programs.expiry import end_of_day, expires_at
from programs.models import ExpiryPolicy, PointType, ProgramStatus

ACCOUNTS_AT_ONCE = 500
RIGHT = "points:extend"
RUN_RIGHT = "programs:design"
# (account id, earned at) -> the end of the tier period that time lies in.
PeriodEnd = Callable[[int, datetime], datetime | None]

ACCOUNTS = """
SELECT a.id FROM points_pointaccount a
WHERE a.program_id = %(program)s AND a.point_type_id = %(type)s AND a.id > %(after)s
  AND EXISTS (SELECT 1 FROM points_lot l WHERE l.account_id = a.id AND l.is_open)
ORDER BY a.id LIMIT %(limit)s
"""
LOTS = """
SELECT l.account_id, l.id, l.remaining, l.earned_at, l.expires_at, COALESCE((
    SELECT c.verb = 'extend' FROM points_lotdatechange c WHERE c.lot_id = l.id ORDER BY c.id DESC LIMIT 1), false)
FROM points_lot l WHERE l.account_id = ANY(%s) AND l.is_open ORDER BY l.account_id, l.id
"""
MOVE = """
WITH moved AS (
    UPDATE points_lot l SET expires_at = t.new FROM unnest(%(lots)s::bigint[], %(new)s::timestamptz[]) AS t(lot, new)
    WHERE l.id = t.lot
)
INSERT INTO points_lotdatechange (lot_id, old_expires_at, new_expires_at, verb, reason_code, channel_id, user_id,
    recorded_at)
SELECT lot, old, new, 'redate', %(reason)s, %(channel)s, %(user)s, %(now)s
FROM unnest(%(lots)s::bigint[], %(old)s::timestamptz[], %(new)s::timestamptz[]) AS t(lot, old, new)
"""


@dataclass(frozen=True, slots=True)
class Redated:
    """A lot with points left whose date is not the present rule's."""

    lot_id: int
    points: int
    old: datetime | None
    new: datetime | None


@dataclass
class Redating:
    """What a run moved, or would: lots and points by (old date, new date), and points past their new date."""

    lots: int = 0
    points: int = 0
    over_at_once: int = 0
    by_dates: Counter[tuple[datetime | None, datetime | None]] = field(default_factory=Counter)

    def count(self, one: Redated, *, now: datetime) -> None:
        self.lots += 1
        self.points += one.points
        self.over_at_once += one.points if one.new is not None and one.new <= now else 0
        self.by_dates[one.old, one.new] += one.points


def extend(lot_id: int, *, last_day: date, reason_code: str, actor: Actor) -> LotDateChange:
    """Give a lot a later date, with right and reason: usable through the end of that day in the program's zone.

    Raises NotFound, NotAllowed, LotNotExtendable.
    """
    found = Lot.objects.filter(pk=lot_id).values_list("account_id", "account__program_id").first()
    if found is None or (actor.programs is not None and found[1] not in actor.programs):
        raise NotFound("There is no such lot that you can see.")
    account_id, program_id = found
    if not actor.may(RIGHT, program_id):
        raise NotAllowed("Extending points needs the right points:extend in this program.")
    if not reason_code.strip():
        raise LotNotExtendable("Points are extended with a reason.", facts={"lot": lot_id})
    with in_program(program_id):
        lock_accounts({account_id}, program_id=program_id)
        lot = Lot.objects.select_for_update(of=("self",), no_key=True).get(pk=lot_id)
        design = design_of(program_id)
        now, until = clock.program_now(design.program), end_of_day(last_day, design.zone)
        _check_extendable(lot, until=until, now=now)
        change = LotDateChange.objects.create(
            lot=lot,
            old_expires_at=lot.expires_at,
            new_expires_at=until,
            verb="extend",
            reason_code=reason_code,
            channel_id=actor.channel_id,
            user_id=actor.user_id,
            recorded_at=now,
        )
        lot.expires_at = until
        lot.save(update_fields=["expires_at"])
        facts = {"account": account_id, "points": lot.remaining, "expires_at": until.isoformat()}
        record_event("lot.extended", program_id=program_id, subject_id=lot.pk, facts=facts)
        return change


def _check_extendable(lot: Lot, *, until: datetime, now: datetime) -> None:
    facts = {"lot": lot.pk, "left": lot.remaining, "expires_at": lot.expires_at and lot.expires_at.isoformat()}
    if not lot.remaining:
        raise LotNotExtendable("Nothing is left of this lot.", facts=facts)
    if lot.expires_at is None:
        raise LotNotExtendable("This lot has no date that could be moved.", facts=facts)
    if until <= max(lot.expires_at, now):
        raise LotNotExtendable("An extension gives a date later than the lot's own and than now.", facts=facts)


def redate_lots(
    point_type: PointType,
    *,
    name: str,
    actor: Actor,
    preview: bool = False,
    period_end_of: PeriodEnd | None = None,
    progress: Callable[[int], object] = lambda lots: None,
) -> Redating:
    """Give every lot of the type with points left the date that the present rule makes of its earning time.

    `name` stands as the reason in each lot's change. A date an extension gave is never brought forward. Runs in
    batches with a transaction each; repeating it changes nothing. `period_end_of(account id, earned_at)` is asked
    where the type expires with the tier period.
    """
    if not actor.may(RUN_RIGHT, point_type.program_id):
        raise NotAllowed("Re-dating lots needs the right programs:design in this program.")
    design = design_of(point_type.program_id, fresh=True)
    point_type = design.point_types[point_type.pk]
    if design.program.status != ProgramStatus.RELEASED:
        raise LotsNotRedatable(f"{design.program.name} is {design.program.get_status_display()}: release it first.")
    if not name.strip():
        raise LotsNotRedatable("A re-dating has a name, which stands as the reason in every change.")
    if point_type.expiry_policy == ExpiryPolicy.TIER_PERIOD and period_end_of is None:
        raise LotsNotRedatable(f"{point_type.name} expire with the tier period, which was not given.")
    total = Redating()
    now = clock.program_now(design.program)

    def step(accounts: Sequence[int]) -> list[Redated]:
        with in_program(point_type.program_id):
            lock_accounts(set(accounts), program_id=point_type.program_id)
            changes = _changes(accounts, point_type, zone=design.zone, period_end_of=period_end_of)
            if changes and not preview:
                _move(changes, name=name, actor=actor, now=now)
            return changes

    for accounts in _batches(point_type):
        changes = retrying(partial(step, accounts))
        for one in changes:
            total.count(one, now=now)
        progress(len(changes))
    return total


def _batches(point_type: PointType) -> Iterator[list[int]]:
    scope = {"program": point_type.program_id, "type": point_type.pk, "limit": ACCOUNTS_AT_ONCE}
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(ACCOUNTS, {**scope, "after": after})
            accounts = [row[0] for row in cursor.fetchall()]
        if not accounts:
            return
        yield accounts
        after = accounts[-1]


def _changes(
    accounts: Sequence[int], point_type: PointType, *, zone: ZoneInfo, period_end_of: PeriodEnd | None
) -> list[Redated]:
    with connection.cursor() as cursor:
        cursor.execute(LOTS, [list(accounts)])
        rows = cursor.fetchall()
    changes = []
    for account_id, lot_id, points, earned_at, old, extended in rows:
        period_end = period_end_of(account_id, earned_at) if period_end_of else None
        new = expires_at(point_type, earned_at=earned_at, zone=zone, period_end=period_end)
        if extended and new is not None and old is not None:
            new = max(new, old)
        if new != old:
            changes.append(Redated(lot_id, points, old, new))
    return changes


def _move(changes: Sequence[Redated], *, name: str, actor: Actor, now: datetime) -> None:
    parameters: dict[str, Any] = {
        "lots": [one.lot_id for one in changes],
        "old": [one.old for one in changes],
        "new": [one.new for one in changes],
        "reason": name,
        "channel": actor.channel_id,
        "user": actor.user_id,
        "now": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(MOVE, parameters)
