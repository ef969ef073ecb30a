"""Points whose time is over leave by a posting: per account one, in account order (domain 1.6).

A lot past its time is unusable for events from then on, whether or not a run has come. The run posts after the
program's late grace, so that an earlier event that arrives late still finds its lots.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from common import clock
from common.actor import Actor
from common.db import in_program, next_ids, retrying
from points import expiring_sql as sql
from points.drafts import Posted
from points.inactivity import active_since, rested
from points.ledger import lock_accounts, post
from points.models import Lot, PointAccount, PointAccountSet, PostingKind
from points.moves import Cause, Debit, Take
from programs.design import Design, design_of
from programs.models import ExpiryPolicy, PointType, Program, ProgramStatus

ACCOUNTS_AT_ONCE = 500
DATED, INACTIVE, ENDED = "date", "inactivity", "membership_ended"


@dataclass(frozen=True, slots=True)
class Expired:
    """What one posting took from one account."""

    account_id: int
    posting_id: int
    points: int
    lots: int


def expire_points(
    program: Program | None = None,
    *,
    actor: Actor,
    at: datetime | None = None,
    dry_run: bool = False,
    progress: Callable[[Expired], object] = lambda expired: None,
) -> int:
    """Post what is due in one program or in all; the number of postings. Twice changes nothing.

    Accounts go in batches with a transaction each: an interrupted run goes on where it stopped. Programs that are
    not released wait. `at` is a time by the program's clock, that clock's present if None. A dry run does the same and
    undoes it, batch by batch.
    """
    programs = [program.pk] if program else Program.objects.order_by("pk").values_list("pk", flat=True)
    count = 0
    for program_id in programs:
        for expired in _of_program(program_id, actor=actor, at=at, dry_run=dry_run):
            progress(expired)
            count += 1
    return count


def _of_program(program_id: int, *, actor: Actor, at: datetime | None, dry_run: bool) -> Iterator[Expired]:
    design = design_of(program_id, fresh=True)
    if design.program.status != ProgramStatus.RELEASED:
        return
    now = at or clock.program_now(design.program)
    until = now - design.program.late_grace
    scope = {"program": program_id, "until": until}
    given: dict[str, Any] = {"design": design, "actor": actor, "until": until, "now": now}
    for accounts in _batches(sql.DATED_ACCOUNTS, scope):
        yield from retrying(partial(_maybe_undone, partial(expire_dated, accounts, **given), dry_run=dry_run))
    for point_type in design.point_types.values():
        since = active_since(point_type, at=until, zone=design.zone)
        if since is not None:
            for accounts in _batches(sql.RESTED_ACCOUNTS, scope | {"type": point_type.pk, "since": since}):
                step = partial(expire_rested, accounts, point_type, **given)
                yield from retrying(partial(_maybe_undone, step, dry_run=dry_run))


def _maybe_undone(step: Callable[[], list[Expired]], *, dry_run: bool) -> list[Expired]:
    if not dry_run:
        return step()
    with transaction.atomic():
        done = step()
        transaction.set_rollback(True)
    return done


def _batches(select: str, scope: Mapping[str, Any]) -> Iterator[list[int]]:
    after = 0
    while True:
        with connection.cursor() as cursor:
            cursor.execute(select, {**scope, "after": after, "limit": ACCOUNTS_AT_ONCE})
            accounts = [row[0] for row in cursor.fetchall()]
        if not accounts:
            return
        yield accounts
        after = accounts[-1]


def expire_account(account_id: int, *, program_id: int, actor: Actor, at: datetime | None = None) -> list[Expired]:
    """Post what of one account is due at `at`, by date or by inactivity."""
    design = design_of(program_id)
    if design.program.status != ProgramStatus.RELEASED:
        return []
    now = at or clock.program_now(design.program)
    until = now - design.program.late_grace
    with in_program(program_id):
        point_type = _type_of(account_id, design)
        done = expire_dated([account_id], design=design, actor=actor, until=until, now=now)
        done += expire_rested([account_id], point_type, design=design, actor=actor, until=until, now=now)
    return done


def ensure_not_rested(account_id: int, *, design: Design, actor: Actor, at: datetime) -> list[Expired]:
    """Before an activity at `at` starts the set's clock anew: all points of the set that ended without activity
    expire first, whichever points the activity is about.

    Without the late grace, for afterwards nothing would show that they ended. A program that is not released waits.
    """
    if design.program.status != ProgramStatus.RELEASED:
        return []
    ended = _rested_beside(account_id, design=design, at=at)
    if not ended:
        return []
    now = clock.program_now(design.program)
    with in_program(design.program.pk):
        lock_accounts({account_id, *ended}, program_id=design.program.pk)
        done: list[Expired] = []
        for account, point_type in sorted(ended.items()):
            done += expire_rested([account], point_type, design=design, actor=actor, until=at, now=now)
        return done


def keep_alive(set_id: int, *, design: Design, actor: Actor, at: datetime) -> None:
    """An activity of somebody who shares the set, though on another one: inactivity counts from it here too. What
    ended before it expires first."""
    ending = [pk for pk, one in design.point_types.items() if one.expiry_policy == ExpiryPolicy.INACTIVITY]
    account = PointAccount.objects.filter(account_set=set_id, point_type__in=ending).order_by("pk").first()
    if account is None:
        return
    ensure_not_rested(account.pk, design=design, actor=actor, at=at)
    earlier = Q(activity_at__isnull=True) | Q(activity_at__lt=at)
    PointAccountSet.objects.filter(earlier, pk=set_id).update(activity_at=at)


def _rested_beside(account_id: int, *, design: Design, at: datetime) -> dict[int, PointType]:
    """The accounts of the same set that rested too long. No lock: an activity meanwhile only takes from them."""
    types = [one for one in design.point_types.values() if one.expiry_policy == ExpiryPolicy.INACTIVITY]
    if not types:
        return {}
    of_set = PointAccount.objects.filter(account_set__accounts=account_id, point_type__in=types)
    accounts = dict(of_set.values_list("point_type_id", "pk"))
    return {
        account: one
        for one in types
        if one.pk in accounts
        for account in rested([accounts[one.pk]], one, at=at, zone=design.zone)
    }


def expire_dated(
    accounts: Sequence[int], *, design: Design, actor: Actor, until: datetime, now: datetime
) -> list[Expired]:
    """The lots of these accounts whose time was over at `until`, held points left out."""
    with in_program(design.program.pk):
        _lock(accounts)
        return _post(sql.DATED_LOTS, accounts, {"until": until}, DATED, design=design, actor=actor, now=now)


def expire_rested(
    accounts: Sequence[int],
    point_type: PointType,
    *,
    design: Design,
    actor: Actor,
    until: datetime,
    now: datetime,
) -> list[Expired]:
    """All points of those accounts whose time without activity was over at `until`."""
    with in_program(design.program.pk):
        locked = lock_accounts(set(accounts), program_id=design.program.pk)
        exempt = {i for i, account in locked.items() if account.exempt_until and account.exempt_until > until}
        ends = rested(sorted(set(accounts) - exempt), point_type, at=until, zone=design.zone)
        late = {i: max(end, locked[i].exempt_until or end) for i, end in ends.items()}
        if not late:
            return []
        given = {"ended": list(late.values())}
        return _post(sql.RESTED_LOTS, list(late), given, INACTIVE, design=design, actor=actor, now=now)


def expire_ended(
    accounts: Sequence[int], *, ended: datetime, cause: Cause, design: Design, actor: Actor, now: datetime
) -> list[Expired]:
    """All points of an ended membership's accounts once they have rested; exemption by a tier ended with it."""
    with in_program(design.program.pk):
        _lock(accounts)
        given = {"ended": [ended] * len(accounts)}
        return _post(sql.ENDED_LOTS, accounts, given, ENDED, design=design, actor=actor, now=now, cause=cause)


def expire_freed(
    account_id: int,
    freed: Sequence[Take],
    *,
    design: Design,
    actor: Actor,
    now: datetime,
) -> Posted | None:
    """What a hold gave free past its time expires at once, without the grace; the account is locked.

    In a program that is not released it waits for the run.
    """
    if not freed or design.program.status != ProgramStatus.RELEASED:
        return None
    locked = lock_accounts({account_id}, program_id=design.program.pk)[account_id]
    point_type = design.point_types[locked.point_type_id]
    over = rested([account_id], point_type, at=now, zone=design.zone).get(account_id)
    ends = _ends([take.lot_id for take in freed], over)
    if locked.exempt_until:
        ends = {lot: max(end, locked.exempt_until) for lot, end in ends.items()}
    takes = [take for take in freed if take.lot_id in ends and ends[take.lot_id] <= now]
    if not takes:
        return None
    return post(
        PostingKind.EXPIRE,
        program_id=design.program.pk,
        for_set_id=_set_of(account_id),
        person_id=None,
        cause=Cause("point_type", point_type.pk),
        occurred_at=max(ends[take.lot_id] for take in takes),
        actor=actor,
        moves=[Debit(account_id, sum(take.points for take in takes), takes=takes)],
        reason_code=INACTIVE if point_type.expiry_policy == ExpiryPolicy.INACTIVITY else DATED,
    )


def _ends(lot_ids: Iterable[int], over: datetime | None) -> dict[int, datetime]:
    dates = Lot.objects.filter(pk__in=lot_ids).values_list("pk", "expires_at")
    return {pk: end for pk, date in dates if (end := date or over) is not None}


def _lock(accounts: Sequence[int]) -> None:
    with connection.cursor() as cursor:
        cursor.execute(sql.LOCK, {"accounts": list(accounts)})


def _post(
    due: str,
    accounts: Sequence[int],
    given: Mapping[str, Any],
    reason: str,
    *,
    design: Design,
    actor: Actor,
    now: datetime,
    cause: Cause | None = None,
) -> list[Expired]:
    n = len(accounts)
    # Behind the locks: a long run comes to accounts that others posted to since it began.
    now = max(now, clock.program_now(design.program))
    parameters = {
        **given,
        "accounts": list(accounts),
        "postings": next_ids("points_posting_id_seq", n),
        "entries": next_ids("points_entry_id_seq", n),
        "events": next_ids("gateway_event_id_seq", n),
        "program": design.program.pk,
        "now": now,
        "cause_kind": cause.kind if cause else "point_type",
        "cause": cause.id if cause else None,
        "channel": actor.channel_id,
        "user": actor.user_id,
        "reason": reason,
    }
    with connection.cursor() as cursor:
        cursor.execute(sql.EXPIRE.format(due=due), parameters)
        return [Expired(*row) for row in cursor.fetchall()]


def _type_of(account_id: int, design: Design) -> PointType:
    return design.point_types[PointAccount.objects.values_list("point_type_id", flat=True).get(pk=account_id)]


def _set_of(account_id: int) -> int:
    return PointAccount.objects.values_list("account_set_id", flat=True).get(pk=account_id)
