"""Opening sets and the accounts in them; balances are the ledger's."""

from collections.abc import Iterable

from points.models import PointAccount, PointAccountSet
from programs.models import PointKind, PointType


def open_sets(program_id: int, *, count: int) -> list[PointAccountSet]:
    """So many own sets with their accounts, by two statements."""
    sets = PointAccountSet.objects.bulk_create(PointAccountSet(program_id=program_id) for _ in range(count))
    point_types = PointType.objects.filter(program_id=program_id).order_by("pk")
    PointAccount.objects.bulk_create(
        PointAccount(account_set=account_set, point_type=point_type, program_id=program_id)
        for account_set in sets
        for point_type in point_types
    )
    return sets


def open_set(program_id: int, *, is_pool: bool = False) -> PointAccountSet:
    """A new set with an account per point type of the program; a pool takes redeemable ones only."""
    account_set = PointAccountSet.objects.create(program_id=program_id, is_pool=is_pool)
    point_types = PointType.objects.filter(program_id=program_id).order_by("pk")
    if is_pool:
        point_types = point_types.filter(kind=PointKind.REDEEMABLE)
    PointAccount.objects.bulk_create(
        PointAccount(account_set=account_set, point_type=point_type, program_id=program_id)
        for point_type in point_types
    )
    return account_set


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
