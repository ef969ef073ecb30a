"""The queue of received activities: each membership's in order of event time, many memberships at once (domain 1.11).

A wave takes the earliest waiting activity of each of up to 2,000 memberships. Workers pass over memberships that
somebody else holds, so any number of them may run; a wave is one transaction, so a worker that is killed loses and
doubles nothing. The members of a pool take turns where rules look at what is in it (activities.pool_lines).
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from django.db import connection, transaction
from django.db.models import Exists, OuterRef

from activities.models import ActivityStatus, MemberActivity
from activities.pool_lines import in_turn, lines_of
from activities.processing import process
from common.actor import Actor
from common.collecting import collected_seldom
from common.db import in_program, planned_for_many, retrying
from memberships.acting import acting_member
from memberships.locking import locked_memberships
from memberships.models import Member, Membership
from memberships.persons import surviving_id
from memberships.targets import current_home
from programs.design import design_of
from programs.models import Program, ProgramStatus

WAVE = 2_000
# A dry run holds everything it looked at until its end.
MOST_REHEARSED = 10_000
# After every wave: how many ended in which status.
Progress = Callable[[Counter[str]], object]

# Processes what is next of these memberships: see _process.
Step = Callable[[Sequence[int]], tuple[Counter[str], set[int]]]

# One step of the index for each membership, however many activities wait for it.
WAITING = """
WITH RECURSIVE waiting AS (
    (SELECT v.membership_id FROM activities_memberactivity v
     WHERE v.program_id = %(program)s AND v.status = 'received' AND v.membership_id > %(after)s
     ORDER BY v.membership_id LIMIT 1)
    UNION ALL
    SELECT next.membership_id FROM waiting w CROSS JOIN LATERAL (
        SELECT v.membership_id FROM activities_memberactivity v
        WHERE v.program_id = %(program)s AND v.status = 'received' AND v.membership_id > w.membership_id
        ORDER BY v.membership_id LIMIT 1) next
)
SELECT membership_id FROM waiting LIMIT %(limit)s
"""
FREE = """
SELECT * FROM memberships_membership WHERE id = ANY(%(ids)s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""
# Read behind the locks: whoever held a membership before may have processed what waited for it.
EARLIEST = """
SELECT earliest.* FROM unnest(%(ids)s::bigint[]) AS m(id) CROSS JOIN LATERAL (
    SELECT v.* FROM activities_memberactivity v
    WHERE v.program_id = %(program)s AND v.membership_id = m.id AND v.status = 'received'
    ORDER BY v.occurred_at, v.id LIMIT 1) earliest
ORDER BY earliest.membership_id
"""


def process_waiting(
    program: Program, *, actor: Actor, progress: Progress = lambda counts: None, wave: int = WAVE
) -> Counter[str]:
    """Process all that waits in the program; how many ended in which status. Twice changes nothing.

    A program that is not released waits. Raises what `progress` raises, between two waves.
    """
    total: Counter[str] = Counter()
    if design_of(program.pk, fresh=True).program.status != ProgramStatus.RELEASED:
        return total
    with collected_seldom():
        return _until_nothing_waits(program, actor=actor, progress=progress, wave=wave)


def _until_nothing_waits(program: Program, *, actor: Actor, progress: Progress, wave: int) -> Counter[str]:
    total: Counter[str] = Counter()
    while True:
        seen, done = _round(program, actor=actor, progress=progress, wave=wave, patiently=False)
        if seen and not sum(done.values()):
            # All that is left was held by others: wait for them, so that nothing stays behind.
            seen, done = _round(program, actor=actor, progress=progress, wave=wave, patiently=True)
        total += done
        if not seen:
            return total


def rehearse_waiting(program: Program, *, actor: Actor) -> Counter[str]:
    """What `process_waiting` would do with the first ten thousand: done and rolled back."""
    total: Counter[str] = Counter()

    def count(counts: Counter[str]) -> None:
        total.update(counts)
        if sum(total.values()) >= MOST_REHEARSED:
            raise _Enough

    with transaction.atomic():
        try:
            process_waiting(program, actor=actor, progress=count)
        except _Enough:
            pass
        transaction.set_rollback(True)
    return total


class _Enough(Exception):
    """A dry run has seen what it may hold."""


def _round(
    program: Program, *, actor: Actor, progress: Progress, wave: int, patiently: bool
) -> tuple[int, Counter[str]]:
    """Once through the memberships for which something waits: how many there were, and what became of it."""
    after, seen, total = 0, 0, Counter[str]()
    while True:
        ids = _waiting(program.pk, after=after, limit=wave)
        if not ids:
            return seen, total
        seen += len(ids)
        step = partial(_process, program_id=program.pk, actor=actor, patiently=patiently)
        counts, pools = retrying(partial(step, ids))
        total += counts
        progress(counts)
        for counts in _one_by_one(pools, program, step):
            total += counts
            progress(counts)
        after = ids[-1]


def _one_by_one(pools: set[int], program: Program, step: Step) -> Iterator[Counter[str]]:
    """Whoever is next in each of the pools, until nothing waits in them or somebody else holds who is next."""
    while pools:
        lines = lines_of(pools, design=design_of(program.pk))
        counts, _ = retrying(partial(step, sorted({line.membership_id for line in lines.values()})))
        if not counts:
            return
        yield counts


def _waiting(program_id: int, *, after: int, limit: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(WAITING, {"program": program_id, "after": after, "limit": limit})
        return [row[0] for row in cursor.fetchall()]


def _process(ids: Sequence[int], *, program_id: int, actor: Actor, patiently: bool) -> tuple[Counter[str], set[int]]:
    """How many ended in which status, and the pools in which others wait for their turn."""
    with in_program(program_id), planned_for_many():
        wave, memberships = next_wave(ids, program_id=program_id, patiently=patiently)
        wave, pools = in_turn(wave, memberships, design=design_of(program_id))
        moved = put_at_home(wave, memberships)
        staying = [one for one in wave if one.pk not in moved]
        results = process(staying, actor=actor, memberships=memberships)
        counts = Counter(str(one.activity.status) for one in results.values())
        return (counts + Counter(moved=len(moved)) if moved else counts), pools


def next_wave(
    ids: Sequence[int], *, program_id: int, patiently: bool = False
) -> tuple[list[MemberActivity], dict[int, Membership]]:
    """The earliest waiting activity of each of the memberships, and those memberships, locked.

    Memberships that are locked by others are passed over, or waited for if `patiently`.
    """
    locked = locked_memberships(ids) if patiently else list(Membership.objects.raw(FREE, {"ids": list(ids)}))
    memberships = {one.pk: one for one in locked}
    found = MemberActivity.objects.raw(EARLIEST, {"ids": list(memberships), "program": program_id})
    return list(found), memberships


def put_at_home(wave: Sequence[MemberActivity], memberships: Mapping[int, Membership]) -> set[int]:
    """Send those whose person takes part elsewhere since they were received there, to wait in that membership's turn;
    which ones. Who takes part nowhere stays, and is refused with the reason."""
    members: dict[int, set[int]] = {}
    rows = Member.objects.filter(membership__any_of=memberships, ended_at__isnull=True)
    for membership_id, customer_id in rows.values_list("membership_id", "customer_id"):
        members.setdefault(membership_id, set()).add(customer_id)
    moved = set()
    for one in wave:
        here = memberships[one.membership_id]
        present = members.get(here.pk, set())
        if (not here.current or (present and one.customer_id not in present)) and _moved(one, here):
            moved.add(one.pk)
    return moved


def _moved(one: MemberActivity, here: Membership) -> bool:
    """Name whom and where it belongs to now; whether that is another place or person."""
    person_id = surviving_id(one.customer_id) if one.customer_id is not None else None
    if here.current and person_id is None:
        acting = acting_member(here)
        person_id = acting.customer_id if acting else None
    home = current_home(here, person_id)
    if home is None or (home.pk, person_id) == (here.pk, one.customer_id):
        return False
    if home.pk != here.pk:
        one.redirected_from = one.redirected_from or here.pk
    one.membership, one.customer_id = home, person_id
    one.save(update_fields=["membership", "customer", "redirected_from"])
    return True


def process_all_waiting(*, actor: Actor, progress: Progress = lambda counts: None) -> int:
    """What waits in all programs; how many activities ended."""
    waiting = MemberActivity.objects.filter(program=OuterRef("pk"), status=ActivityStatus.RECEIVED)
    total = 0
    for program in Program.objects.filter(Exists(waiting)).order_by("pk"):
        counts = process_waiting(program, actor=actor, progress=progress)
        total += sum(counts.values()) - counts["moved"]
    return total
