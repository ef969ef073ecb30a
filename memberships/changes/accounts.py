"""The point accounts that changes of memberships empty, close, open and fill (domain 1.4, 1.9)."""

from collections.abc import Callable, Iterable, Sequence

from memberships.changes.plan import Work
from points.accounts import account_for, open_set
from points.models import PointAccount, PointAccountSet
from points.moves import Cause
from points.uniting import Flow, latest_activity, unite
from programs.models import PointType


def open_pool(work: Work, *, owner_id: int | None) -> PointAccountSet:
    pool = open_set(work.change.program_id, is_pool=True)
    work.record.made(pool)
    own_pool(work, pool, owner_id)
    return pool


def own_pool(work: Work, pool: PointAccountSet, owner_id: int | None) -> None:
    work.record.alter(pool, owner_id=owner_id)


def flows(
    work: Work, source_set_id: int, to: Callable[[PointType], int | None], *, contributor_id: int | None
) -> list[Flow]:
    """The set's accounts, each into the same one of the set that `to` names for its point type; none where it names
    none. Accounts missing there are opened."""
    sources = dict(PointAccount.objects.filter(account_set=source_set_id).values_list("point_type_id", "pk"))
    point_types = work.plan.design.point_types
    homes = {type_id: home for type_id in sources if (home := to(point_types[type_id])) is not None}
    targets = PointAccount.objects.filter(account_set__in=set(homes.values()))
    known = {(home, type_id): pk for home, type_id, pk in targets.values_list("account_set", "point_type", "pk")}
    found = []
    for type_id, home in sorted(homes.items()):
        target = known.get((home, type_id))
        if target is None:
            target = account_for(PointAccountSet.objects.get(pk=home), point_types[type_id]).pk
        found.append(Flow(sources[type_id], target, contributor_id))
    return found


def unite_accounts(work: Work, moving: Sequence[Flow], *, kind: str) -> None:
    """Move everything by one posting and close what was emptied; the posting is the change's."""
    posted = unite(
        moving,
        kind=kind,
        program_id=work.change.program_id,
        for_set_id=work.plan.prime.own_set_id,
        cause=Cause("change", work.change.pk),
        at=work.at,
        actor=work.actor,
    )
    work.change.posting_id = posted.id if posted else None
    close_accounts(work, [flow.account_id for flow in moving])


def close_accounts(work: Work, account_ids: Iterable[int]) -> None:
    """Empty and taking no credits from now on."""
    for account in PointAccount.objects.filter(pk__in=list(account_ids), closed=False).order_by("pk"):
        work.record.alter(account, closed=True)


def reopen_accounts(work: Work, account_ids: Iterable[int]) -> None:
    for account in PointAccount.objects.filter(pk__in=list(account_ids), closed=True).order_by("pk"):
        work.record.alter(account, closed=False)


def later_clock(work: Work, source_set_ids: Sequence[int], target: PointAccountSet) -> None:
    """Inactivity counts from the latest activity of all of them."""
    latest = latest_activity([*source_set_ids, target.pk])
    if latest is not None:
        work.record.alter(target, activity_at=latest)
