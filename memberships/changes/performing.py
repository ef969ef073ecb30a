"""What each row of the table does when it is carried out (domain 1.9); previews and ends perform the same."""

from collections.abc import Callable

from memberships.changes.absorbing import absorb
from memberships.changes.forms import group_to_pool, pool_to_group
from memberships.changes.joining import join
from memberships.changes.merging import merge_into_group, merge_into_pool, merge_one_person
from memberships.changes.plan import Work
from memberships.changes.putting_back import undo_change
from memberships.changes.splitting import leave_group, leave_pool

PERFORMERS: dict[str, Callable[[Work], None]] = {
    "pool": merge_into_pool,
    "group": merge_into_group,
    "one_person": merge_one_person,
    "pool_to_group": pool_to_group,
    "group_to_pool": group_to_pool,
    "absorb": absorb,
    "leave_pool": leave_pool,
    "leave_group": leave_group,
    "join": join,
    "undo": undo_change,
}


def perform(work: Work) -> None:
    """Change memberships and points as planned; the caller holds the locks and writes down the state of the change."""
    PERFORMERS[work.plan.row](work)
    work.change.outcome = work.record.as_outcome()
