"""What a carried-out change did, told from its posting and its record, as long as they are kept: for ever."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from memberships.changes.record import altered_rows, made_ids
from memberships.models import Membership, MembershipChange
from points.models import Entry
from staff.models import User


@dataclass(frozen=True, slots=True)
class Receipt:
    """`moved`: (where, [(point type, signed points)]); `retired`: (number, id and number it leads to)."""

    moved: list[tuple[str, list[tuple[str, int]]]]
    retired: list[tuple[str, Membership | None]]
    opened: list[Membership]
    unused: list[dict[str, Any]]
    by: str


def receipt_of(change: MembershipChange) -> Receipt:
    users = User.objects.filter(pk=change.carried_out_user_id or 0).values_list("username", flat=True)
    return Receipt(
        moved=list(_moved(change)),
        retired=list(_retired(change)),
        opened=list(
            Membership.objects.filter(pk__in=made_ids(change.outcome, "memberships.Membership")).order_by("pk")
        ),
        unused=list(change.outcome.get("notes", {}).get("unused_terms", ())),
        by=users.first() or "",
    )


def _moved(change: MembershipChange) -> Iterator[tuple[str, list[tuple[str, int]]]]:
    """Per set what came and went; what went and came within it is nothing."""
    sums: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    entries = Entry.objects.filter(posting_id=change.posting_id or 0).order_by("pk")
    for set_id, name, amount in entries.values_list("account__account_set", "account__point_type__name", "amount"):
        sums[set_id][name] += amount
    owners = dict(Membership.objects.filter(own_set__in=sums).values_list("own_set_id", "number"))
    for set_id, by_type in sums.items():
        lines = [(name, amount) for name, amount in by_type.items() if amount]
        if lines:
            yield owners.get(set_id) or _("Shared account"), lines


def _retired(change: MembershipChange) -> Iterator[tuple[str, Membership | None]]:
    ended = [
        pk for pk, _before, after in altered_rows(change.outcome, "memberships.Membership") if after.get("ended_at")
    ]
    for one in Membership.objects.filter(pk__in=ended).select_related("superseded_by").order_by("pk"):
        yield one.number, one.superseded_by
