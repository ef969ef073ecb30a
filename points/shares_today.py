"""What each person would take of a shared set by leaving it today, whatever is held of it (domain 1.9, 1.13)."""

from collections.abc import Mapping

from points.models import Debt, Lot, PointAccount
from points.shares import Leaving, SharedDebt, SharedLot, share_out
from programs.models import SplitPolicy

# The ways of dividing that need no figure of anybody.
BY_THEMSELVES = (SplitPolicy.BY_CONTRIBUTION, SplitPolicy.EQUAL)
# (point type, person, policy) -> points, less the debt that goes along.
Shares = dict[tuple[int, int, str], int]


def shares_today(set_id: int, records: Mapping[int, frozenset[int]]) -> Shares:
    """`records`: everyone who takes part, with all their customer records."""
    everyone = frozenset().union(*records.values())
    accounts = dict(PointAccount.objects.filter(account_set_id=set_id).values_list("pk", "point_type_id"))
    lots: dict[int, list[SharedLot]] = {pk: [] for pk in accounts}
    debts: dict[int, list[SharedDebt]] = {pk: [] for pk in accounts}
    open_lots = Lot.objects.filter(account__in=accounts, is_open=True).order_by("expires_at", "earned_at", "pk")
    for account_id, *lot in open_lots.values_list("account_id", "pk", "remaining", "contributor_id"):
        lots[account_id].append(SharedLot(*lot))
    owed = Debt.objects.filter(account__in=accounts, remaining__gt=0).order_by("pk")
    for account_id, *debt in owed.values_list("account_id", "pk", "person_id", "remaining"):
        debts[account_id].append(SharedDebt(*debt))
    found: Shares = {}
    for pk, type_id in accounts.items():
        for person, own in records.items():
            for policy in BY_THEMSELVES:
                division = share_out(lots[pk], debts[pk], [], Leaving(policy, len(records), own, everyone))
                found[type_id, person, policy] = division.points - sum(division.debts.values())
    return found
