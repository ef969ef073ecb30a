"""Opening sets and the accounts in them; balances are the ledger's."""

from collections.abc import Iterable

from django.db import connection

from common.partial import partial_row
from points.models import PointAccount, PointAccountSet
from programs.models import PointKind, PointType

OPEN = f"""
WITH made AS (
    INSERT INTO points_pointaccountset (program_id, is_pool)
    SELECT %(program)s, %(pool)s::boolean FROM generate_series(1, %(count)s) RETURNING id
), accounts AS (
    INSERT INTO points_pointaccount (account_set_id, point_type_id, program_id, balance, entry_count, debt,
        lifetime_earned, lifetime_redeemed, closed)
    SELECT m.id, t.id, t.program_id, 0, 0, 0, 0, 0, false
    FROM made m JOIN programs_pointtype t ON t.program_id = %(program)s
        AND (t.kind = '{PointKind.REDEEMABLE}' OR NOT %(pool)s::boolean)
    ORDER BY m.id, t.id
)
SELECT id FROM made
"""  # noqa: S608 - a value of our own


def open_sets(program_id: int, *, count: int, is_pool: bool = False) -> list[PointAccountSet]:
    """So many new sets, each with an account per point type of the program; a pool takes redeemable ones only."""
    given = {"program": program_id, "count": count, "pool": is_pool}
    with connection.cursor() as cursor:
        cursor.execute(OPEN, given)
        ids = [pk for (pk,) in cursor.fetchall()]
    return [
        partial_row(
            PointAccountSet, id=pk, program_id=program_id, is_pool=is_pool, owner_id=None, exempt_until=None,
            activity_at=None,
        )
        for pk in ids
    ]  # fmt: skip


def open_set(program_id: int, *, is_pool: bool = False) -> PointAccountSet:
    (made,) = open_sets(program_id, count=1, is_pool=is_pool)
    return made


def account_for(account_set: PointAccountSet, point_type: PointType) -> PointAccount:
    """The set's account of the type, opened now if the type is younger than the set.

    Two callers at once get the same account: the second insert yields to the first.
    """
    wanted = {"account_set": account_set, "point_type": point_type}
    found = PointAccount.objects.filter(**wanted).first()
    if found is not None:
        return found
    PointAccount.objects.bulk_create([PointAccount(**wanted, program_id=account_set.program_id)], ignore_conflicts=True)
    return PointAccount.objects.get(**wanted)


def accounts_for(wanted: Iterable[tuple[int, int]], *, program_id: int) -> dict[tuple[int, int], int]:
    """The id of the account by (set, point type); those missing are opened now, in order, by one statement."""
    asked = set(wanted)
    found = _found(asked)
    missing = sorted(asked - found.keys())
    if missing:
        # Two callers at once get the same accounts: the second insert yields to the first.
        PointAccount.objects.bulk_create(
            [PointAccount(account_set_id=one, point_type_id=type_, program_id=program_id) for one, type_ in missing],
            ignore_conflicts=True,
        )
        found |= _found(set(missing))
    return found


def _found(wanted: set[tuple[int, int]]) -> dict[tuple[int, int], int]:
    accounts = PointAccount.objects.filter(
        account_set__any_of={one for one, _ in wanted}, point_type__any_of={type_ for _, type_ in wanted}
    )
    rows = accounts.values_list("account_set_id", "point_type_id", "pk")
    return {(one, type_): pk for one, type_, pk in rows if (one, type_) in wanted}
